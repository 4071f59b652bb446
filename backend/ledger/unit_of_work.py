"""The unit of work of a group of commands: bulk reads, changes in memory, bulk writes.

A command reads the maps and calls the `stage_…` methods; nothing reaches the database before
`flush`. Commands of one group see each other's staged changes, in their order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table

from backend.core import receipts
from backend.core.canonical import canonical_json
from backend.core.journal import entry_hash, posting
from backend.core.operations import POINTS_MAX, Kind
from backend.ledger import loading
from backend.ledger.bulk import insert_rows, update_rows
from backend.ledger.columns import table_of
from backend.ledger.loading import Loaded, MemberState, ProgramState
from backend.ledger.tables import (
    Balance,
    IdempotencyRecord,
    JournalEntry,
    Member,
    MemberIdentifier,
    MemberVault,
    OutboxEntry,
    Program,
    ProgramTotals,
    Purchase,
    PurchaseReturn,
    Redemption,
)
from backend.ledger.vault import SealedMember, Vault
from backend.ledger.wants import Wants

Row = dict[str, Any]

_TOTAL_OF_KIND = {
    Kind.ACCRUE: ("minted_points", 1),
    Kind.BONUS: ("minted_points", 1),
    Kind.ADJUST_CREDIT: ("minted_points", 1),
    Kind.REDEEM: ("redeemed_points", 1),
    Kind.RESTORE: ("redeemed_points", -1),
    Kind.RETURN: ("returned_points", 1),
    Kind.ADJUST_DEBIT: ("returned_points", 1),
}

# Parents before children, as the foreign keys ask.
_INSERT_ORDER = tuple(
    table_of(model)
    for model in (
        Program,
        ProgramTotals,
        Member,
        MemberVault,
        MemberIdentifier,
        Balance,
        Purchase,
        PurchaseReturn,
        Redemption,
        JournalEntry,
        OutboxEntry,
        IdempotencyRecord,
    )
)
_BALANCES, _TOTALS = table_of(Balance), table_of(ProgramTotals)
_REDEMPTIONS = table_of(Redemption)


@dataclass(slots=True)
class _Staged:
    inserts: dict[Table, list[Row]] = field(default_factory=dict)
    touched_balances: set[str] = field(default_factory=set)
    touched_programs: set[str] = field(default_factory=set)
    redemption_updates: list[Row] = field(default_factory=list)


class UnitOfWork:
    """Loaded state plus staged changes. `now_ms` is the group's one moment."""

    def __init__(
        self,
        connection: Connection,
        vault: Vault,
        now_ms: int,
        new_id: Callable[[str], str],
    ) -> None:
        self._connection = connection
        self._staged = _Staged()
        self.vault = vault
        self.now_ms = now_ms
        self.new_id = new_id
        self.state = Loaded()

    def load(self, wants: Wants, *, lock: bool = True) -> None:
        """Reads everything wanted; locked programs stay so until the transaction ends."""
        self.state = loading.load(self._connection, wants, self.now_ms, lock=lock)

    def stage(self, model: type[Any], row: Row) -> None:
        """Adds a row to be inserted by `flush`."""
        self._staged.inserts.setdefault(table_of(model), []).append(row)

    def stage_program(self, row: Row) -> None:
        program = ProgramState(**row)
        self.stage(Program, row)
        self.stage(ProgramTotals, {"program_id": program.id, **program.totals()})
        self.state.programs[program.id] = program

    def stage_member(
        self, row: Row, sealed: SealedMember, digests: Sequence[tuple[str, str]]
    ) -> MemberState:
        """A new member with its vault row, identifier digests (kind, digest) and zero balance."""
        member = MemberState(
            id=row["id"],
            program_id=row["program_id"],
            address=row["address"],
            points=0,
            held_points=0,
            wrapped_key=sealed.wrapped_key,
        )
        self.stage(Member, row)
        self.stage(
            MemberVault,
            {
                "member_id": member.id,
                "wrapped_key": sealed.wrapped_key,
                "sealed_identity": sealed.sealed_identity,
            },
        )
        for kind, digest in digests:
            key = {"program_id": member.program_id, "kind": kind, "digest": digest}
            self.stage(MemberIdentifier, {**key, "member_id": member.id})
            self.state.identifiers[(member.program_id, kind, digest)] = member.id
        self.stage(Balance, {"member_id": member.id, "program_id": member.program_id, "points": 0})
        self.state.members[member.id] = member
        return member

    def stage_redemption_update(
        self, redemption_id: str, state: str, operation_id: str | None
    ) -> None:
        self._staged.redemption_updates.append(
            {
                "id": redemption_id,
                "state": state,
                "closed_at_ms": self.now_ms,
                "operation_id": operation_id,
            }
        )
        self.state.redemptions[redemption_id]["state"] = state

    def stage_operation(
        self, kind: Kind, member: MemberState, points: int, source_id: str, details: Row
    ) -> str:
        """Journals an operation, queues it for settlement and moves the balance; returns its id.

        The caller has checked that the points are there and that the balance stays in range.
        """
        if not 0 <= member.points + (points if kind.is_credit else -points) <= POINTS_MAX:
            raise ArithmeticError(f"{kind.name} of {points} takes {member.id} out of range")
        program = self.state.programs[member.program_id]
        operation_id = self.new_id("op")
        detail_bytes = canonical_json(details)
        secret = self.vault.receipt_secret(member.id, member.wrapped_key)
        moved = posting(kind, member.id, points)
        entry: Row = {
            "program_id": program.id,
            "entry_no": program.entry_count + 1,
            "operation_id": operation_id,
            "kind": int(kind),
            "member_id": member.id,
            "debit_account": moved.debit_account,
            "credit_account": moved.credit_account,
            "points": points,
            "age": 0,
            "reason": 0,
            "source_id": source_id,
            "details": detail_bytes.decode(),
            "commitment": receipts.commitment(secret, operation_id, detail_bytes).hex(),
            "recorded_at_ms": self.now_ms,
        }
        program.head_hash = entry_hash(program.head_hash, entry)
        program.entry_count += 1
        total, sign = _TOTAL_OF_KIND[kind]
        setattr(program, total, getattr(program, total) + sign * points)
        member.points += points if kind.is_credit else -points
        self.stage(JournalEntry, {**entry, "entry_hash": program.head_hash})
        self.stage(OutboxEntry, {"program_id": program.id, "entry_no": program.entry_count})
        self._staged.touched_balances.add(member.id)
        self._staged.touched_programs.add(program.id)
        return operation_id

    def flush(self) -> None:
        """Sends every staged change, a few statements for the whole group."""
        staged, state, connection = self._staged, self.state, self._connection
        for table in _INSERT_ORDER:
            insert_rows(connection, table, staged.inserts.get(table, ()))
        balances = [
            {"member_id": member_id, "points": state.members[member_id].points}
            for member_id in staged.touched_balances
        ]
        update_rows(connection, _BALANCES, balances)
        totals = [
            {"program_id": program_id, **state.programs[program_id].totals()}
            for program_id in staged.touched_programs
        ]
        update_rows(connection, _TOTALS, totals)
        update_rows(connection, _REDEMPTIONS, staged.redemption_updates)
