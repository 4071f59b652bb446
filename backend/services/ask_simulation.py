"""Ask for a simulation of a draft on the program's own purchases; the worker makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.core.errors import UnknownRules
from backend.core.ids import is_id
from backend.ledger import simulations
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.simulation_tables import RuleSimulation
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.lookup import program_of, well_formed
from backend.services.read_program import read_program

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AskSimulation:
    """Raises UnknownProgram or UnknownRules."""

    merchant_id: str
    claim: Claim | None
    program_id: str
    version: int
    render: Callable[[Row], bytes]

    def wants(self) -> Wants:
        programs = well_formed("prg", self.program_id)
        return Wants(programs=programs, versions_of=programs)

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.merchant_id, self.program_id)
        if self.version not in work.state.earning.versions[program.id]:
            raise UnknownRules("The program has no such version of its rules.")
        row: Row = {
            "id": work.new_id("sim"),
            "program_id": program.id,
            "version": self.version,
            "against": program.rules_version,
            "state": simulations.ASKED,
            "done_count": 0,
            "total_count": 0,
            "asked_at_ms": work.now_ms,
            "result": None,
        }
        work.stage(RuleSimulation, row)
        return Answer(202, self.render(row))


async def read_simulation(
    house: House, merchant_id: str, program_id: str, simulation_id: str
) -> Row:
    """Raises UnknownProgram or UnknownRules."""
    await read_program(house, merchant_id, program_id)
    found = None
    if is_id("sim", simulation_id):
        found = await house.ledger.run(
            lambda connection: simulations.simulation_of(connection, program_id, simulation_id)
        )
    if found is None:
        raise UnknownRules("There is no such simulation.")
    return found


async def list_simulations(
    house: House, merchant_id: str, program_id: str, limit: int
) -> list[Row]:
    """The newest first; raises UnknownProgram."""
    await read_program(house, merchant_id, program_id)
    return await house.ledger.run(
        lambda connection: simulations.simulations_of(connection, program_id, limit)
    )
