"""Read a program, or all of a merchant's."""

from __future__ import annotations

from backend.core.errors import UnknownProgram
from backend.core.ids import is_id
from backend.ledger import programs
from backend.ledger.loading import ProgramState
from backend.services.house import House


async def read_program(house: House, merchant_id: str, program_id: str) -> ProgramState:
    """Raises UnknownProgram, also when it is somebody else's."""
    found = None
    if is_id("prg", program_id):
        found = await house.ledger.run(
            lambda connection: programs.program_of(connection, merchant_id, program_id)
        )
    if found is None:
        raise UnknownProgram("There is no such program.")
    return found


async def list_programs(house: House, merchant_id: str) -> list[ProgramState]:
    return await house.ledger.run(lambda connection: programs.programs_of(connection, merchant_id))
