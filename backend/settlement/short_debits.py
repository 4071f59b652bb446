"""Debits that find too little on chain, although the ledger had enough when it took them.

Either the block that dated a mint was seen so late that its points had expired by then, and were
spent in good faith: those points cover the debit. Or others brought a later redemption on chain
before it: what its member has earned since is on its way, and the debit waits for it.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from backend.ledger import outbox, parked
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.outbox import WordNote
from backend.ledger.rebase import calendar_of, rebase, rebased
from backend.ledger.tables import JournalEntry, OutboxEntry
from backend.settlement.lanes import Parts

_JOURNAL, _OUTBOX = table_of(JournalEntry), table_of(OutboxEntry)


def goes_on(parts: Parts, program_id: str, entry_no: int, *, mints: bool) -> bool:
    """Whether the debit need not be set aside: it is covered now, or waits for its member's mints,
    in a program that still `mints`."""
    with writing(parts.engine) as connection:
        if _covered(connection, parts, program_id, entry_no):
            return True
        return mints and parked.credit_waits_behind(connection, program_id, entry_no)


def _covered(connection: Connection, parts: Parts, program_id: str, entry_no: int) -> bool:
    """Lets points cover the debit that had expired, unknown to the ledger, when it took it."""
    calendar = calendar_of(connection, program_id)
    entry = connection.execute(
        select(_JOURNAL.c.member_id, _JOURNAL.c.points, _OUTBOX.c.lapsed_points)
        .join(
            _OUTBOX,
            (_OUTBOX.c.program_id == _JOURNAL.c.program_id)
            & (_OUTBOX.c.entry_no == _JOURNAL.c.entry_no),
        )
        .where(_JOURNAL.c.program_id == program_id, _JOURNAL.c.entry_no == entry_no)
    ).first()
    if entry is None or not calendar.expires:
        return False
    now_ms = parts.now_ms()
    plan = rebased(connection, calendar, [entry.member_id], now_ms)[entry.member_id]
    posted_points = plan.projection.lapsed_points - plan.lapsing_points
    unknown_points = plan.projection.expired_points - posted_points
    points = min(plan.projection.overdrawn_points, unknown_points, entry.points)
    if points <= 0:
        return False
    lapsed_points = min(entry.points, entry.lapsed_points + points)
    if lapsed_points == entry.points:
        outbox.complete_entries(connection, program_id, [entry_no])
    else:
        outbox.note_words(connection, program_id, [WordNote(entry_no, lapsed_points, 0)])
    rebase(connection, program_id, [entry.member_id], now_ms, parts.new_id)
    return True
