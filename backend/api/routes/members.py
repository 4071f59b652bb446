"""Members: enrol, find, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from backend.api import present, requests, schemas
from backend.api.auth import Authenticated
from backend.api.documented import WITH_BODY, WITH_KEY, idempotent, problems, router
from backend.core.errors import IdentifierInvalid
from backend.core.identifiers import Identifier, IdentifierKind
from backend.services.enrol_member import EnrolMember
from backend.services.find_member import find_members, read_member
from backend.services.qr_codes import card_of_qr
from backend.services.read_balance import read_balance
from backend.services.read_history import read_history

members = router("members")


@members.post(
    "/members",
    status_code=201,
    response_model=schemas.MemberOut,
    responses=problems(
        *WITH_BODY,
        *WITH_KEY,
        "unknown_program",
        "identifier_invalid",
        "member_already_enrolled",
        "qr_invalid",
        "card_check_invalid",
        "card_blocked",
    ),
    openapi_extra=idempotent(required=False),
    summary="Enrol a member",
)
async def enrol_member(body: requests.MemberIn, call: Authenticated) -> Response:
    """Takes at least one of external_id, phone, email, card and the QR code of a card."""
    identifiers = body.identifiers()
    if body.qr is not None:
        identifiers.append(card_of_qr(call.house.vault, body.program_id, body.qr))
    command = EnrolMember.build(
        call.house.vault,
        call.merchant_id,
        call.optional_claim(present.fingerprint("members", body)),
        body.program_id,
        identifiers,
        call.house.new_address(),
        present.enrolled,
    )
    return present.answered(await call.house.committer.submit(command))


@members.get(
    "/members",
    responses=problems("identifier_invalid", "invalid_request"),
    summary="Find members by phone, e-mail, card or external id",
)
async def get_members(
    call: Authenticated,
    external_id: Annotated[str | None, Query(max_length=254)] = None,
    phone: Annotated[str | None, Query(max_length=254)] = None,
    email: Annotated[str | None, Query(max_length=254)] = None,
    card: Annotated[str | None, Query(max_length=254)] = None,
    program_id: Annotated[str | None, Query(max_length=64)] = None,
) -> schemas.MembersPage:
    """Give exactly one of them; one member at most is found in each program."""
    if phone is not None and phone.startswith(" "):
        phone = f"+{phone[1:]}"  # A plus that was not escaped in the address.
    given = {"external_id": external_id, "phone": phone, "email": email, "card": card}
    named = [(kind, text) for kind, text in given.items() if text is not None]
    if len(named) != 1:
        raise IdentifierInvalid("Give exactly one of external_id, phone, email and card.")
    identifier = Identifier.parse(IdentifierKind(named[0][0]), named[0][1])
    found = await find_members(call.house, call.merchant_id, program_id, identifier)
    return schemas.MembersPage(data=[present.member(one) for one in found], has_more=False)


@members.get(
    "/members/{member_id}",
    responses=problems("unknown_member"),
    summary="Read a member",
)
async def get_member(member_id: str, call: Authenticated) -> schemas.MemberOut:
    return present.member(await read_member(call.house, call.merchant_id, member_id))


@members.get(
    "/members/{member_id}/balance",
    response_model=schemas.BalanceOut,
    responses=problems("unknown_member"),
    summary="Read a member's balance",
)
async def get_balance(member_id: str, call: Authenticated) -> Response:
    """`available` is what the ledger owes; `settled` and `final` are what the chain shows of it."""
    read = await read_balance(call.house, call.merchant_id, member_id)
    return present.as_json(present.balance(read))


@members.get(
    "/members/{member_id}/history",
    responses=problems("unknown_member", "unknown_operation", "invalid_request"),
    summary="Every movement of a member's points, newest first",
)
async def get_history(
    member_id: str,
    call: Authenticated,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    starting_after: Annotated[
        str | None, Query(max_length=64, description="The last operation_id of the page before.")
    ] = None,
) -> schemas.HistoryPage:
    read = await read_history(call.house, call.merchant_id, member_id, limit, starting_after)
    return present.history(read)
