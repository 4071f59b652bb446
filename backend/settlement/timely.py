"""Words that fit the period they will be applied in.

The contract ages a member when a block applies a word, not when the ledger accepted the operation.
So what a debit still has to burn, and how old restored points are, is decided here, as late as
possible; and shortly before a period ends neither is sealed, so that the block that applies them
lies in the period they were made for (docs/adr/0013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, Engine

from backend.core.calendar import Calendar
from backend.core.expiry import restore_age
from backend.core.operations import Kind
from backend.ledger import outbox
from backend.ledger.engine import writing
from backend.ledger.outbox import ProgramRow, WaitingEntry
from backend.ledger.rebase import rebase, rebased
from backend.settlement.lanes import Parts


@dataclass(slots=True)
class Timely:
    """Entries as their words should be now, and those that need none any more."""

    entries: list[WaitingEntry] = field(default_factory=list)
    needless: list[WaitingEntry] = field(default_factory=list)


def calendar_of(program: ProgramRow) -> Calendar:
    return Calendar(program.period_months, program.validity_periods, program.utc_offset_minutes)


def timely(
    connection: Connection,
    calendar: Calendar,
    entries: Sequence[WaitingEntry],
    now_s: int,
    margin_s: int,
) -> Timely:
    """The entries for a batch that is applied at `now_s` or soon after.

    Within `margin_s` of the period's end debits and restores wait, and whatever would overtake
    one of the same member.
    """
    if not calendar.expires:
        return Timely(list(entries))
    period = calendar.period_at(now_s)
    if calendar.starts_at(period + 1) - now_s < margin_s:
        return Timely(_ageless(entries))
    late = {
        entry.member_id
        for entry in entries
        if not entry.is_credit and calendar.period_at(entry.promised_at_ms // 1000) != period
    }
    plans = rebased(connection, calendar, late, now_s * 1000) if late else {}
    result = Timely()
    for entry in entries:
        fitted: WaitingEntry | None = entry
        if entry.kind == Kind.RESTORE:
            fitted = _restored(calendar, entry, period)
        elif not entry.is_credit and entry.member_id in plans:
            covered = plans[entry.member_id].projection.covered
            whole = entry.points + entry.lapsed_points
            lapsed = covered.get(entry.operation_id, entry.lapsed_points)
            fitted = replace(entry, points=whole - lapsed, lapsed_points=lapsed)
        if fitted is None or fitted.points == 0:
            result.needless.append(entry)
        else:
            result.entries.append(fitted)
    return result


def complete(parts: Parts, program_id: str, needless: Sequence[WaitingEntry]) -> None:
    """Takes entries that need no word off the way to the chain."""
    if not needless:
        return
    engine: Engine = parts.engine
    with writing(engine) as connection:
        outbox.complete_entries(connection, program_id, [entry.entry_no for entry in needless])
        members = {entry.member_id for entry in needless}
        rebase(connection, program_id, members, parts.now_ms(), parts.new_id)


def _ageless(entries: Sequence[WaitingEntry]) -> list[WaitingEntry]:
    kept, held_back = [], set()
    for entry in entries:
        aged = not entry.is_credit or entry.kind == Kind.RESTORE
        if aged or entry.member_id in held_back:
            held_back.add(entry.member_id)
        else:
            kept.append(entry)
    return kept


def _restored(calendar: Calendar, entry: WaitingEntry, period: int) -> WaitingEntry | None:
    earned = _period(calendar, entry) - entry.age
    # A chain that lags behind our clock has no younger points than the newest.
    age = restore_age(calendar, min(earned, period), period)
    return None if age is None else replace(entry, age=age)


def _period(calendar: Calendar, entry: WaitingEntry) -> int:
    return calendar.period_at(entry.recorded_at_ms // 1000)
