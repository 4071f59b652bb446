"""The changes a group of commands has staged, and the statements that send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, update

from backend.ledger.columns import table_of
from backend.ledger.loading import LOT_NAMES, Loaded, MemberState
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

Row = dict[str, Any]

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
_BALANCES = table_of(Balance)
_UPDATE_BALANCE = (
    update(_BALANCES)
    .where(_BALANCES.c.member_id == bindparam("for_member"))
    .values(
        {name: bindparam(f"new_{name}") for name in ("points", "period", *LOT_NAMES)},
    )
)
_TOTALS = table_of(ProgramTotals)
_UPDATE_TOTALS = (
    update(_TOTALS)
    .where(_TOTALS.c.program_id == bindparam("for_program"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "minted_points",
                "redeemed_points",
                "returned_points",
                "expired_points",
                "entry_count",
                "head_hash",
            )
        }
    )
)
_REDEMPTIONS = table_of(Redemption)
_UPDATE_REDEMPTION = (
    update(_REDEMPTIONS)
    .where(_REDEMPTIONS.c.id == bindparam("for_redemption"))
    .values(
        state=bindparam("new_state"),
        closed_at_ms=bindparam("new_closed_at_ms"),
        operation_id=bindparam("new_operation_id"),
    )
)


@dataclass(slots=True)
class Staged:
    """What a group of commands will write, in memory until its end."""

    inserts: dict[Table, list[Row]] = field(default_factory=dict)
    touched_balances: set[str] = field(default_factory=set)
    touched_programs: set[str] = field(default_factory=set)
    redemption_updates: list[Row] = field(default_factory=list)

    def flush(self, connection: Connection, state: Loaded) -> None:
        """Sends every staged change, a few statements for the whole group."""
        for table in _INSERT_ORDER:
            if rows := self.inserts.get(table):
                connection.execute(insert(table), rows)
        if self.touched_balances:
            members = [state.members[member_id] for member_id in sorted(self.touched_balances)]
            connection.execute(_UPDATE_BALANCE, [_balance_row(member) for member in members])
        if self.touched_programs:
            connection.execute(
                _UPDATE_TOTALS,
                [
                    {
                        "for_program": program_id,
                        **{
                            f"new_{name}": value
                            for name, value in state.programs[program_id].totals().items()
                        },
                    }
                    for program_id in sorted(self.touched_programs)
                ],
            )
        if self.redemption_updates:
            connection.execute(_UPDATE_REDEMPTION, self.redemption_updates)


def _balance_row(member: MemberState) -> Row:
    lots = {f"new_lot_{age}": points for age, points in enumerate(member.word.buckets)}
    return {
        "for_member": member.id,
        "new_points": member.points,
        "new_period": member.word.period,
        **lots,
    }
