"""How programs stand on chain as the settler last saw it, and who waits because of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Row, Select, and_, delete, insert, select

from backend.core.canonical import canonical_json
from backend.core.limits import Hold, Holds, Limits, Standing, Terms, WaitReason
from backend.core.operations import Kind
from backend.ledger.call_tables import LimitWarning, ProgramOnChain
from backend.ledger.columns import table_of
from backend.ledger.tables import JournalEntry, Member, OutboxEntry

_STANDINGS, _WARNINGS = table_of(ProgramOnChain), table_of(LimitWarning)
_OUTBOX, _JOURNAL, _MEMBERS = table_of(OutboxEntry), table_of(JournalEntry), table_of(Member)
_CREDITS = [int(kind) for kind in Kind if kind.is_credit]
_ENTRY = and_(
    _JOURNAL.c.program_id == _OUTBOX.c.program_id, _JOURNAL.c.entry_no == _OUTBOX.c.entry_no
)
_WORD_POINTS = (_JOURNAL.c.points - _OUTBOX.c.lapsed_points).label("points")
_QUEUE_MAX = 20_000


@dataclass(frozen=True, slots=True)
class OnChain:
    """A program's standing and its closed queues, as of the same block."""

    standing: Standing
    holds: Holds


@dataclass(frozen=True, slots=True)
class QueuedEntry:
    """A journal entry that waits for a batch."""

    entry_no: int
    address: str
    points: int
    is_credit: bool


def store_standing(connection: Connection, program_id: str, seen: OnChain) -> None:
    """Replaces what is known of the program."""
    connection.execute(delete(_STANDINGS).where(_STANDINGS.c.program_id == program_id))
    connection.execute(
        insert(_STANDINGS),
        {
            "program_id": program_id,
            "standing": canonical_json(asdict(seen.standing)).decode(),
            "holds": canonical_json(asdict(seen.holds)).decode(),
        },
    )


def on_chain(connection: Connection, program_ids: Sequence[str]) -> dict[str, OnChain]:
    """What is known of these programs; a program that was never read is left out."""
    rows = connection.execute(
        select(_STANDINGS).where(_STANDINGS.c.program_id.in_(list(program_ids)))
    )
    return {row.program_id: _seen(row) for row in rows}


def all_on_chain(connection: Connection) -> dict[str, OnChain]:
    """What is known of every program."""
    rows = connection.execute(select(_STANDINGS).order_by(_STANDINGS.c.program_id))
    return {row.program_id: _seen(row) for row in rows}


def first_warning(connection: Connection, program_id: str, limit: str, day: int) -> bool:
    """Whether this limit's warning was not logged yet on that day; it now counts as logged.

    sqlalchemy's IntegrityError when another process is logging it at the same moment.
    """
    key = {"program_id": program_id, "limit_name": limit, "day": day}
    known = select(_WARNINGS.c.day).where(*(_WARNINGS.c[name] == key[name] for name in key))
    if connection.execute(known).first() is not None:
        return False
    connection.execute(insert(_WARNINGS), key)
    return True


def waiting_of_member(
    connection: Connection, program_id: str, member_id: str, entry_no: int
) -> list[QueuedEntry]:
    """The member's waiting operations up to and including `entry_no`, in order."""
    rows = connection.execute(
        _waiting()
        .where(
            _OUTBOX.c.program_id == program_id,
            _OUTBOX.c.entry_no <= entry_no,
            _JOURNAL.c.member_id == member_id,
        )
        .limit(_QUEUE_MAX)
    )
    return [_queued(row) for row in rows]


def queue_points(
    connection: Connection, program_id: str, *, credit: bool, until_entry_no: int
) -> list[int] | None:
    """Points of the waiting mints (or debits) up to and including an entry, in order.

    None for a queue of more than 20,000: its end is not in sight.
    """
    of_kind = _JOURNAL.c.kind.in_(_CREDITS)
    rows = connection.execute(
        _waiting()
        .where(
            _OUTBOX.c.program_id == program_id,
            _OUTBOX.c.entry_no <= until_entry_no,
            of_kind if credit else ~of_kind,
        )
        .limit(_QUEUE_MAX + 1)
    )
    points = [row.points for row in rows]
    return points if len(points) <= _QUEUE_MAX else None


def _waiting() -> Select[int, str, int, int]:
    return (
        select(_OUTBOX.c.entry_no, _MEMBERS.c.address, _WORD_POINTS, _JOURNAL.c.kind)
        .join(_JOURNAL, _ENTRY)
        .join(_MEMBERS, _MEMBERS.c.id == _JOURNAL.c.member_id)
        .where(_OUTBOX.c.batch_id.is_(None), _OUTBOX.c.parked_reason.is_(None))
        .order_by(_OUTBOX.c.entry_no)
    )


def _queued(row: Row[int, str, int, int]) -> QueuedEntry:
    return QueuedEntry(row[0], row[1], row[2], Kind(row[3]).is_credit)


def _seen(row: Row[str, str, str]) -> OnChain:
    said, held = json.loads(row[1]), json.loads(row[2])
    for name in ("limits", "announced_limits"):
        said[name] = Limits(**said[name])
    for name in ("terms", "announced_terms"):
        said[name] = Terms(**said[name])
    holds = {
        name: Hold(WaitReason(hold["reason"]), hold["entry_no"]) if hold else None
        for name, hold in held.items()
    }
    return OnChain(Standing(**said), Holds(**holds))
