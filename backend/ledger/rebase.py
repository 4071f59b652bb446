"""Bringing members' lots up to date where plain ageing does not tell them.

The lots of the balance row are re-derived from the member's history (`backend.core.lots`), and what
lapsed since is posted in the journal: member to `expired`. Whoever calls it is inside a
transaction that holds the program's totals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from backend.core.calendar import Calendar
from backend.core.lifecycle import RedemptionState
from backend.core.lots import Projection
from backend.core.operations import Kind
from backend.ledger.columns import table_of
from backend.ledger.histories import histories_of
from backend.ledger.journal_rows import locked_totals, next_row
from backend.ledger.tables import (
    Balance,
    JournalEntry,
    Program,
    ProgramTotals,
    Redemption,
)

Row = dict[str, Any]

_BALANCES, _PROGRAMS = table_of(Balance), table_of(Program)
_TOTALS, _JOURNAL = table_of(ProgramTotals), table_of(JournalEntry)
_REDEMPTIONS = table_of(Redemption)
_UPDATE_LOTS = (
    update(_BALANCES)
    .where(_BALANCES.c.member_id == bindparam("for_member"))
    .values(
        points=_BALANCES.c.points - bindparam("lapsing"),
        **{name: bindparam(f"new_{name}") for name in ("period", *(f"lot_{n}" for n in range(5)))},
    )
)
_UPDATE_HOLD = (
    update(_REDEMPTIONS)
    .where(_REDEMPTIONS.c.id == bindparam("for_redemption"))
    .values(lapsed_points=bindparam("new_lapsed_points"))
)


@dataclass(frozen=True, slots=True)
class Rebased:
    """A member's lots as they should be; `lapsing_points` are to be posted (negative: given back).

    `covered` is how much of each running hold expired meanwhile.
    """

    projection: Projection
    lapsing_points: int
    covered: dict[str, int]

    @property
    def covered_points(self) -> int:
        return sum(self.covered.values())


def calendar_of(connection: Connection, program_id: str) -> Calendar:
    """The program's calendar."""
    return Calendar(
        *connection.execute(
            select(
                _PROGRAMS.c.period_months,
                _PROGRAMS.c.validity_periods,
                _PROGRAMS.c.utc_offset_minutes,
            ).where(_PROGRAMS.c.id == program_id)
        ).one()
    )


def rebased(
    connection: Connection, calendar: Calendar, member_ids: Collection[str], now_ms: int
) -> dict[str, Rebased]:
    """What `rebase` would write."""
    now_period = calendar.period_at(now_ms // 1000)
    plans = {}
    for member_id, history in histories_of(connection, calendar, member_ids, now_ms).items():
        projection = history.projected(calendar, now_period)
        plans[member_id] = Rebased(
            projection,
            projection.lapsed_points - history.posted_lapse_points,
            {hold.redemption_id: projection.covered[hold.redemption_id] for hold in history.holds},
        )
    return plans


def rebase(
    connection: Connection,
    program_id: str,
    member_ids: Collection[str],
    now_ms: int,
    new_id: Callable[[str], str],
) -> int:
    """Writes members' lots as of now and posts what lapsed; how many points that are.

    Locks the program's totals.
    """
    totals = locked_totals(connection, program_id)
    calendar = calendar_of(connection, program_id)
    plans = rebased(connection, calendar, member_ids, now_ms)
    entries = [
        lapse_entry(totals, member_id, plan.lapsing_points, now_ms, new_id)
        for member_id, plan in sorted(plans.items())
        if plan.lapsing_points
    ]
    if entries:
        connection.execute(insert(_JOURNAL), entries)
        connection.execute(
            update(_TOTALS).where(_TOTALS.c.program_id == program_id).values(**totals)
        )
    if plans:
        connection.execute(_UPDATE_LOTS, [_lots_row(*each) for each in sorted(plans.items())])
    _write_holds(connection, plans, now_ms)
    return sum(plan.lapsing_points for plan in plans.values())


def lapse_entry(
    totals: Row, member_id: str, points: int, now_ms: int, new_id: Callable[[str], str]
) -> Row:
    """The next journal row of `totals`, which it moves on: so many points lapsed (or, negative,
    had not). It has no commitment, because no receipt on chain stands for it."""
    row = next_row(
        totals, Kind.LAPSE if points > 0 else Kind.LAPSE_UNDONE, member_id, abs(points),
        operation_id=new_id("op"), source_id=member_id, details={"lapsed_points": points},
        recorded_at_ms=now_ms,
    )  # fmt: skip
    totals["expired_points"] += points
    return row


def _lots_row(member_id: str, plan: Rebased) -> Row:
    word = plan.projection.word
    lots = {f"new_lot_{age}": points for age, points in enumerate(word.buckets)}
    return {
        "for_member": member_id,
        "lapsing": plan.lapsing_points,
        "new_period": word.period,
        **lots,
    }


def _write_holds(connection: Connection, plans: dict[str, Rebased], now_ms: int) -> None:
    """Notes what running holds cover; a hold that ran out keeps nothing."""
    covered = {hold: points for plan in plans.values() for hold, points in plan.covered.items()}
    if covered:
        connection.execute(
            _UPDATE_HOLD,
            [{"for_redemption": h, "new_lapsed_points": p} for h, p in sorted(covered.items())],
        )
    connection.execute(
        update(_REDEMPTIONS)
        .where(
            _REDEMPTIONS.c.member_id.in_(sorted(plans)),
            _REDEMPTIONS.c.state == RedemptionState.HELD.value,
            _REDEMPTIONS.c.expires_at_ms <= now_ms,
            _REDEMPTIONS.c.lapsed_points > 0,
        )
        .values(state=RedemptionState.EXPIRED.value, closed_at_ms=now_ms)
    )
