"""Rewards on the card: what there is, what is missing, taking one, and what was taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi.responses import Response

from backend.core.claims import HOUR_MS, ClaimState
from backend.core.errors import InvalidInput, MereauError, NotFound
from backend.core.rewards import RewardKind, Step
from backend.core.spending_errors import UnknownClaim, UnknownGrant, UnknownReward
from backend.core.voucher_codes import CODE_ENTROPY_BYTES, make_code
from backend.services.claim_grant import ClaimGrant, grant_state
from backend.services.claim_reward import ClaimReward
from backend.services.close_claim import CancelClaim
from backend.services.grant_claim import ClaimChanged
from backend.services.lookup import MemberById
from backend.services.reachable_rewards import Reach, reachable_rewards
from backend.services.read_grants import list_grants, read_grant
from backend.services.read_offers import read_member_now
from backend.services.read_rewards import ClaimRead, list_claims, place_of_claim
from backend.services.signed_burn import look_at_consent
from backend.web.card import frame
from backend.web.card.frame import Visit
from backend.web.card.words import Amounts, text_of
from backend.web.kit.languages import Tongue, marked
from backend.web.kit.site import Site

CLAIMS_SHOWN: Final = 30
TAKEN: Final = marked("It is yours. The voucher is on your card.")
DONE: Final = marked("It is yours.")
GIVEN_BACK: Final = marked("Cancelled; your points are back.")
_CLOSED: Final = {
    "not_yet": marked("Not yet"),
    "over": marked("Over"),
    "tier_required": marked("For other levels"),
    "limit_reached": marked("You have had it as often as it is given"),
    "sold_out": marked("Nothing left"),
    "not_active": marked("Not offered now"),
}
_REFUSED: Final = {
    "insufficient_points": marked("You do not have enough points for this."),
    "reward_sold_out": marked("Nothing is left of this reward."),
    "reward_limit_reached": marked("You have had this reward as often as it is given."),
    "tier_required": marked("This reward is for members of other levels."),
    "reward_not_offered": marked("This reward is not offered now."),
    "signature_required": marked(
        "Your points move with your own signature only, so a reward is taken at the till and"
        " confirmed on this phone."
    ),
    "claim_not_cancellable": marked("This cannot be cancelled any more."),
    "grant_used": marked("You have taken this already."),
}
_STATES: Final = {
    ClaimState.HELD: marked("set aside for you"),
    ClaimState.GRANTED: marked("yours"),
    ClaimState.FULFILLED: marked("handed over"),
    ClaimState.CANCELLED: marked("cancelled"),
    ClaimState.EXPIRED: marked("ran out"),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A claim, said."""

    id: str
    title: str
    points: int
    state: str
    at_ms: int
    content_url: str | None
    charity: str
    cancellable: bool


def install(site: Site) -> None:
    """Adds the pages."""
    frame.get(site, "/card/rewards", _list)
    frame.get(site, "/card/rewards/{reward_id}", _one)
    frame.post(site, "/card/rewards/{reward_id}", _take)
    frame.post(site, "/card/gifts/{grant_id}", _take_gift)
    frame.post(site, "/card/claims/{claim_id}/cancel", _cancel)


async def _list(visit: Visit) -> Response:
    page, card = visit.page, visit.card
    mine = (page.house, card.merchant_id, card.member_id)
    reach = await reachable_rewards(*mine)
    gifts, _ = await list_grants(*mine, CLAIMS_SHOWN, None)
    claims, _ = await list_claims(*mine, CLAIMS_SHOWN, None)
    now_ms = page.house.now_ms()
    return visit.render(
        "rewards.html",
        amounts=await _amounts(visit),
        available=reach.member.available_points,
        rewards=reach.rewards,
        gifts=[each for each in gifts if grant_state(each) == "open"],
        taken=[_taken(page.tongue, each, now_ms) for each in claims],
        closed=_CLOSED,
        text_of=lambda texts: text_of(texts, page.tongue),
    )


async def _one(visit: Visit) -> Response:
    return await _detail(visit, await _reach(visit))


async def _detail(visit: Visit, reach: Reach, status: int = 200, refused: str = "") -> Response:
    page, terms = visit.page, reach.reward.terms
    return visit.render(
        "reward.html",
        status,
        reach=reach,
        amounts=await _amounts(visit),
        title=text_of(terms.title, page.tongue),
        description=text_of(terms.description, page.tongue),
        steps=[(each, _worth(visit, reach, each)) for each in terms.steps],
        closed=_CLOSED,
        refused=refused,
    )


async def _take(visit: Visit) -> Response:
    """Burns the points and gives the reward. Steps with cash are the till's to give."""
    page, card = visit.page, visit.card
    reach = await _reach(visit)
    step_id = page.form.choice("step", [s.id for s in reach.reward.terms.steps if not s.cash_minor])
    if not page.form.ok:
        return await _detail(visit, reach, 422)
    claim = page.claim(card.merchant_id, ("step",))
    ref = MemberById(card.program_id, card.member_id)
    points = reach.reward.terms.step(step_id).points
    signed = await look_at_consent(page.house, card.merchant_id, ref, points, None)
    code = make_code(page.house.entropy(CODE_ENTROPY_BYTES))
    command = ClaimReward(claim, reach.reward.id, ref, step_id, True, code, _nothing, signed)
    try:
        await page.house.committer.submit(command)
    except (NotFound, InvalidInput):
        raise
    except MereauError as refusal:
        return await _detail(visit, reach, 409, _why(page.tongue, refusal))
    if reach.reward.terms.gives_voucher:
        return page.redirect("/card", page.say(TAKEN))
    return page.redirect("/card/rewards", page.say(DONE))


async def _take_gift(visit: Visit) -> Response:
    page, card = visit.page, visit.card
    given, reward_id = await read_grant(page.house, card.merchant_id, page.path("grant_id"))
    if given["member_id"] != card.member_id:
        raise UnknownGrant("There is no such gift.")
    command = ClaimGrant(
        page.claim(card.merchant_id, ()),
        given["id"],
        given["program_id"],
        given["member_id"],
        reward_id,
        make_code(page.house.entropy(CODE_ENTROPY_BYTES)),
        _nothing,
    )
    await page.house.committer.submit(command)
    return page.redirect("/card", page.say(TAKEN))


async def _cancel(visit: Visit) -> Response:
    page, card = visit.page, visit.card
    place, member_id = await place_of_claim(page.house, card.merchant_id, page.path("claim_id"))
    if member_id != card.member_id:
        raise UnknownClaim("There is no such claim.")
    command = CancelClaim(page.claim(card.merchant_id, ()), place, _nothing)
    try:
        await page.house.committer.submit(command)
    except (NotFound, InvalidInput):
        raise
    except MereauError as refusal:
        return page.redirect("/card/rewards", _why(page.tongue, refusal))
    return page.redirect("/card/rewards", page.say(GIVEN_BACK))


async def _reach(visit: Visit) -> Reach:
    card, wanted = visit.card, visit.page.path("reward_id")
    found = await reachable_rewards(visit.page.house, card.merchant_id, card.member_id)
    for each in found.rewards:
        if each.reward.id == wanted:
            return each
    raise UnknownReward("There is no such reward.")


async def _amounts(visit: Visit) -> Amounts:
    card = visit.card
    now = await read_member_now(visit.page.house, card.merchant_id, card.member_id)
    return Amounts(visit.page.tongue, now.unit, card.currency)


def _worth(visit: Visit, reach: Reach, step: Step) -> str:
    """What a step buys, where it has a value."""
    if step.value is None:
        return ""
    if reach.reward.terms.kind is RewardKind.DISCOUNT_PERCENT:
        return visit.page.tongue.percent(step.value, 100)
    return visit.page.tongue.money(step.value, visit.card.currency)


def _taken(tongue: Tongue, read: ClaimRead, now_ms: int) -> Taken:
    row, terms, voucher = read.claim, read.terms, read.voucher
    granted_ms = row["granted_at_ms"] or row["created_at_ms"]
    used = voucher.spent_units + voucher.reserved_units if voucher else 0
    in_time = now_ms < granted_ms + terms.cancel_within_hours * HOUR_MS
    live = read.state in (ClaimState.GRANTED, ClaimState.FULFILLED)
    return Taken(
        id=row["id"],
        title=text_of(terms.title, tongue),
        points=row["points"],
        state=tongue.say(_STATES[read.state]),
        at_ms=row["created_at_ms"],
        content_url=terms.content_url if live else None,
        charity=read.charity["name"] if read.charity else "",
        cancellable=read.state is ClaimState.HELD
        or (read.state is ClaimState.GRANTED and in_time and not used),
    )


def _why(tongue: Tongue, refusal: MereauError) -> str:
    said = _REFUSED.get(refusal.code)
    return tongue.say(said) if said else tongue.problem(refusal)


def _nothing(_: ClaimChanged | Any) -> bytes:
    return b"{}"
