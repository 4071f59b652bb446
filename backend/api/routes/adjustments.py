"""Adjustments: points given or taken by hand."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from backend.api import present
from backend.api.adjustment_models import AdjustmentIn, AdjustmentOut
from backend.api.auth import Authenticated
from backend.api.documented import MOVING_POINTS, WITH_BODY, idempotent, problems, router
from backend.api.fields import to_rfc3339
from backend.services.adjust_points import Adjusted, AdjustPoints
from backend.services.find_member import member_record
from backend.services.read_adjustments import read_adjustment
from backend.services.signed_burn import look_at_member

adjustments = router("adjustments")


@adjustments.post(
    "/members/{member_id}/adjustments",
    status_code=201,
    response_model=AdjustmentOut,
    responses=problems(
        *WITH_BODY,
        *MOVING_POINTS,
        "unknown_member",
        "member_closed",
        "member_merged",
        "adjustment_invalid",
        "points_out_of_range",
        "insufficient_points",
        "signature_required",
    ),
    openapi_extra=idempotent(required=True),
    summary="Give a member points by hand, or take some",
)
async def adjust(member_id: str, body: AdjustmentIn, call: Authenticated) -> Response:
    """Up to the program's bound it is posted at once. More answers `waiting`: one of the
    merchant's people approves it in the console, or refuses."""
    claim = call.required_claim(present.fingerprint(f"members/{member_id}/adjustments", body))
    record = await member_record(call.house, call.merchant_id, member_id)
    signed = await look_at_member(call.house, call.merchant_id, record.id)
    command = AdjustPoints(
        claim, None, record.program_id, record.id, body.points, body.why(), body.note,
        lambda done: present.to_json(_shown(done)), signed,
    )  # fmt: skip
    return present.answered(await call.house.committer.submit(command))


@adjustments.get(
    "/adjustments/{adjustment_id}",
    responses=problems("unknown_adjustment"),
    summary="What became of an adjustment",
)
async def get_adjustment(adjustment_id: str, call: Authenticated) -> AdjustmentOut:
    return _out(await read_adjustment(call.house, call.merchant_id, adjustment_id))


def _shown(done: Adjusted) -> AdjustmentOut:
    return _out(done.row)


def _out(row: dict[str, Any]) -> AdjustmentOut:
    decided_at_ms = row["decided_at_ms"]
    return AdjustmentOut(
        id=row["id"],
        program_id=row["program_id"],
        member_id=row["member_id"],
        points=row["points"],
        reason=row["reason"],
        note=row["note"],
        status=row["state"],
        asked_at=to_rfc3339(row["asked_at_ms"]),
        decided_at=None if decided_at_ms is None else to_rfc3339(decided_at_ms),
        operation_id=row["operation_id"],
    )
