"""How far programs have come: what an answer can be held against the contracts by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from indexer.events import BatchApplied, Event, ProgramCreated, Transfer


class Reached(NamedTuple):
    """How far a program has come: its last batch, and the points in circulation."""

    last_seq: int = 0
    total_points: int = 0


def reached(known: Mapping[str, Reached], events: Iterable[Event]) -> dict[str, Reached]:
    """How far each program has come once `events` have happened."""
    after = dict(known)
    moved: dict[str, int] = {}
    for event in events:
        if type(event) is Transfer:
            moved[event.program] = moved.get(event.program, 0) + event.points
        elif isinstance(event, BatchApplied):
            before = after.get(event.program, Reached())
            after[event.program] = before._replace(last_seq=event.seq)
        elif isinstance(event, ProgramCreated):
            after[event.address] = Reached()
    for program, points in moved.items():
        before = after.get(program, Reached())
        after[program] = before._replace(total_points=before.total_points + points)
    return after
