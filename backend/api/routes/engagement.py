"""What holds for a member now, what is known of them, and who brought whom."""

from __future__ import annotations

from fastapi import Response

from backend.api import present, present_rules
from backend.api.auth import Authenticated
from backend.api.documented import (
    INACTIVE_MEMBER,
    NAMING_A_MEMBER,
    WITH_BODY,
    WITH_KEY,
    idempotent,
    problems,
    router,
)
from backend.api.engagement_models import (
    AttributesIn,
    AttributesOut,
    ReferralCodeOut,
    ReferralIn,
    ReferralOut,
)
from backend.api.routes.purchases import member_ref
from backend.api.rule_models import OffersPage, ProgressOut
from backend.ledger.loading import MemberState
from backend.services.describe_member import DescribeMember, MemberDescribed
from backend.services.find_member import member_record
from backend.services.lookup import MemberById
from backend.services.read_offers import read_member_now
from backend.services.refer_member import (
    CODE_LENGTH,
    OPEN,
    GiveReferralCode,
    ReferMember,
    ReferralRecorded,
    make_code,
)
from backend.services.resolve_member import resolve_member

engagement = router("members")
referrals = router("referrals")


@engagement.get(
    "/members/{member_id}/offers",
    responses=problems("unknown_member"),
    summary="What rules hold for a member now",
)
async def get_offers(member_id: str, call: Authenticated) -> OffersPage:
    """Rules within their days and budget, whose conditions on the member and the moment hold."""
    return present_rules.offers(await read_member_now(call.house, call.merchant_id, member_id))


@engagement.get(
    "/members/{member_id}/progress",
    responses=problems("unknown_member"),
    summary="What is missing to a member's next awards",
)
async def get_progress(member_id: str, call: Authenticated) -> ProgressOut:
    """Stamp cards, milestones and streaks, and what the program remembers of the member."""
    return present_rules.progress(await read_member_now(call.house, call.merchant_id, member_id))


@engagement.put(
    "/members/{member_id}/attributes",
    response_model=AttributesOut,
    responses=problems(*WITH_BODY, "unknown_member", *INACTIVE_MEMBER, "overloaded"),
    summary="Set a member's birthday and labels",
)
async def set_attributes(member_id: str, body: AttributesIn, call: Authenticated) -> Response:
    """The birthday is kept sealed, as everything personal is; labels name no person."""
    record = await member_record(call.house, call.merchant_id, member_id)
    command = DescribeMember(
        call.merchant_id,
        MemberById(record.program_id, member_id),
        body.birthday,
        None if body.labels is None else frozenset(body.labels),
        _described,
    )
    return present.answered(await call.house.committer.submit(command))


@engagement.post(
    "/members/{member_id}/referral-code",
    response_model=ReferralCodeOut,
    responses=problems(*WITH_KEY, "unknown_member", *INACTIVE_MEMBER),
    openapi_extra=idempotent(required=False),
    summary="Get the code a member gives to friends",
)
async def give_referral_code(member_id: str, call: Authenticated) -> Response:
    """The same code for ever; it is made when it is first asked for."""
    record = await member_record(call.house, call.merchant_id, member_id)
    command = GiveReferralCode(
        call.merchant_id,
        call.optional_claim(present.fingerprint(f"members/{member_id}/referral-code")),
        MemberById(record.program_id, member_id),
        make_code(call.house.entropy(CODE_LENGTH)),
        _code,
    )
    return present.answered(await call.house.committer.submit(command))


@referrals.post(
    "/referrals",
    status_code=201,
    response_model=ReferralOut,
    responses=problems(
        *WITH_BODY, *WITH_KEY, *NAMING_A_MEMBER, "unknown_referral_code", "referral_refused"
    ),
    openapi_extra=idempotent(required=False),
    summary="Say who brought a new member",
)
async def refer_member(body: ReferralIn, call: Authenticated) -> Response:
    """Both get what the rules' `referral` says once the newcomer's first purchase that counts is
    final. `reason` says why it is refused: `self`, `already_referred` or `has_bought`."""
    member_id = await resolve_member(call.house, call.merchant_id, member_ref(call.house, body))
    command = ReferMember(
        call.merchant_id,
        call.optional_claim(present.fingerprint("referrals", body)),
        MemberById(body.program_id, member_id),
        body.code,
        _referral,
    )
    return present.answered(await call.house.committer.submit(command))


def _described(result: MemberDescribed) -> bytes:
    return present.to_json(
        AttributesOut(
            member_id=result.member_id, birthday=result.birthday, labels=list(result.labels)
        )
    )


def _code(member: MemberState, code: str) -> bytes:
    return present.to_json(ReferralCodeOut(member_id=member.id, code=code))


def _referral(result: ReferralRecorded) -> bytes:
    return present.to_json(
        ReferralOut(
            program_id=result.referee.program_id,
            referee_id=result.referee.id,
            referrer_id=result.referrer_id,
            status=OPEN,
        )
    )
