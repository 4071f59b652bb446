"""Vouchers at the till: check, reserve, redeem, release; gift cards are vouchers with a value."""

from __future__ import annotations

from fastapi import Response

from backend.api import present, present_vouchers, voucher_requests, voucher_schemas
from backend.api.auth import Authenticated, Call
from backend.api.documented import (
    MOVING_POINTS,
    NAMING_A_MEMBER,
    WITH_BODY,
    idempotent,
    problems,
    router,
)
from backend.api.routes.purchases import member_by
from backend.core.ids import is_id
from backend.core.spending_errors import UnknownVoucherUse
from backend.core.voucher_codes import CODE_ENTROPY_BYTES, make_code
from backend.ledger.spending_loads import VoucherRecord
from backend.ledger.vouchers import VoucherPlace, place_of_use
from backend.services.check_voucher import check_voucher, read_voucher
from backend.services.close_voucher_use import CloseVoucherUse, Step
from backend.services.issue_voucher import IssueVoucher
from backend.services.lookup import MemberById, MemberRef
from backend.services.reserve_voucher import ReserveVoucher
from backend.services.void_voucher import VoidVoucher

vouchers = router("vouchers")


@vouchers.post(
    "/vouchers",
    status_code=201,
    response_model=voucher_schemas.VoucherOut,
    responses=problems(*WITH_BODY, *MOVING_POINTS, *NAMING_A_MEMBER, "voucher_invalid"),
    openapi_extra=idempotent(required=True),
    summary="Issue a voucher or a gift card",
)
async def issue_voucher(body: voucher_requests.VoucherIn, call: Authenticated) -> Response:
    """For a gift card that was sold or a code of a campaign; rewards make their vouchers
    themselves. Whoever has the code can use it."""
    claim = call.required_claim(present.fingerprint("vouchers", body))
    command = IssueVoucher(
        claim,
        body.program_id,
        _member_ref(call, body),
        body.terms(),
        make_code(call.house.entropy(CODE_ENTROPY_BYTES)),
        present_vouchers.issued,
    )
    return present.answered(await call.house.committer.submit(command))


@vouchers.post(
    "/vouchers/check",
    response_model=voucher_schemas.VoucherOut,
    responses=problems(*WITH_BODY, "voucher_code_invalid", "unknown_voucher"),
    summary="What a voucher is good for and what is left on it",
)
async def check(body: voucher_requests.VoucherCheckIn, call: Authenticated) -> Response:
    """Changes nothing. A mistyped code is told from an unknown one by its check character."""
    found = await check_voucher(call.house, call.merchant_id, body.code)
    return present.as_json(present_vouchers.voucher_read(found, call.house.now_ms()))


@vouchers.get(
    "/vouchers/{voucher_id}",
    response_model=voucher_schemas.VoucherOut,
    responses=problems("unknown_voucher"),
    summary="Read a voucher with its code, to show it to its holder again",
)
async def get_voucher(voucher_id: str, call: Authenticated) -> Response:
    found = await read_voucher(call.house, call.merchant_id, voucher_id)
    return present.as_json(present_vouchers.voucher_read(found, call.house.now_ms()))


@vouchers.post(
    "/vouchers/{voucher_id}/void",
    response_model=voucher_schemas.VoucherSummary,
    responses=problems(*MOVING_POINTS, "unknown_voucher"),
    openapi_extra=idempotent(required=True),
    summary="Void a voucher",
)
async def void_voucher(voucher_id: str, call: Authenticated) -> Response:
    """It takes no use from now on; reservations that run can still be redeemed."""
    claim = call.required_claim(present.fingerprint(f"vouchers/{voucher_id}/void"))
    found = await read_voucher(call.house, call.merchant_id, voucher_id)
    command = VoidVoucher(claim, _place(found.voucher), present_vouchers.voided)
    return present.answered(await call.house.committer.submit(command))


@vouchers.post(
    "/voucher-uses",
    status_code=201,
    response_model=voucher_schemas.VoucherUseOut,
    responses=problems(
        *WITH_BODY,
        *MOVING_POINTS,
        "voucher_code_invalid",
        "unknown_voucher",
        "voucher_not_usable",
        "voucher_value_exceeded",
    ),
    openapi_extra=idempotent(required=True),
    summary="Reserve a use of a voucher, or redeem it at once",
)
async def use_voucher(body: voucher_requests.VoucherUseIn, call: Authenticated) -> Response:
    """A reservation is for this basket alone and runs out after the program's
    `hold_ttl_seconds`."""
    claim = call.required_claim(present.fingerprint("voucher-uses", body))
    found = await check_voucher(call.house, call.merchant_id, body.code)
    command = ReserveVoucher(
        claim,
        _place(found.voucher),
        body.amount_minor,
        body.redeem,
        body.reference,
        present_vouchers.use,
    )
    return present.answered(await call.house.committer.submit(command))


_CLOSING = problems(
    *WITH_BODY,
    *MOVING_POINTS,
    "unknown_voucher_use",
    "voucher_use_closed",
    "voucher_value_exceeded",
)


@vouchers.post(
    "/voucher-uses/{use_id}/redeem",
    response_model=voucher_schemas.VoucherUseOut,
    responses=_CLOSING,
    openapi_extra=idempotent(required=True),
    summary="Redeem what was reserved of a voucher",
)
async def redeem_use(
    use_id: str, call: Authenticated, body: voucher_requests.UseAmountIn | None = None
) -> Response:
    """A smaller `amount_minor` than was reserved leaves the rest on the voucher."""
    return await _close(use_id, call, Step.REDEEM, body)


@vouchers.post(
    "/voucher-uses/{use_id}/release",
    response_model=voucher_schemas.VoucherUseOut,
    responses=problems(*MOVING_POINTS, "unknown_voucher_use", "voucher_use_closed"),
    openapi_extra=idempotent(required=True),
    summary="Release what was reserved of a voucher",
)
async def release_use(use_id: str, call: Authenticated) -> Response:
    return await _close(use_id, call, Step.RELEASE, None)


@vouchers.post(
    "/voucher-uses/{use_id}/reverse",
    response_model=voucher_schemas.VoucherUseOut,
    responses=_CLOSING,
    openapi_extra=idempotent(required=True),
    summary="Give back what was redeemed of a voucher",
)
async def reverse_use(
    use_id: str, call: Authenticated, body: voucher_requests.UseAmountIn | None = None
) -> Response:
    """For a return. Parts add up to no more than was redeemed; an expired voucher stays so."""
    return await _close(use_id, call, Step.REVERSE, body)


async def _close(
    use_id: str, call: Call, step: Step, body: voucher_requests.UseAmountIn | None
) -> Response:
    given = body or voucher_requests.UseAmountIn()
    claim = call.required_claim(present.fingerprint(f"voucher-uses/{use_id}/{step}", given))
    place = None
    if is_id("use", use_id):
        place = await call.house.ledger.run(
            lambda connection: place_of_use(connection, call.merchant_id, use_id)
        )
    if place is None:
        raise UnknownVoucherUse("There is no such use of a voucher.")
    command = CloseVoucherUse(claim, place, use_id, step, given.amount_minor, present_vouchers.use)
    return present.answered(await call.house.committer.submit(command))


def _place(voucher: VoucherRecord) -> VoucherPlace:
    return VoucherPlace(voucher.id, voucher.program_id, voucher.claim_id)


def _member_ref(call: Call, body: voucher_requests.VoucherIn) -> MemberRef | None:
    if body.member is not None:
        return member_by(call.house, body.program_id, body.member)
    return None if body.member_id is None else MemberById(body.program_id, body.member_id)
