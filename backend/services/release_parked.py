"""Let parked operations wait for the chain again, once what the chain had against them is gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Engine

from backend.ledger import parked
from backend.ledger.engine import writing
from backend.ledger.parked import ParkedOperation


@dataclass(frozen=True, slots=True)
class Released:
    """What waits again, and the ids that name no parked operation: then nothing was released."""

    operations: list[ParkedOperation]
    not_parked: list[str]


def release_parked(
    engine: Engine, operation_ids: Collection[str], program_id: str | None = None
) -> Released:
    """Releases the operations named, all of them or none; without ids all, or all of a program.

    The settler tries each before it seals it, so one that the chain still refuses is parked anew.
    """
    with writing(engine) as connection:
        found = parked.parked_operations(connection, program_id)
        wanted = [each for each in found if not operation_ids or each.operation_id in operation_ids]
        missing = sorted(set(operation_ids) - {each.operation_id for each in wanted})
        if missing:
            return Released([], missing)
        parked.release(connection, wanted)
    return Released(wanted, [])
