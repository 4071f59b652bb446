"""Parked operations: what the chain would refuse by itself, set aside until somebody looks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, select, update

from backend.core.operations import Kind
from backend.ledger.columns import table_of
from backend.ledger.tables import JournalEntry, OutboxEntry

_OUTBOX, _JOURNAL = table_of(OutboxEntry), table_of(JournalEntry)
_PARKED = and_(_OUTBOX.c.batch_id.is_(None), _OUTBOX.c.parked_reason.is_not(None))


@dataclass(frozen=True, slots=True)
class ParkedOperation:
    """An operation that is set aside; `reason` is the contract's, or why no word can say it."""

    operation_id: str
    program_id: str
    entry_no: int
    member_id: str
    kind: Kind
    points: int
    recorded_at_ms: int
    reason: str


def parked_operations(
    connection: Connection, program_id: str | None = None
) -> list[ParkedOperation]:
    """Those of a program, or of all, by program and in the order they were accepted in."""
    statement = (
        select(
            _JOURNAL.c.operation_id,
            _JOURNAL.c.program_id,
            _JOURNAL.c.entry_no,
            _JOURNAL.c.member_id,
            _JOURNAL.c.kind,
            _JOURNAL.c.points,
            _JOURNAL.c.recorded_at_ms,
            _OUTBOX.c.parked_reason,
        )
        .join(
            _OUTBOX,
            and_(
                _OUTBOX.c.program_id == _JOURNAL.c.program_id,
                _OUTBOX.c.entry_no == _JOURNAL.c.entry_no,
            ),
        )
        .where(_PARKED)
        .order_by(_JOURNAL.c.program_id, _JOURNAL.c.entry_no)
    )
    if program_id is not None:
        statement = statement.where(_JOURNAL.c.program_id == program_id)
    return [
        ParkedOperation(*row[:4], Kind(row.kind), *row[5:]) for row in connection.execute(statement)
    ]


def release(connection: Connection, operations: Iterable[ParkedOperation]) -> int:
    """Lets them wait for the chain again; how many of them were still parked."""
    return sum(
        connection.execute(
            update(_OUTBOX)
            .where(
                _OUTBOX.c.program_id == operation.program_id,
                _OUTBOX.c.entry_no == operation.entry_no,
                _PARKED,
            )
            .values(parked_reason=None)
        ).rowcount
        for operation in operations
    )


def credit_waits_behind(connection: Connection, program_id: str, entry_no: int) -> bool:
    """Whether a mint waits for the entry's member, accepted after it."""
    later = _JOURNAL.alias()
    statement = (
        select(later.c.entry_no)
        .join_from(
            _JOURNAL,
            later,
            and_(
                later.c.program_id == _JOURNAL.c.program_id,
                later.c.member_id == _JOURNAL.c.member_id,
                later.c.entry_no > _JOURNAL.c.entry_no,
                later.c.kind.in_([int(kind) for kind in Kind if kind.is_credit]),
            ),
        )
        .join(
            _OUTBOX,
            and_(
                _OUTBOX.c.program_id == later.c.program_id, _OUTBOX.c.entry_no == later.c.entry_no
            ),
        )
        .where(
            _JOURNAL.c.program_id == program_id,
            _JOURNAL.c.entry_no == entry_no,
            _OUTBOX.c.batch_id.is_(None),
            _OUTBOX.c.parked_reason.is_(None),
        )
        .limit(1)
    )
    return connection.execute(statement).first() is not None
