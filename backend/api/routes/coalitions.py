"""Several merchants in one program, and what everybody's points came to in a period."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query, Response

from backend.api import coalition_models as models
from backend.api import present, present_coalition
from backend.api.auth import Authenticated
from backend.api.documented import WITH_BODY, WITH_KEY, idempotent, problems, router
from backend.services.change_partners import EndPartner, add_partner, list_partners
from backend.services.read_clearing import read_clearing
from backend.services.read_expiring import read_expiring
from backend.services.read_statement import read_statement

coalitions = router("coalitions and statements")

FirstDay = Annotated[date, Query(alias="from", description="The first day, as 2026-01-01.")]
LastDay = Annotated[date, Query(alias="to", description="The last day, included.")]


@coalitions.post(
    "/programs/{program_id}/partners",
    response_model=models.PartnerOut,
    responses=problems(
        *WITH_BODY, *WITH_KEY, "unknown_program", "unknown_merchant", "rule_invalid"
    ),
    openapi_extra=idempotent(required=False),
    summary="Let another merchant take part in your program, or change what is earned there",
)
async def post_partner(program_id: str, body: models.PartnerIn, call: Authenticated) -> Response:
    """The merchant uses its own API key: it enrols, records purchases, redeems, and sees what its
    own tills did."""
    claim = call.optional_claim(present.fingerprint(f"programs/{program_id}/partners", body))
    answer = await add_partner(
        call.house,
        claim,
        call.merchant_id,
        (program_id, body.merchant_id),
        (body.earning.points, body.earning.per_amount_minor) if body.earning else None,
        present_coalition.partner_changed,
    )
    return present.answered(answer)


@coalitions.post(
    "/programs/{program_id}/partners/{merchant_id}/end",
    response_model=models.PartnerOut,
    responses=problems(*WITH_KEY, "unknown_program", "unknown_merchant"),
    openapi_extra=idempotent(required=False),
    summary="End a merchant's part in your program",
)
async def end_partner(program_id: str, merchant_id: str, call: Authenticated) -> Response:
    """Points that it gave stay good, and stay in the clearing."""
    path = f"programs/{program_id}/partners/{merchant_id}/end"
    command = EndPartner(
        call.optional_claim(present.fingerprint(path)),
        call.merchant_id,
        program_id,
        merchant_id,
        present_coalition.partner_changed,
    )
    return present.answered(await call.house.committer.submit(command))


@coalitions.get(
    "/programs/{program_id}/partners",
    responses=problems("unknown_program"),
    summary="Who takes part in your program, and who did",
)
async def get_partners(program_id: str, call: Authenticated) -> models.PartnersOut:
    found = await list_partners(call.house, call.merchant_id, program_id)
    return models.PartnersOut(data=[present_coalition.partner(program_id, one) for one in found])


@coalitions.get(
    "/programs/{program_id}/clearing",
    response_model=models.ClearingOut,
    responses=problems("unknown_program", "period_invalid", "invalid_request"),
    summary="Who gave the points that were redeemed where, in a period",
)
async def get_clearing(
    program_id: str, first: FirstDay, last: LastDay, call: Authenticated
) -> Response:
    """Whole days in the program's time. What is redeemed was given by whom the contract's order
    says: the oldest period's points first, and within one those that came first."""
    read = await read_clearing(call.house, call.merchant_id, program_id, first, last)
    return present.as_json(present_coalition.clearing(read))


@coalitions.get(
    "/programs/{program_id}/expiring",
    responses=problems("unknown_program", "unknown_member", "invalid_request"),
    summary="Who loses how many points when: what reminders are written from",
)
async def get_expiring(
    program_id: str,
    call: Authenticated,
    within_days: Annotated[int, Query(ge=1, le=366)] = 30,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    starting_after: Annotated[str | None, Query(max_length=64)] = None,
) -> models.ExpiringPage:
    """Points that can be spent now, by member; the dates are those of the members' balances and
    of the contract. Held points are left out."""
    read = await read_expiring(
        call.house, call.merchant_id, program_id, within_days, limit, starting_after
    )
    return present_coalition.expiring(read)


@coalitions.get(
    "/members/{member_id}/statement",
    response_model=models.StatementOut,
    responses=problems("unknown_member", "period_invalid", "invalid_request"),
    summary="What a member had, got, spent and lost in a period",
)
async def get_statement(
    member_id: str, first: FirstDay, last: LastDay, call: Authenticated
) -> Response:
    """Whole days in the program's time; consecutive statements meet. What has been accepted
    counts, settled or not; held points are still there."""
    read = await read_statement(call.house, call.merchant_id, member_id, first, last)
    return present.as_json(present_coalition.statement(read))
