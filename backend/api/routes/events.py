"""Events: what members do besides buying."""

from __future__ import annotations

from fastapi import Response

from backend.api import present, present_earning
from backend.api.auth import Authenticated
from backend.api.documented import (
    MOVING_POINTS,
    NAMING_A_MEMBER,
    WITH_BODY,
    idempotent,
    problems,
    router,
)
from backend.api.event_models import EventIn, EventOut
from backend.api.fields import to_ms
from backend.api.routes.purchases import member_ref
from backend.services.lookup import MemberById
from backend.services.record_event import EventTerms, RecordEvent
from backend.services.resolve_member import resolve_member

events = router("events")


@events.post(
    "/events",
    status_code=201,
    response_model=EventOut,
    responses=problems(
        *WITH_BODY,
        *MOVING_POINTS,
        *NAMING_A_MEMBER,
        "timestamp_invalid",
        "points_out_of_range",
        "event_reserved",
        "event_already_recorded",
    ),
    openapi_extra=idempotent(required=True),
    summary="Record an event and what it earns",
)
async def record_event(body: EventIn, call: Authenticated) -> Response:
    """A review, a survey, a visit: what rules reward besides purchases. Needs an
    Idempotency-Key; an `event_id` counts once whatever the key."""
    claim = call.required_claim(present.fingerprint("events", body))
    ref = member_ref(call.house, body)
    member_id = await resolve_member(call.house, call.merchant_id, ref)
    terms = EventTerms(
        member=MemberById(body.program_id, member_id),
        event_id=body.event_id,
        name=body.name,
        occurred_at_ms=to_ms(body.occurred_at),
        attributes=body.attributes,
        purchase_id=body.purchase_id,
    )
    command = RecordEvent(claim, terms, present_earning.event)
    return present.answered(await call.house.committer.submit(command))
