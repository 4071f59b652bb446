"""Read a program, or all of a merchant's."""

from __future__ import annotations

from collections.abc import Sequence

from backend.core.errors import UnknownProgram
from backend.core.ids import is_id
from backend.ledger import limits, programs
from backend.ledger.limits import OnChain
from backend.ledger.loading import ProgramState
from backend.services.house import House


async def read_program(house: House, merchant_id: str, program_id: str) -> ProgramState:
    """The merchant's own program; raises UnknownProgram, also when it is somebody else's."""
    found = None
    if is_id("prg", program_id):
        found = await house.ledger.run(
            lambda connection: programs.program_of(connection, merchant_id, program_id)
        )
    if found is None:
        raise UnknownProgram("There is no such program.")
    return found


async def standings_of(house: House, program_ids: Sequence[str]) -> dict[str, OnChain]:
    """How programs stand on chain as the settler last read them; new ones are left out."""
    return await house.ledger.run(lambda connection: limits.on_chain(connection, program_ids))


async def list_programs(house: House, merchant_id: str) -> list[ProgramState]:
    """The merchant's own, and the coalitions it takes part in."""
    return await house.ledger.run(
        lambda connection: programs.visible_programs(connection, merchant_id)
    )


async def read_visible_program(house: House, merchant_id: str, program_id: str) -> ProgramState:
    """A program of `list_programs`; raises UnknownProgram."""
    for program in await list_programs(house, merchant_id):
        if program.id == program_id:
            return program
    raise UnknownProgram("There is no such program.")
