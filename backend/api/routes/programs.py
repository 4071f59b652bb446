"""Programs: create, read, list."""

from __future__ import annotations

from fastapi import Request, Response

from backend.api import present, schemas
from backend.api.auth import AuthenticatedCaller, TheHouse, optional_claim
from backend.api.documented import IDEMPOTENT, problems, router
from backend.services.create_program import CreateProgram, ProgramTerms
from backend.services.read_program import list_programs, read_program

programs = router("programs")


@programs.post(
    "/programs",
    status_code=201,
    response_model=schemas.ProgramOut,
    responses=problems(422, 503, example_code="currency_unknown"),
    dependencies=IDEMPOTENT,
    summary="Create a program",
)
async def create_program(
    body: schemas.ProgramIn, request: Request, caller: AuthenticatedCaller, house: TheHouse
) -> Response:
    """Purchases are accepted at once; `contract_address` appears when its contract is deployed."""
    terms = ProgramTerms(
        name=body.name,
        symbol=body.symbol,
        currency=body.currency,
        earn_points=body.earning.points,
        earn_per_amount_minor=body.earning.per_amount_minor,
        hold_ttl_seconds=body.hold_ttl_seconds,
    )
    command = CreateProgram(
        caller.merchant_id,
        optional_claim(request, caller, present.fingerprint("programs", body)),
        terms,
        lambda state: present.to_json(present.program(state)),
    )
    return present.answered(await house.committer.submit(command))


@programs.get("/programs", responses=problems(), summary="List your programs")
async def get_programs(caller: AuthenticatedCaller, house: TheHouse) -> list[schemas.ProgramOut]:
    found = await list_programs(house, caller.merchant_id)
    return [present.program(state) for state in found]


@programs.get(
    "/programs/{program_id}",
    responses=problems(404, example_code="unknown_program"),
    summary="Read a program",
)
async def get_program(
    program_id: str, caller: AuthenticatedCaller, house: TheHouse
) -> schemas.ProgramOut:
    return present.program(await read_program(house, caller.merchant_id, program_id))
