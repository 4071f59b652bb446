"""Simulate drafts of rules on programs' own purchases, one after the other.

It takes seconds of a processor, so it is never done where tills wait.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Engine

from backend.core.errors import MereauError
from backend.core.simulation import compare, simulate
from backend.core.simulation_figures import figures, worth_of
from backend.ledger import simulations
from backend.ledger.engine import writing
from backend.ledger.stored_rules import stored_rules

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Simulations:
    """The duty."""

    engine: Engine
    name: str = "simulations"

    def step(self) -> int:
        """Makes the oldest that was asked for; one that a worker died over is begun anew."""
        with self.engine.connect() as connection:
            asked = simulations.next_simulation(connection)
        if asked is None:
            return 0
        try:
            result = self._simulate(asked)
        except MereauError as refused:
            self._note(asked["id"], state=simulations.FAILED, result=refused.message)
        except Exception:
            # It would fail again: it ends here, and those behind it are made.
            log.exception("simulation %s failed", asked["id"])
            self._note(asked["id"], state=simulations.FAILED, result="")
        else:
            text = msgspec.json.encode(result).decode()
            self._note(asked["id"], state=simulations.DONE, result=text)
        return 1

    def _simulate(self, asked: dict[str, Any]) -> dict[str, Any]:
        program_id: str = asked["program_id"]
        with self.engine.connect() as connection:
            history = simulations.history(connection, program_id)
            after = stored_rules(connection, program_id, asked["version"])
            before = stored_rules(connection, program_id, asked["against"])
        if after is None or before is None:
            raise LookupError("versions are never deleted")
        self._note(
            asked["id"], state=simulations.RUNNING, total_count=2 * len(history), done_count=0
        )
        worth = worth_of(after) or worth_of(before)
        was = simulate(before, history, self._say(asked["id"], 0))
        would = simulate(after, history, self._say(asked["id"], len(history)))
        change = compare(was, would)
        return {
            "currency": after.currency,
            "before": figures(was, worth),
            "after": figures(would, worth),
            "change": {
                "points": change.points,
                "gain": change.gain,
                "lose": change.lose,
                "same": change.same,
            },
        }

    def _say(self, simulation_id: str, done: int) -> Callable[[int], None]:
        return lambda count: self._note(simulation_id, done_count=done + count)

    def _note(self, simulation_id: str, **values: str | int) -> None:
        with writing(self.engine) as connection:
            simulations.note(connection, simulation_id, **values)
