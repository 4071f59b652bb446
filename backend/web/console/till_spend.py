"""Spending points at the till: redeem some, claim a reward, hand over what rules gave."""

from __future__ import annotations

from typing import Any, Final

from fastapi.responses import Response

from backend.core.errors import UnknownMember
from backend.core.lifecycle import RedemptionState
from backend.core.operations import POINTS_MAX
from backend.core.rewards import RewardKind, RewardTerms, Step
from backend.core.roles import Permission
from backend.core.staff_actions import Action
from backend.core.voucher_codes import CODE_ENTROPY_BYTES, make_code, shown
from backend.services.ask_confirmation import new_ask
from backend.services.claim_grant import ClaimGrant, grant_state
from backend.services.claim_reward import ClaimReward
from backend.services.close_claim import CancelClaim
from backend.services.done_by import DoneBy
from backend.services.grant_claim import ClaimChanged
from backend.services.reachable_rewards import reachable_rewards
from backend.services.read_grants import list_grants, read_grant
from backend.services.read_operation import OperationRead, read_operation
from backend.services.read_rewards import ClaimRead, place_of_claim, read_claim, read_reward
from backend.services.read_sales import read_redemption
from backend.services.redeem import HoldPoints
from backend.services.refund_redemption import RefundRedemption
from backend.services.signed_burn import look_at_consent
from backend.web.console import frame
from backend.web.console.till_asking import asking
from backend.web.console.till_member import (
    AtTill,
    at_till,
    body_of,
    claim,
    encode,
    form_errors,
    ref,
    refuse,
    show,
)
from backend.web.console.till_receipt import columns, framed, standing
from backend.web.console.till_sale import TOO_LATE, UNDO_MS
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

GRANTS_SHOWN: Final = 20
CLOSED: Final = {
    "not_active": marked("Not open."),
    "not_yet": marked("Not open yet."),
    "over": marked("No longer offered."),
    "tier_required": marked("For members of another tier."),
    "limit_reached": marked("Claimed as often as allowed."),
    "sold_out": marked("Sold out."),
}
REDEEMED: Final = marked("Points redeemed")
GIVEN: Final = marked("Reward given")
GIVEN_BACK: Final = marked("Undone: the points are back.")
CANCELLED: Final = marked("Cancelled: the points are back.")
OF_PURCHASE: Final = marked("These points paid a purchase: undo or return the purchase.")
DISCOUNT: Final = marked("Take %(value)s off the basket.")
HAND_OVER: Final = marked("Hand it over now, or let the customer come back with the code.")
TAKE_CASH: Final = marked("Take %(amount)s in money as well.")
CODE: Final = marked("Code")


def install(site: Site, place: str) -> None:
    site.get(f"{place}/m/{{member_id}}/spend", _show, Permission.TILL)
    site.post(f"{place}/m/{{member_id}}/redeem", _redeem, Permission.TILL)
    site.post(f"{place}/m/{{member_id}}/claim", _claim, Permission.TILL)
    site.post(f"{place}/m/{{member_id}}/grant", _grant, Permission.TILL)
    site.get(f"{place}/redemption/{{redemption_id}}", _redeemed, Permission.TILL)
    site.post(f"{place}/redemption/{{redemption_id}}/undo", _refund, Permission.TILL)
    site.get(f"{place}/claim/{{claim_id}}", _claimed, Permission.TILL)
    site.post(f"{place}/claim/{{claim_id}}/undo", _cancel, Permission.TILL)


async def _show(page: Page) -> Response:
    member = await at_till(page, page.path("member_id"))
    house, merchant_id = page.house, page.merchant_id
    reachable = await reachable_rewards(house, merchant_id, member.id)
    given, _ = await list_grants(house, merchant_id, member.id, GRANTS_SHOWN, None)
    return await show(
        page,
        "till/spend.html",
        member=member,
        reachable=reachable,
        grants=[each for each in given if grant_state(each) == "open"],
        closed=CLOSED,
        worth=lambda terms, step: f"{value}: " if (value := worth(page, terms, step)) else "",
    )


def worth(page: Page, terms: RewardTerms, step: Step) -> str:
    """What a step gives, where it has a value: an amount, or a share of the basket."""
    if step.value is None:
        return ""
    if terms.kind is RewardKind.DISCOUNT_PERCENT:
        return f"{step.value} %"
    return page.tongue.money(step.value, page.here.currency)


async def _redeem(page: Page) -> Response:
    points = page.form.integer("points", 1, POINTS_MAX)
    if not page.form.ok:
        return form_errors(page)
    member = ref(page, page.path("member_id"))
    signed = await look_at_consent(page.house, page.merchant_id, member, points, None)
    command = HoldPoints(
        claim(page, "redeem", points), member, points, True,
        lambda done: encode({"id": done.redemption_id, "asked": done.confirmation is not None}),
        signed, new_ask(page.house),
    )  # fmt: skip
    answer = await page.house.committer.submit(command)
    done = body_of(answer.body)
    if done["asked"]:
        return page.redirect(frame.place(page, asking(done["id"])))
    return page.redirect(frame.place(page, f"/till/redemption/{done['id']}"))


async def _claim(page: Page) -> Response:
    house, member = page.house, ref(page, page.path("member_id"))
    reward_id, step_id = page.form.raw("reward")[:64], page.form.raw("step")[:64]
    reward, program = await read_reward(house, page.merchant_id, reward_id)
    if program.id != page.here.id:
        raise UnknownMember("The program has no such member.")
    points = reward.terms.step(step_id).points
    signed = await look_at_consent(house, page.merchant_id, member, points, None)
    command = ClaimReward(
        claim(page, "claim", reward_id, step_id), reward_id, member, step_id, True,
        make_code(house.entropy(CODE_ENTROPY_BYTES)), _claim_made, signed, new_ask(house),
    )  # fmt: skip
    done = body_of((await house.committer.submit(command)).body)
    if done["asked"]:
        return page.redirect(frame.place(page, asking(done["asked"])))
    return page.redirect(frame.place(page, f"/till/claim/{done['id']}"))


def _claim_made(done: ClaimChanged) -> bytes:
    asked = done.claim["redemption_id"] if done.confirmation else None
    return encode({"id": done.claim["id"], "asked": asked})


async def _grant(page: Page) -> Response:
    """One of what the rules gave, without points."""
    house, grant_id = page.house, page.form.raw("grant")[:64]
    given, reward_id = await read_grant(house, page.merchant_id, grant_id)
    if given["program_id"] != page.here.id:
        raise UnknownMember("The program has no such member.")
    command = ClaimGrant(
        claim(page, "grant", grant_id), grant_id, given["program_id"], given["member_id"],
        reward_id, make_code(house.entropy(CODE_ENTROPY_BYTES)),
        lambda done: encode({"id": done.claim["id"]}),
    )  # fmt: skip
    answer = await house.committer.submit(command)
    return page.redirect(frame.place(page, f"/till/claim/{body_of(answer.body)['id']}"))


async def _redeemed(page: Page) -> Response:
    row = await read_redemption(page.house, page.merchant_id, page.path("redemption_id"))
    member = await at_till(page, row["member_id"])
    return await _receipt_page(
        page, member, await _operation(page, row["operation_id"]),
        title=page.say(REDEEMED), points=row["points"], at_ms=row["created_at_ms"],
        undo=f"/till/redemption/{row['id']}/undo" if _undoable(page, row) else "",
    )  # fmt: skip


def _undoable(page: Page, row: dict[str, Any]) -> bool:
    fresh = page.house.now_ms() - row["created_at_ms"] < UNDO_MS
    alone = row["purchase_id"] is None and row["claim_id"] is None
    return bool(fresh and alone and row["state"] == RedemptionState.CAPTURED)


async def _claimed(page: Page) -> Response:
    read = await read_claim(page.house, page.merchant_id, page.path("claim_id"))
    member = await at_till(page, read.claim["member_id"])
    redemption: dict[str, Any] = {"operation_id": None, "points": 0}
    if read.claim["redemption_id"]:
        found = await read_redemption(page.house, page.merchant_id, read.claim["redemption_id"])
        redemption |= found
    limit_ms = read.terms.cancel_within_hours * 3_600_000
    fresh = page.house.now_ms() - read.claim["created_at_ms"] < limit_ms
    open_still = read.state in {"granted", "fulfilled"} and fresh
    return await _receipt_page(
        page, member, await _operation(page, redemption["operation_id"]),
        title=page.say(GIVEN), points=redemption["points"], at_ms=read.claim["created_at_ms"],
        facts=_facts(page, read), code=shown(read.code) if read.code else "",
        undo=f"/till/claim/{read.claim['id']}/undo" if open_still else "",
    )  # fmt: skip


def _facts(page: Page, read: ClaimRead) -> list[str]:
    """What the cashier does now."""
    step = read.terms.step(read.claim["step_id"])
    facts = [read.terms.title[page.tongue.language]]
    if step.value is not None and read.terms.gives_voucher:
        facts.append(page.say(DISCOUNT, value=worth(page, read.terms, step)))
    elif read.terms.gives_voucher:
        facts.append(page.say(HAND_OVER))
    if read.claim["cash_minor"]:
        amount = page.tongue.money(read.claim["cash_minor"], page.here.currency)
        facts.append(page.say(TAKE_CASH, amount=amount))
    return facts


async def _operation(page: Page, operation_id: str | None) -> OperationRead | None:
    if operation_id is None:
        return None
    return await read_operation(page.house, page.merchant_id, operation_id)


async def _receipt_page(
    page: Page,
    member: AtTill,
    operation: OperationRead | None,
    *,
    title: str,
    points: int,
    at_ms: int,
    undo: str,
    facts: list[str] | None = None,
    code: str = "",
) -> Response:
    lines = [title, *(facts or ())]
    if points:
        lines += columns(page.say(REDEEMED), f"-{page.tongue.number(points)}")
    if code:
        lines += columns(page.say(CODE), code)
    receipt = await framed(page, [*lines, *standing(page, member)], at_ms)
    return await show(
        page, "till/redeemed.html", member=member, operation=operation, title=title,
        points=points, facts=facts or [], code=code, receipt=receipt,
        undo=frame.place(page, undo) if undo else "",
    )  # fmt: skip


async def _refund(page: Page) -> Response:
    """Gives the points back, as old as they were; the redemption stays in the books."""
    row = await read_redemption(page.house, page.merchant_id, page.path("redemption_id"))
    if row["purchase_id"] is not None:
        return refuse(page, page.say(OF_PURCHASE))
    if page.house.now_ms() - row["created_at_ms"] >= UNDO_MS:
        return refuse(page, page.say(TOO_LATE))
    command = RefundRedemption(
        claim(page, "refund", row["id"]), row["id"], row["program_id"], None,
        lambda done: encode({"id": done.redemption_id}),
    )  # fmt: skip
    done = DoneBy(command, page.user, Action.PURCHASE_UNDONE, row["program_id"], row["id"])
    await page.house.committer.submit(done)
    place = frame.place(page, f"/till/m/{row['member_id']}/spend")
    return page.redirect(place, page.say(GIVEN_BACK))


async def _cancel(page: Page) -> Response:
    """Cancels a claim within the time its reward allows."""
    claim_id = page.path("claim_id")
    place, member_id = await place_of_claim(page.house, page.merchant_id, claim_id)
    command = CancelClaim(
        claim(page, "cancel", claim_id), place, lambda done: encode({"id": done.claim["id"]})
    )
    done = DoneBy(command, page.user, Action.PURCHASE_UNDONE, place.program_id, claim_id)
    await page.house.committer.submit(done)
    back = frame.place(page, f"/till/m/{member_id}/spend")
    return page.redirect(back, page.say(CANCELLED))
