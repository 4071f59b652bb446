"""The unit of work of a group of commands: bulk reads, changes in memory, bulk writes.

A command reads the maps and calls the `stage_…` methods; nothing reaches the database before
`flush`. Commands of one group see each other's staged changes, in their order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable

from backend.core import receipts
from backend.core.canonical import canonical_json
from backend.core.journal import entry_hash, posting
from backend.core.operations import POINTS_MAX, Kind, Reason
from backend.ledger import ageing, debts, loading
from backend.ledger.columns import table_of
from backend.ledger.earning_loading import past_purchases
from backend.ledger.histories import histories_of
from backend.ledger.life_tables import OperationOrigin
from backend.ledger.loading import Loaded, MemberState, ProgramState
from backend.ledger.rebase import rebase
from backend.ledger.staged import Staged
from backend.ledger.tables import (
    JournalEntry,
    OutboxEntry,
    Program,
    ProgramTotals,
)
from backend.ledger.vault import Vault
from backend.ledger.wants import Wants
from backend.ledger.webhook_events import stage_events

Row = dict[str, Any]
Found = TypeVar("Found")

TOTAL_OF_KIND = {
    Kind.ACCRUE: ("minted_points", 1),
    Kind.BONUS: ("minted_points", 1),
    Kind.ADJUST_CREDIT: ("minted_points", 1),
    Kind.REDEEM: ("redeemed_points", 1),
    Kind.RESTORE: ("redeemed_points", -1),
    Kind.RETURN: ("returned_points", 1),
    Kind.ADJUST_DEBIT: ("returned_points", 1),
}


class UnitOfWork:
    """Loaded state plus staged changes. `now_ms` is the group's one moment.

    `merchant_id` is who asks for what is being decided; None for our own sweeps.
    """

    def __init__(
        self,
        connection: Connection,
        vault: Vault,
        now_ms: int,
        new_id: Callable[[str], str],
    ) -> None:
        self._connection = connection
        self._staged = Staged()
        self.vault = vault
        self.now_ms = now_ms
        self.new_id = new_id
        self.merchant_id: str | None = None
        self.state = Loaded()
        self._events_count = 0

    def load(self, wants: Wants, *, lock: bool = True) -> None:
        """Reads everything wanted, members as of now; locked programs stay so until the
        transaction ends. What has expired is posted first, unless nothing may be written."""
        self.state = loading.load(self._connection, wants, self.now_ms, lock=lock)
        expiring = ageing.age(self.state, self.now_ms)
        if expiring and lock:
            for program_id, member_ids in expiring.items():
                rebase(self._connection, program_id, member_ids, self.now_ms, self.new_id)
            self.state = loading.load(self._connection, wants, self.now_ms, lock=lock)
            ageing.age(self.state, self.now_ms)
        elif expiring:
            ageing.foresee(self._connection, self.state, expiring, self.now_ms)

    def stage(self, model: type[Any], row: Row) -> None:
        """Adds a row to be inserted by `flush`."""
        self._staged.inserts.setdefault(table_of(model), []).append(row)

    def stage_update(self, model: type[Any], row: Row) -> None:
        """Has columns of a row that is there set by `flush`; the row names its primary key."""
        self._staged.update(table_of(model), row)

    def ask(self, read: Callable[[Connection], Found]) -> Found:
        """What only the decision knows to be wanted; what is staged is not in it."""
        return read(self._connection)

    def stage_delete(self, model: type[Any], key: Row) -> None:
        """Has the rows with these columns deleted, after everything else."""
        self._staged.deletes.append((table_of(model), key))

    def execute(self, *statements: Executable) -> None:
        """Sends what is staged so far, and then the statements: for steps that are rare."""
        self.flush()
        self._staged = Staged()
        for statement in statements:
            self._connection.execute(statement)

    def owner(self, member_id: str) -> MemberState:
        """Who answers for the member: themselves, or whom they were merged into."""
        member = self.state.members[member_id]
        return self.state.members[member.merged_into] if member.merged_into else member

    def stage_program(self, row: Row, *, tells: bool) -> None:
        program = ProgramState(**row, tells=tells)
        self.stage(Program, row)
        totals = {"program_id": program.id, "tells": tells, **program.totals()}
        self.stage(ProgramTotals, totals)
        self.state.programs[program.id] = program

    def stage_redemption_update(
        self, redemption_id: str, state: str, operation_id: str | None
    ) -> None:
        """Closes the redemption with the points its row has by now."""
        row = self.state.redemptions[redemption_id]
        self._staged.redemption_updates.append(
            {
                "id": redemption_id,
                "points": row["points"],
                "state": state,
                "closed_at_ms": self.now_ms,
                "operation_id": operation_id,
            }
        )
        row["state"] = state

    def stage_operation(
        self,
        kind: Kind,
        member: MemberState,
        points: int,
        source_id: str,
        details: Row,
        *,
        covered_points: int = 0,
        age: int = 0,
        by_batch: bool = True,
        reason: int = 0,
    ) -> str:
        """Journals an operation, queues it for settlement and moves the balance; returns its id.

        Where it is not `by_batch`, the caller stages the call that brings it on chain. A credit
        first makes up what the member owes, by an operation that follows it.

        The caller has checked that the points are there and that the balance stays in range.
        `covered_points` of a debit have expired while they were held, so that nothing is left to
        burn of them; `age` is that of the points a RESTORE brings back. `reason` is a Reason.
        """
        if not 0 <= member.points + (points if kind.is_credit else -points) <= POINTS_MAX:
            raise ArithmeticError(f"{kind.name} of {points} takes {member.id} out of range")
        program = self.state.programs[member.program_id]
        operation_id = self.new_id("op")
        detail_bytes = canonical_json(details)
        secret = self.vault.receipt_secret(member.id, member.wrapped_key)
        moved = posting(kind, member.id, points, reason)
        entry: Row = {
            "program_id": program.id,
            "entry_no": program.entry_count + 1,
            "operation_id": operation_id,
            "kind": int(kind),
            "member_id": member.id,
            "debit_account": moved.debit_account,
            "credit_account": moved.credit_account,
            "points": points,
            "age": age,
            "reason": reason,
            "source_id": source_id,
            "details": detail_bytes.decode(),
            "commitment": receipts.commitment(secret, operation_id, detail_bytes).hex(),
            "recorded_at_ms": self.now_ms,
        }
        program.head_hash = entry_hash(program.head_hash, entry)
        program.entry_count += 1
        if kind.is_credit:
            member.points += points
            member.word = member.word.minted(points, age)
        else:
            member.points -= points
            member.word = member.word.consumed(points - covered_points)
        self.stage(JournalEntry, {**entry, "entry_hash": program.head_hash})
        self._count(program, kind, points, operation_id, reason)
        if by_batch and covered_points < points:
            self.stage(
                OutboxEntry,
                {
                    "program_id": program.id,
                    "entry_no": program.entry_count,
                    "lapsed_points": covered_points,
                },
            )
        self._staged.touched_balances.add(member.id)
        self._staged.touched_programs.add(program.id)
        if kind.is_credit and member.debt_points:
            debts.make_up(self, member, points, source_id, operation_id)
        return operation_id

    def _count(
        self, program: ProgramState, kind: Kind, points: int, operation_id: str, reason: int
    ) -> None:
        """Adds to the program's totals, and notes whose operation it is in a coalition: what
        nobody asked for, as a release of pending points, is the program's own."""
        if reason != Reason.MOVED:
            total, sign = TOTAL_OF_KIND[kind]
            setattr(program, total, getattr(program, total) + sign * points)
        if program.coalition:
            merchant_id = self.merchant_id or program.merchant_id
            row = {"program_id": program.id, "merchant_id": merchant_id}
            self.stage(OperationOrigin, {"operation_id": operation_id, **row})

    def touch_balance(self, member: MemberState) -> None:
        """Has the member's balance written with the group, where no operation moves it."""
        self._staged.touched_balances.add(member.id)

    def touch_program(self, program: ProgramState) -> None:
        """Has the program's totals written with the group, where no operation moves them."""
        self._staged.touched_programs.add(program.id)

    def touch_standing(self, member: MemberState) -> None:
        """Has what the program remembers of the member written with the group."""
        self._staged.touched_standings.add(member.id)

    def use_campaigns(self, program_id: str, used: Mapping[str, int]) -> None:
        """Has what the program's campaigns have used by now written with the group."""
        before = self.state.earning.campaign_used.setdefault(program_id, {})
        changed = {name for name, points in used.items() if before.get(name) != points}
        before.update(used)
        self._staged.touched_campaigns |= {(program_id, name) for name in changed}

    def publish_rules(
        self, program: ProgramState, version: int | None, rules_hash: str | None
    ) -> None:
        """Has the program's purchases judged by this version from the next group on; by its own
        terms where it is None."""
        program.rules_version, program.rules_hash = version, rules_hash
        self.touch_program(program)

    def past_purchases(self, member: MemberState) -> list[Row]:
        """The purchases of a member that rules never judged, oldest first, those of this group
        among them."""
        past = self.state.earning.past
        if member.id not in past:
            self.flush()
            self._staged = Staged()
            past |= past_purchases(self._connection, [member.id])
        return past[member.id]

    def touch_subscription(self, subscription_id: str) -> None:
        """Has a subscription that was there already written with the group."""
        self._staged.touched_subscriptions.add(subscription_id)

    def spent_lots(self, member: MemberState, operation_id: str) -> tuple[tuple[int, int], ...]:
        """Which (period, points) a debit of the member took, the oldest first, as far as they had
        not expired by then. Reads the member's history."""
        self.flush()
        self._staged = Staged()
        calendar = self.state.programs[member.program_id].calendar
        found = histories_of(self._connection, calendar, [member.id], self.now_ms)[member.id]
        projection = found.projected(calendar, calendar.period_at(self.now_ms // 1000))
        return projection.spent[operation_id]

    def rebase(self, member: MemberState) -> None:
        """Derives the member's lots and holds anew from what is staged so far: for a claim that
        ended, whose expired points others may need. Reads the member's history."""
        self.flush()
        self._staged = Staged()
        program = self.state.programs[member.program_id]
        rebase(self._connection, program.id, [member.id], self.now_ms, self.new_id)
        held = {r["id"] for r in self.state.redemptions.values() if r["member_id"] == member.id}
        wants = Wants(programs={program.id}, members={member.id}, redemptions=held)
        fresh = loading.load(self._connection, wants, self.now_ms, lock=True)
        # Commands of the group hold on to these objects: they are brought up to date in place.
        for name, value in fresh.programs[program.id].totals().items():
            setattr(program, name, value)
        now = fresh.members[member.id]
        member.points, member.word, member.covered_points = now.points, now.word, now.covered_points
        for redemption_id, row in fresh.redemptions.items():
            self.state.redemptions[redemption_id].update(row)

    def flush(self) -> None:
        """Sends every staged change, a few statements for the whole group, and the events that
        tell of them."""
        if any(program.tells for program in self.state.programs.values()):
            self._events_count += stage_events(
                self._staged, self.state, self.now_ms, self.new_id, self._events_count
            )
        self._staged.flush(self._connection, self.state)

    def period(self, program_id: str) -> int:
        """The earning period of this moment in a program."""
        return self.state.programs[program_id].calendar.period_at(self.now_ms // 1000)
