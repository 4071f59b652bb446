"""Record an event: what a member did besides buying, what it earns, and what it releases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from backend.core.canonical import canonical_json
from backend.core.engine.outcome import Evaluation
from backend.core.engine.schedule import PURCHASE, SCHEDULED
from backend.core.errors import EventAlreadyRecorded, EventReserved, TimestampInvalid
from backend.core.operations import Kind
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.rule_tables import MemberEvent
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.accept_purchase import CLOCK_SKEW_MS
from backend.services.crediting import credit, credits_document
from backend.services.judging import judge_event
from backend.services.lookup import MemberById, till_program, well_formed
from backend.services.pending_points import release
from backend.services.stage_grants import stage_grants

Attributes = Mapping[str, str | int | bool]
SIGNUP: Final = "signup"
ONCE: Final = frozenset({SIGNUP, "profile_completed"})
"""Events that happen once in a member's life in a program."""
RESERVED: Final = frozenset({*SCHEDULED, PURCHASE, "referral", "subscription_month"})


def once_key(name: str, member_id: str) -> str:
    """The key of an event that a member has once."""
    return f"once:{name}:{member_id}"


@dataclass(frozen=True, slots=True)
class EventTerms:
    """What is said about an event; its `event_id` is unique in the program for ever.

    With a `purchase_id`, the event releases the pending points of that purchase alone. The id of
    a `scheduled` one is the occasion, unique for the member. Raises EventReserved for a name
    that is the calendar's, or the program's own.
    """

    member: MemberById
    event_id: str
    name: str
    occurred_at_ms: int
    attributes: Attributes
    purchase_id: str | None = None
    scheduled: bool = False

    def __post_init__(self) -> None:
        if self.name in RESERVED and not self.scheduled:
            raise EventReserved("Events of this name are not reported: they follow by themselves.")

    @property
    def key(self) -> str:
        """The key that makes a second recording impossible."""
        if self.scheduled:
            return f"{scheduled_key(self.name, self.event_id)}{self.member.member_id}"
        if self.name in ONCE:
            return once_key(self.name, self.member.member_id)
        return f"client:{self.event_id}"


def scheduled_key(name: str, occasion: str) -> str:
    """What keys of the calendar's events begin with; the member's id follows."""
    return f"auto:{name}:{occasion}:"


@dataclass(frozen=True, slots=True)
class EventRecorded:
    event_id: str
    terms: EventTerms
    member: MemberState
    earned: Evaluation
    released_points: int
    operation_ids: tuple[str, ...]
    grant_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """Raises UnknownProgram, UnknownMember, TimestampInvalid, PointsOutOfRange or
    EventAlreadyRecorded; none of them writes anything."""

    claim: Claim
    terms: EventTerms
    render: Callable[[EventRecorded], bytes]

    def wants(self) -> Wants:
        terms = self.terms
        wants = terms.member.wants()
        wants.rules_of |= wants.programs
        wants.events |= {(program_id, terms.key) for program_id in wants.programs}
        if terms.purchase_id is not None:
            wants.pending_of |= well_formed("pur", terms.purchase_id)
        else:
            wants.pending_of_members |= wants.members
        return wants

    def decide(self, work: UnitOfWork) -> Answer:
        terms = self.terms
        program = till_program(work, self.claim.merchant_id, terms.member.program_id)
        member = terms.member.resolve(work)
        if terms.occurred_at_ms > work.now_ms + CLOCK_SKEW_MS:
            raise TimestampInvalid("occurred_at is more than a day in the future.")
        if (known := work.state.earning.events.get((program.id, terms.key))) is not None:
            raise EventAlreadyRecorded("The event was recorded already.", event_id=known)
        return Answer(201, self.render(record_event(work, program, member, terms)))


def record_event(
    work: UnitOfWork, program: ProgramState, member: MemberState, terms: EventTerms
) -> EventRecorded:
    """Judges and stages an event whose key is new; raises PointsOutOfRange."""
    earned = judge_event(work, program, member, terms.name, terms.attributes, terms.occurred_at_ms)
    event_id = work.new_id("evt")
    details = {
        "event": terms.name,
        "event_id": event_id,
        "occurred_at_ms": terms.occurred_at_ms,
    }
    operation_ids = credit(work, program, member, earned, Kind.BONUS, event_id, details)
    released = [
        (row["points"] - row["cancelled_points"], release(work, member, row))
        for row in _released_by(work, member, terms)
    ]
    operation_ids += tuple(operation_id for _, operation_id in released if operation_id)
    row: dict[str, Any] = {
        "id": event_id,
        "program_id": program.id,
        "member_id": member.id,
        "event_key": terms.key,
        "name": terms.name,
        "attributes": canonical_json(terms.attributes).decode(),
        "occurred_at_ms": terms.occurred_at_ms,
        "received_at_ms": work.now_ms,
        "rules_version": work.state.earning.rules_version[program.id],
        "document": credits_document(earned) if earned.credits or earned.grants else None,
        "points": earned.points_now,
        "pending_points": earned.points_pending,
        "operation_id": operation_ids[0] if operation_ids else None,
    }
    work.stage(MemberEvent, row)
    work.state.earning.events[program.id, terms.key] = event_id
    grant_ids = stage_grants(work, member, earned, event_id)
    released_points = sum(points for points, _ in released)
    return EventRecorded(event_id, terms, member, earned, released_points, operation_ids, grant_ids)


def welcome(work: UnitOfWork, program: ProgramState, member: MemberState) -> None:
    """Gives a member who enrolled this moment what the rules give for it."""
    rules = work.state.earning.rules[program.id]
    if SIGNUP in rules.events:
        terms = EventTerms(
            member=MemberById(program.id, member.id),
            event_id=SIGNUP,
            name=SIGNUP,
            occurred_at_ms=work.now_ms,
            attributes={},
        )
        record_event(work, program, member, terms)


def _released_by(work: UnitOfWork, member: MemberState, terms: EventTerms) -> list[dict[str, Any]]:
    """The member's pending points that wait for this event, of the named purchase or of all."""
    return [
        row
        for row in list(work.state.earning.pending.values())
        if row["member_id"] == member.id
        and row["state"] == "pending"
        and row["release_event"] == terms.name
        and terms.purchase_id in (None, row["source_id"])
    ]
