"""What the operator sees of parked operations, and their way back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from backend import wiring
from backend.commands.errors import OperatorError
from backend.ledger.parked import ParkedOperation, parked_operations
from backend.services.release_parked import release_parked
from backend.settings import Settings


class ParkedError(OperatorError):
    """Nothing was released; the message says why."""


def parked_now(settings: Settings, program_id: str | None) -> list[ParkedOperation]:
    """Every parked operation, or a program's."""
    with wiring.open_databases(settings).ledger.connect() as connection:
        return parked_operations(connection, program_id)


def release_now(
    settings: Settings, operation_ids: Collection[str], program_id: str | None
) -> list[ParkedOperation]:
    """What waits again. Raises ParkedError when one that is named is not parked: then none does."""
    engine = wiring.open_databases(settings).ledger
    released = release_parked(engine, operation_ids, program_id)
    if released.not_parked:
        raise ParkedError(f"not parked, so nothing was released: {', '.join(released.not_parked)}")
    return released.operations


def as_document(operations: Iterable[ParkedOperation]) -> list[dict[str, object]]:
    """For --json."""
    return [
        {
            "operation_id": each.operation_id,
            "program_id": each.program_id,
            "entry_no": each.entry_no,
            "member_id": each.member_id,
            "kind": each.kind.name.lower(),
            "points": each.points,
            "accepted_at": _utc(each.recorded_at_ms),
            "parked_reason": each.reason,
        }
        for each in operations
    ]


def lines(operations: Iterable[ParkedOperation]) -> list[str]:
    """For people, a line each."""
    return [
        f"{each.operation_id}  program {each.program_id} entry {each.entry_no},"
        f" member {each.member_id}: {each.kind.name.lower()} of {each.points} points,"
        f" accepted {_utc(each.recorded_at_ms)}: {each.reason}"
        for each in operations
    ]


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()
