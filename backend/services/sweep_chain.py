"""Sweep the chain: have expired points burned of members whom nobody touches.

Their contract counts such points in `totalSupply` until it is called. After a period has ended the
settler asks for them, one slice per program at a time: the next when the mirror shows the last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine

from backend.ledger import mirror, mirror_words, sweeps
from backend.ledger.engine import writing
from backend.ledger.sweeps import LastSlice, Sweepable

LOOK_AFTER_MS = 60_000


@dataclass(frozen=True, slots=True)
class _Seen:
    """Where the mirror stands."""

    block_number: int
    at_s: int


@dataclass(slots=True)
class ChainSweep:
    """Remembers which period of a program is swept to its end, and looks again once a minute.

    A member is asked for once in a period, whatever becomes of it: within one, no further points
    expire. Who is about to be touched anyway is left to that operation.
    """

    ledger_engine: Engine
    mirror_engine: Engine
    now_ms: Callable[[], int]
    new_id: Callable[[str], str]
    slice_members: int
    _swept: dict[str, int] = field(default_factory=dict)
    _next_look_ms: int = 0

    def step(self) -> int:
        """Asks for the next slice of each program that is due; how many members those are."""
        now_ms = self.now_ms()
        if now_ms < self._next_look_ms:
            return 0
        seen = self._mirror_stands()
        with self.ledger_engine.connect() as connection:
            programs = sweeps.sweepable_programs(connection)
        due = [one for one in programs if self._swept.get(one.id) != _period(one, now_ms)]
        if not due:
            ends = [one.calendar.starts_at(_period(one, now_ms) + 1) * 1000 for one in programs]
            self._next_look_ms = min([now_ms + LOOK_AFTER_MS, *ends])
            return 0
        return sum(self._ask(one, seen, now_ms) for one in due) if seen else 0

    def _mirror_stands(self) -> _Seen | None:
        with self.mirror_engine.connect() as connection:
            # In this order, so that the time is never that of an older block.
            block_number = mirror.cursor(connection).block_number
            at_s = mirror_words.head_time_s(connection)
        return None if at_s is None else _Seen(block_number, at_s)

    def _ask(self, program: Sweepable, seen: _Seen, now_ms: int) -> int:
        period = _period(program, now_ms)
        if program.calendar.period_at(seen.at_s) != period:
            return 0
        with self.ledger_engine.connect() as connection:
            last = sweeps.last_slice(connection, program.id)
        if last is not None and not _is_seen(last, seen):
            return 0
        after = last.last_member if last is not None and last.period == period else ""
        members = self._next_slice(program, period, after)
        if not members:
            self._swept[program.id] = period
            return 0
        with writing(self.ledger_engine) as connection:
            asked = sweeps.ask_for_slice(
                connection, program.id, period, members, last, now_ms, self.new_id
            )
        return len(members) if asked else 0

    def _next_slice(self, program: Sweepable, period: int, after: str) -> list[str]:
        """Addresses past `after`, in order; none when the program is swept to its end."""
        while True:
            with self.mirror_engine.connect() as connection:
                page = mirror_words.members_with_lapsed(
                    connection, program.contract_address, period, self.slice_members, after
                )
            if not page:
                return []
            found = [member for member, _ in page]
            with self.ledger_engine.connect() as connection:
                touched = sweeps.about_to_be_touched(connection, program.id, found)
            if left := [member for member in found if member not in touched]:
                return left
            after = found[-1]


def _period(program: Sweepable, now_ms: int) -> int:
    return program.calendar.period_at(now_ms // 1000)


def _is_seen(last: LastSlice, seen: _Seen) -> bool:
    """Whether the mirror shows what the slice did."""
    if last.parked:
        return True
    return last.on_chain_at is not None and last.on_chain_at <= seen.block_number
