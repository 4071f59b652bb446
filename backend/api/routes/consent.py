"""What members do with a key of their own, and what happens to those who have none."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import Query, Response

from backend.api import consent_models as models
from backend.api import present
from backend.api.auth import Authenticated
from backend.api.documented import MOVING_POINTS, WITH_BODY, idempotent, problems, router
from backend.api.fields import to_rfc3339
from backend.chain.quantities import read_bytes
from backend.core.errors import AddressInUse, PointsOutOfRange
from backend.core.operations import POINTS_MAX
from backend.services import read_consent as asked
from backend.services.read_call import read_call
from backend.services.rebind_member import CallAccepted, rebind_member, set_signed_only

consent = router("consent")

SIGNED: Final = (
    "signature_required", "signature_invalid", "signature_expired", "consent_in_flight",
    "program_not_on_chain", "program_closed", "passkeys_unsupported", "chain_unavailable",
)  # fmt: skip


@consent.get(
    "/members/{member_id}/consent",
    responses=problems(
        "unknown_member", "invalid_request", "points_out_of_range", "address_in_use",
        "consent_in_flight", "program_not_on_chain", "chain_unavailable",
    ),
    summary="What a member would have to sign",
)  # fmt: skip
async def get_consent(
    member_id: str,
    call: Authenticated,
    action: Literal["redeem", "set_signed_only", "rebind"] = "redeem",
    points: Annotated[int | None, Query(description="For `redeem`.")] = None,
    signed_only: Annotated[bool, Query(description="For `set_signed_only`.")] = True,
    to: Annotated[
        str | None, Query(pattern=r"^0x[0-9a-f]{40}$", description="For `rebind`.")
    ] = None,
) -> models.ConsentOut:
    """Valid for ten minutes and for one signature; the contract counts them (`nonce`)."""
    house, merchant_id = call.house, call.merchant_id
    if action == "redeem":
        if points is None or not 1 <= points <= POINTS_MAX:
            raise PointsOutOfRange(f"A redemption takes 1 to {POINTS_MAX} points.")
        found = await asked.consent_to_redeem(house, merchant_id, member_id, points)
    elif action == "rebind":
        if to is None or not any(read_bytes(to)):
            raise AddressInUse("Name the new address: ?to=0x…")
        found = await asked.consent_to_rebind(house, merchant_id, member_id, read_bytes(to))
    else:
        found = await asked.consent_to_signed_only(
            house, merchant_id, member_id, signed_only=signed_only
        )
    return models.ConsentOut(
        member_id=found.member_id,
        address=found.address,
        signed_only=found.signed_only,
        nonce=found.nonce,
        deadline=found.deadline_s,
        redemption_ref=found.redemption_ref,
        typed_data=found.typed_data.document(),
        digest=f"0x{found.typed_data.digest().hex()}",
    )


@consent.post(
    "/members/{member_id}/rebind",
    status_code=202,
    response_model=models.RebindOut,
    responses=problems(*WITH_BODY, *MOVING_POINTS, *SIGNED, "unknown_member", "address_in_use"),
    openapi_extra=idempotent(required=True),
    summary="Give a member another address: a first key, or a lost card",
)
async def rebind(member_id: str, body: models.RebindIn, call: Authenticated) -> Response:
    """Every point moves with its age; nothing is gained or lost."""
    claim = call.required_claim(present.fingerprint(f"members/{member_id}/rebind", body))
    signed = body.consent.consent() if body.consent else None
    answer = await rebind_member(call.house, claim, member_id, body.target(), signed, _rebound)
    return present.answered(answer)


@consent.post(
    "/members/{member_id}/signed-only",
    status_code=202,
    response_model=models.SignedOnlyOut,
    responses=problems(*WITH_BODY, *MOVING_POINTS, *SIGNED, "unknown_member"),
    openapi_extra=idempotent(required=True),
    summary="Let only the member's own signature burn their points, or end that",
)
async def signed_only(member_id: str, body: models.SignedOnlyIn, call: Authenticated) -> Response:
    claim = call.required_claim(present.fingerprint(f"members/{member_id}/signed-only", body))
    answer = await set_signed_only(
        call.house,
        claim,
        member_id,
        signed_only=body.signed_only,
        consent=body.consent.consent(),
        render=_set,
    )
    return present.answered(answer)


@consent.get(
    "/calls/{call_id}",
    responses=problems("unknown_call"),
    summary="Read a call to the chain and how far it got",
)
async def get_call(call_id: str, call: Authenticated) -> models.CallOut:
    read = await read_call(call.house, call.merchant_id, call_id)
    record = read.record
    return models.CallOut(
        id=record.id,
        program_id=record.program_id,
        member_id=record.member_id,
        kind=record.kind.value,
        created_at=to_rfc3339(record.created_at_ms),
        status=record.state.value,
        tx_hash=record.tx_hash,
        block_number=record.block_number,
        explorer_url=read.explorer_url,
        parked_reason=record.parked_reason,
    )


def _rebound(done: CallAccepted) -> bytes:
    return present.to_json(
        models.RebindOut(
            call_id=done.call_id,
            program_id=done.program_id,
            member_id=done.member_id,
            from_address=done.arguments["from"],
            to_address=done.arguments["to"],
        )
    )


def _set(done: CallAccepted) -> bytes:
    return present.to_json(
        models.SignedOnlyOut(
            call_id=done.call_id,
            program_id=done.program_id,
            member_id=done.member_id,
            signed_only=done.arguments["signed_only"],
        )
    )
