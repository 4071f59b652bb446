"""Members: enrol, find, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from backend.api import present, schemas
from backend.api.auth import AuthenticatedCaller, TheHouse, optional_claim
from backend.api.documented import IDEMPOTENT, problems, router
from backend.core.errors import IdentifierInvalid
from backend.core.identifiers import Identifier, IdentifierKind
from backend.services.enrol_member import EnrolMember
from backend.services.find_member import find_members, read_member

members = router("members")


@members.post(
    "/members",
    status_code=201,
    response_model=schemas.MemberOut,
    responses=problems(404, 409, 422, 503, example_code="member_already_enrolled"),
    dependencies=IDEMPOTENT,
    summary="Enrol a member",
)
async def enrol_member(
    body: schemas.MemberIn, request: Request, caller: AuthenticatedCaller, house: TheHouse
) -> Response:
    """Takes at least one of external_id, phone, email and card."""
    command = EnrolMember.build(
        house.vault,
        caller.merchant_id,
        optional_claim(request, caller, present.fingerprint("members", body)),
        body.program_id,
        body.identifiers(),
        house.new_address(),
        present.enrolled,
    )
    return present.answered(await house.committer.submit(command))


@members.get(
    "/members",
    responses=problems(422, example_code="identifier_invalid"),
    summary="Find members by phone, e-mail, card or external id",
)
async def get_members(
    caller: AuthenticatedCaller,
    house: TheHouse,
    external_id: Annotated[str | None, Query(max_length=254)] = None,
    phone: Annotated[str | None, Query(max_length=254)] = None,
    email: Annotated[str | None, Query(max_length=254)] = None,
    card: Annotated[str | None, Query(max_length=254)] = None,
    program_id: Annotated[str | None, Query(max_length=64)] = None,
) -> schemas.MembersPage:
    """Give exactly one of them; one member at most is found in each program."""
    given = {"external_id": external_id, "phone": phone, "email": email, "card": card}
    named = [(kind, text) for kind, text in given.items() if text is not None]
    if len(named) != 1:
        raise IdentifierInvalid("Give exactly one of external_id, phone, email and card.")
    identifier = Identifier.parse(IdentifierKind(named[0][0]), named[0][1])
    found = await find_members(house, caller.merchant_id, program_id, identifier)
    return schemas.MembersPage(data=[present.member(one) for one in found], has_more=False)


@members.get(
    "/members/{member_id}",
    responses=problems(404, example_code="unknown_member"),
    summary="Read a member",
)
async def get_member(
    member_id: str, caller: AuthenticatedCaller, house: TheHouse
) -> schemas.MemberOut:
    return present.member(await read_member(house, caller.merchant_id, member_id))
