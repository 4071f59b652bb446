"""Reconciliation without end: what differs stops its program's settlement, and says so.

A difference counts when several checks in a row find it, so that nothing rests for what was only
on its way, nor for a node that answers for its newest block while it takes in the next one. A
program that agrees again goes on by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from backend.chain.port import ChainReader
from backend.ledger import verdicts
from backend.ledger.engine import writing
from backend.ledger.verdicts import Finding
from backend.settlement.reconcile import Reconciliation, reconcile

MEMBERS_ON_CHAIN = 20
"""Members per program whose words are asked of the chain itself in each check."""

LOOKS = 3
"""How often in a row a difference is to be found."""


@dataclass(slots=True)
class Watch:
    """Checks ledger, mirror and chain; `say` gets a line whenever something changes."""

    ledger: Engine
    mirror: Engine
    chain: ChainReader
    now_ms: Callable[[], int]
    say: Callable[[str], None]
    _said: dict[str, str] = field(default_factory=dict)

    def run(self, stop: threading.Event, every_seconds: int, again_seconds: int = 2) -> None:
        """Checks until `stop` is set; a database that does not answer is asked again."""
        while not stop.is_set():
            try:
                self.check(lambda: stop.wait(again_seconds))
            except (OperationalError, InterfaceError) as failure:
                self.say(f"not checked: the database did not answer ({type(failure.orig)})")
            stop.wait(every_seconds)

    def check(self, pause: Callable[[], object]) -> Reconciliation:
        """One check, recorded; `pause` is waited for before a difference is looked at again."""
        result = self._reconcile()
        suspects = _differing(result)
        for _ in range(LOOKS - 1):
            if suspects:
                pause()
                result = self._reconcile()
                suspects &= _differing(result)
        findings = [
            Finding(
                one.program_id,
                result.as_of_block,
                one.differences[0] if one.program_id in suspects else None,
            )
            for one in result.programs
        ]
        with writing(self.ledger) as connection:
            verdicts.record(connection, findings, self.now_ms())
        self._tell(findings)
        return result

    def _reconcile(self) -> Reconciliation:
        return reconcile(self.ledger, self.mirror, self.chain, members_on_chain=MEMBERS_ON_CHAIN)

    def _tell(self, findings: list[Finding]) -> None:
        differing = {one.program_id: one.difference for one in findings if one.difference}
        for program_id, line in differing.items():
            if self._said.get(program_id) != line:
                self.say(f"ALARM: settlement rests: {line}")
        for program_id in self._said.keys() - differing.keys():
            self.say(f"program {program_id} agrees again: settlement goes on")
        self._said = differing


def _differing(result: Reconciliation) -> set[str]:
    return {one.program_id for one in result.programs if one.differences}
