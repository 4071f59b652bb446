"""How programs stand on chain: read once per block where needed, kept for the API, watched."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from backend.chain.program_views import read_standings
from backend.chain.quantities import read_bytes
from backend.core.limits import OPEN, Holds, NearLimit, Standing, warnings
from backend.ledger import limits as kept
from backend.ledger import outbox
from backend.ledger.engine import writing
from backend.ledger.limits import OnChain
from backend.ledger.outbox import ProgramRow
from backend.ledger.webhook_events import tell_limit_near
from backend.settlement.lanes import Parts

log = logging.getLogger(__name__)

_REFRESH_MS: Final = 15_000
_REFRESH_PROGRAMS: Final = 100
_KEEP_EVERY_MS: Final = 5_000


class Standings:
    """Reads as of the view's head. What is remembered only saves questions and writes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._head: bytes = b""
        self._read: dict[str, Standing] = {}
        self._kept: dict[str, tuple[OnChain, int]] = {}
        self._refreshed_ms: int | None = None
        self._refreshed_to = ""

    def of(self, programs: Sequence[ProgramRow]) -> dict[str, Standing]:
        """How each of these programs stands, without those that have no contract at this head;
        raises ChainUnavailable."""
        head = self._parts.view.head
        if self._head != head.hash:
            self._head, self._read = head.hash, {}
        contracts = {
            program.id: read_bytes(program.contract_address, 20)
            for program in programs
            if program.id not in self._read and program.contract_address is not None
        }
        if contracts:
            found = read_standings(self._parts.chain, list(contracts.values()), head)
            self._read |= {name: found[at] for name, at in contracts.items() if at in found}
        return self._read

    def keep(self, seen: dict[str, OnChain]) -> None:
        """Stores what changed, for the API and the metrics, and logs each warning once a day."""
        now_ms = self._parts.now_ms()
        due = {name: one for name, one in seen.items() if self._due(name, one, now_ms)}
        if not due:
            return
        try:
            with writing(self._parts.engine) as connection:
                for program_id, one in due.items():
                    kept.store_standing(connection, program_id, one)
                said = [
                    self._warn(connection, program_id, one, warning)
                    for program_id, one in due.items()
                    for warning in warnings(one.standing, one.holds)
                    if kept.first_warning(connection, program_id, warning.limit, one.standing.day)
                ]
        except IntegrityError:
            # Another settler writes the same at this moment.
            return
        for line in said:
            log.warning("%s", line)
        self._kept |= {name: (one, now_ms) for name, one in due.items()}

    def _warn(
        self, connection: Connection, program_id: str, one: OnChain, warning: NearLimit
    ) -> str:
        data = {
            "limit": warning.limit.value,
            "used_points": warning.used_points,
            "limit_points": warning.limit_points,
            "used_percent": warning.used_percent,
            "renews_on": one.standing.renewal_day.isoformat(),
        }
        now_ms, new_id = self._parts.now_ms(), self._parts.new_id
        tell_limit_near(connection, program_id, data, now_ms, new_id)
        return (
            f"program {program_id}: {warning.used_percent} % of {warning.limit} is used"
            f" ({warning.used_points} of {warning.limit_points} points)"
        )

    def refresh(self) -> None:
        """Looks, now and then, also at programs for which nothing waits; a page at a time."""
        now_ms = self._parts.now_ms()
        if self._refreshed_ms is not None and now_ms - self._refreshed_ms < _REFRESH_MS:
            return
        with self._parts.engine.connect() as connection:
            page = outbox.programs_with_contract(connection, self._refreshed_to, _REFRESH_PROGRAMS)
            waiting = {program.id for program in outbox.programs_with_waiting(connection)}
        idle = [program for program in page if program.id not in waiting]
        found = self.of(idle)
        self.keep({each.id: OnChain(found[each.id], OPEN) for each in idle if each.id in found})
        self._refreshed_to = page[-1].id if len(page) == _REFRESH_PROGRAMS else ""
        if not self._refreshed_to:
            self._refreshed_ms = now_ms

    def _due(self, program_id: str, seen: OnChain, now_ms: int) -> bool:
        last = self._kept.get(program_id)
        if last is None:
            return True
        before, kept_ms = last
        if before == seen:
            return False
        return now_ms - kept_ms >= _KEEP_EVERY_MS or _rules(before) != _rules(seen)


def _rules(seen: OnChain) -> tuple[object, ...]:
    """What is shown at once when it changes; the rest changes with every batch."""
    standing = seen.standing
    return (
        seen.holds,
        standing.limits,
        standing.limits_from_s,
        standing.mint_paused,
        standing.redemption_until_s,
        standing.terms,
        standing.terms_from_s,
        standing.day,
        [warning.limit for warning in warnings(standing, Holds())],
    )
