"""Redemptions: hold, capture, cancel."""

from __future__ import annotations

from fastapi import Request, Response

from backend.api import present, schemas
from backend.api.auth import AuthenticatedCaller, TheHouse, required_claim
from backend.api.documented import IDEMPOTENT, problems, router
from backend.api.routes.purchases import member_ref
from backend.core.errors import UnknownRedemption
from backend.core.ids import is_id
from backend.ledger.merchants import Caller
from backend.ledger.programs import program_of_redemption
from backend.services.house import House
from backend.services.redeem import CloseRedemption, HoldPoints

redemptions = router("redemptions")


@redemptions.post(
    "/redemptions",
    status_code=201,
    response_model=schemas.RedemptionOut,
    responses=problems(400, 404, 409, 422, 503, example_code="insufficient_points"),
    dependencies=IDEMPOTENT,
    summary="Hold points, or redeem them at once",
)
async def hold_points(
    body: schemas.RedemptionIn, request: Request, caller: AuthenticatedCaller, house: TheHouse
) -> Response:
    """A hold lapses by itself after the program's `hold_ttl_seconds`; `capture: true` burns now."""
    claim = required_claim(request, caller, present.fingerprint("redemptions", body))
    command = HoldPoints(
        claim, member_ref(house, body), body.points, body.capture, present.redemption
    )
    return present.answered(await house.committer.submit(command))


@redemptions.post(
    "/redemptions/{redemption_id}/capture",
    response_model=schemas.RedemptionOut,
    responses=problems(400, 404, 409, 503, example_code="redemption_not_held"),
    dependencies=IDEMPOTENT,
    summary="Burn the points of a hold",
)
async def capture(
    redemption_id: str, request: Request, caller: AuthenticatedCaller, house: TheHouse
) -> Response:
    return await _close(redemption_id, request, caller, house, capture=True)


@redemptions.post(
    "/redemptions/{redemption_id}/cancel",
    response_model=schemas.RedemptionOut,
    responses=problems(400, 404, 409, 503, example_code="redemption_not_held"),
    dependencies=IDEMPOTENT,
    summary="Give the points of a hold back",
)
async def cancel(
    redemption_id: str, request: Request, caller: AuthenticatedCaller, house: TheHouse
) -> Response:
    return await _close(redemption_id, request, caller, house, capture=False)


async def _close(
    redemption_id: str, request: Request, caller: Caller, house: House, *, capture: bool
) -> Response:
    route = f"redemptions/{redemption_id}/{'capture' if capture else 'cancel'}"
    claim = required_claim(request, caller, present.fingerprint(route))
    program_id = None
    if is_id("red", redemption_id):
        program_id = await house.ledger.run(
            lambda connection: program_of_redemption(connection, redemption_id)
        )
    if program_id is None:
        raise UnknownRedemption("There is no such redemption.")
    command = CloseRedemption(claim, redemption_id, program_id, capture, present.redemption)
    return present.answered(await house.committer.submit(command))
