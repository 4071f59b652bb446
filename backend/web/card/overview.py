"""The card itself: to be scanned at the till, with all that it holds at a glance."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from fastapi.responses import Response
from markupsafe import Markup

from backend.core.identifiers import IdentifierKind
from backend.core.voucher_codes import barcode_payload, qr_payload, shown
from backend.core.vouchers import VoucherKind
from backend.services.check_voucher import VoucherRead
from backend.services.give_card import card_qr, identity_with_card
from backend.services.identity import NAME
from backend.services.reachable_rewards import reachable_rewards
from backend.services.read_balance import read_balance
from backend.services.read_history import read_history
from backend.services.read_offers import MemberNow, read_member_now
from backend.services.read_tier import TierRead, read_tier
from backend.services.read_vouchers import read_vouchers
from backend.web.card import frame
from backend.web.card.frame import Visit
from backend.web.card.pictures import barcode_svg, grouped, qr_svg
from backend.web.card.words import Amounts, explorer_address, movement, text_of
from backend.web.kit.languages import Tongue, marked
from backend.web.kit.site import Site

QR_LABEL: Final = marked("QR code of the card %(number)s")
BARCODE_LABEL: Final = marked("Barcode of the card %(number)s")
VOUCHER_LABEL: Final = marked("QR code of the voucher %(code)s")
MOVEMENTS_SHOWN: Final = 4
REWARDS_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Face:
    """What a till scans, and whose it is."""

    name: str
    number: str
    shown_number: str
    qr: Markup
    barcode: Markup


@dataclass(frozen=True, slots=True)
class Ticket:
    """A voucher as its holder shows it."""

    title: str
    code: str
    qr: Markup
    barcode: Markup
    left: str
    from_ms: int | None
    until_ms: int | None


def install(site: Site) -> None:
    """Adds the page."""
    frame.get(site, "/card", _show)


async def _show(visit: Visit) -> Response:
    page, card = visit.page, visit.card
    mine = (page.house, card.merchant_id, card.member_id)
    now = await read_member_now(*mine)
    reach = await reachable_rewards(*mine)
    history = await read_history(*mine, MOVEMENTS_SHOWN, None)
    vouchers = await read_vouchers(*mine)
    amounts = Amounts(page.tongue, now.unit, card.currency)
    tier = await read_tier(*mine)
    return visit.render(
        "card.html",
        face=await face_of(visit),
        now_ms=page.house.now_ms(),
        balance=await read_balance(*mine),
        amounts=amounts,
        tier=tier_words(page.tongue, tier, card.currency),
        tickets=[ticket(page.tongue, each) for each in vouchers],
        rewards=[each for each in reach.rewards if each.refusal is None][:REWARDS_SHOWN],
        offers=[o for o in now.offers if o.rule not in {s.rule for s in now.progress}],
        steps=[step_words(page.tongue, now, each, card.currency) for each in now.progress],
        movements=[movement(page.tongue, each) for each in history.records],
        explorer=explorer_address(card.address),
        text_of=lambda texts: text_of(texts, page.tongue),
    )


async def face_of(visit: Visit) -> Face | None:
    """The card to be scanned; None for a member who may have none."""
    page, card = visit.page, visit.card
    identity = await identity_with_card(page.house, card.merchant_id, card.member_id)
    numbers = identity.get(IdentifierKind.CARD.value, [])
    if not numbers:
        return None
    number = str(numbers[0])
    text = card_qr(page.house, card.program_id, number)
    return Face(
        name=str(identity.get(NAME, "")),
        number=number,
        shown_number=grouped(number),
        qr=qr_svg(text, page.say(QR_LABEL, number=grouped(number))),
        barcode=barcode_svg(number, page.say(BARCODE_LABEL, number=grouped(number))),
    )


def ticket(tongue: Tongue, read: VoucherRead) -> Ticket:
    """A voucher with what is left on it."""
    voucher, benefit = read.voucher, json.loads(read.voucher.benefit)
    free = voucher.allowance.free_units
    left = tongue.money(free, voucher.currency) if voucher.kind == VoucherKind.VALUE else ""
    if voucher.kind == VoucherKind.USES and voucher.capacity_units > 1:
        left = tongue.say_many("%(num)s use left", "%(num)s uses left", free)
    label = tongue.say(VOUCHER_LABEL, code=shown(read.code))
    return Ticket(
        title=text_of(benefit.get("title", {}), tongue) or tongue.say("Voucher"),
        code=shown(read.code),
        qr=qr_svg(qr_payload(read.code), label),
        barcode=barcode_svg(barcode_payload(read.code), label),
        left=left,
        from_ms=voucher.valid_from_ms if read.reason == "not_yet_valid" else None,
        until_ms=voucher.expires_at_ms,
    )


def tier_words(tongue: Tongue, read: TierRead, currency: str) -> dict[str, Any] | None:
    """The level and the way to the next; None in a program without levels."""
    policy, state, progress = read.policy, read.state, read.progress
    if not policy.levels:
        return None
    level, french = policy.level(state.level), tongue.language == "fr"

    def name(of: Any) -> str:
        return str(of.french if french else of.english)

    def much(amount: int) -> str:
        if policy.measure.value == "spend":
            return tongue.money(amount, currency)
        if policy.measure.value == "visits":
            return tongue.say_many("%(num)s visit", "%(num)s visits", amount)
        return tongue.say_many("%(num)s point", "%(num)s points", amount)

    upper = progress.next
    following = policy.level(upper.level) if upper else None
    return {
        "name": name(level) if level else "",
        "until": state.until,
        "benefits": [name(each) for each in level.benefits] if level else [],
        "next": name(following) if following else "",
        "missing": much(upper.missing) if upper else "",
        "done": min(progress.total, upper.threshold) if upper else 0,
        "goal": upper.threshold if upper else 0,
        "keep": much(progress.keeping.missing) if progress.keeping else "",
        "keep_until": progress.keeping.until if progress.keeping else None,
        "kept": progress.keeping is not None and not progress.keeping.missing,
        "clubs": [name(each) for each in read.clubs],
    }


def step_words(tongue: Tongue, now: MemberNow, step: Any, currency: str) -> dict[str, Any]:
    """A stamp card, milestone or streak, and what it gives."""
    money = step.unit == "minor"
    done = tongue.money(step.done, currency) if money else tongue.number(step.done)
    goal = tongue.money(step.goal, currency) if money else tongue.number(step.goal)
    amounts = Amounts(tongue, now.unit, currency)
    reward = (step.reward or "").replace("_", " ")
    return {
        "title": text_of(step.title, tongue),
        "done": step.done,
        "goal": step.goal,
        "said": f"{done} / {goal}",
        "gives": amounts.full(step.points) if step.points else reward,
    }
