"""Programs: create, read, list."""

from __future__ import annotations

from fastapi import Response

from backend.api import present, present_program, requests, schemas
from backend.api.auth import Authenticated
from backend.api.documented import PROGRAM_RULES, WITH_BODY, WITH_KEY, idempotent, problems, router
from backend.services.create_program import CreateProgram
from backend.services.read_program import list_programs, read_visible_program, standings_of
from backend.services.read_supply import read_supply

programs = router("programs")


@programs.post(
    "/programs",
    status_code=201,
    response_model=schemas.ProgramOut,
    responses=problems(*WITH_BODY, *WITH_KEY, *PROGRAM_RULES),
    openapi_extra=idempotent(required=False),
    summary="Create a program",
)
async def create_program(body: requests.ProgramIn, call: Authenticated) -> Response:
    """Purchases are accepted at once; `contract_address` appears when its contract is deployed."""
    command = CreateProgram(
        call.merchant_id,
        call.optional_claim(present.fingerprint("programs", body)),
        present_program.terms_of(body),
        lambda state: present.to_json(present_program.program(state)),
    )
    return present.answered(await call.house.committer.submit(command))


@programs.get("/programs", responses=problems(), summary="List your programs")
async def get_programs(call: Authenticated) -> schemas.ProgramsPage:
    found = await list_programs(call.house, call.merchant_id)
    seen = await standings_of(call.house, [state.id for state in found])
    data = [present_program.program(state, seen.get(state.id)) for state in found]
    return schemas.ProgramsPage(data=data, has_more=False)


@programs.get(
    "/programs/{program_id}",
    responses=problems("unknown_program"),
    summary="Read a program",
)
async def get_program(program_id: str, call: Authenticated) -> schemas.ProgramOut:
    """Limits, terms and the end as the contract has them, and what is announced."""
    state = await read_visible_program(call.house, call.merchant_id, program_id)
    seen = await standings_of(call.house, [program_id])
    return present_program.program(state, seen.get(program_id))


@programs.get(
    "/programs/{program_id}/supply",
    responses=problems("unknown_program"),
    summary="What a program has minted, and what of it is on chain",
)
async def get_supply(program_id: str, call: Authenticated) -> schemas.SupplyOut:
    return present.supply(await read_supply(call.house, call.merchant_id, program_id))
