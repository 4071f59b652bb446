"""Rewards: what a merchant offers for points, and to whom it is open.

A reward has price steps: the same discount at 100 points for 5.00 and at 180 for 10.00, or a
product at 500 points, or at 200 points and 15.00 in cash. `RewardTerms.parse` reads the document
that is stored and published; texts are in English and French.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from backend.core.money import AMOUNT_MINOR_MAX
from backend.core.operations import POINTS_MAX
from backend.core.spending_errors import (
    RewardInvalid,
    RewardLimitReached,
    RewardNotOffered,
    RewardSoldOut,
    TierRequired,
)

STEPS_MAX: Final = 20
DAYS_MAX: Final = 3650
STOCK_MAX: Final = 10**9


class RewardKind(StrEnum):
    DISCOUNT_AMOUNT = "discount_amount"
    DISCOUNT_PERCENT = "discount_percent"
    PRODUCT = "product"
    SERVICE = "service"
    EXPERIENCE = "experience"
    GIFT_CARD = "gift_card"
    FREE_DELIVERY = "free_delivery"
    DONATION = "donation"
    EARLY_ACCESS = "early_access"
    DIGITAL_CONTENT = "digital_content"
    ECO = "eco"


class RewardState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class Window(StrEnum):
    """Over which time a member's claims count towards their limit, in the program's zone."""

    EVER = "ever"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


_VALUED: Final = {
    RewardKind.DISCOUNT_AMOUNT: AMOUNT_MINOR_MAX,
    RewardKind.DISCOUNT_PERCENT: 100,
    RewardKind.GIFT_CARD: AMOUNT_MINOR_MAX,
    RewardKind.DONATION: AMOUNT_MINOR_MAX,
}
"""Kinds whose steps say what they are worth, and the most that may be."""
_DONE_AT_ONCE: Final = frozenset({RewardKind.DONATION, RewardKind.DIGITAL_CONTENT})
_WITHOUT_VOUCHER: Final = _DONE_AT_ONCE | {RewardKind.ECO}
_NEEDS: Final = {
    RewardKind.PRODUCT: "sku",
    RewardKind.DONATION: "charity_id",
    RewardKind.DIGITAL_CONTENT: "content_url",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A price and what it buys: `value` in minor units, or in percent of a basket."""

    id: str
    points: int
    cash_minor: int = 0
    value: int | None = None


@dataclass(frozen=True, slots=True)
class RewardTerms:
    """A reward as it is offered. Times in UTC milliseconds; None is no bound."""

    kind: RewardKind
    title: Mapping[str, str]
    description: Mapping[str, str]
    steps: tuple[Step, ...]
    image_url: str | None = None
    stock: int | None = None
    per_member: int | None = None
    per_member_window: Window = Window.EVER
    from_ms: int | None = None
    until_ms: int | None = None
    tiers: tuple[str, ...] = ()
    voucher_days: int | None = None
    voucher_uses: int = 1
    cancel_within_hours: int = 0
    sku: str | None = None
    charity_id: str | None = None
    content_url: str | None = None
    place: str | None = None
    starts_at: str | None = None

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> RewardTerms:
        """From its document, whose members have the right types; raises RewardInvalid."""
        fields = dict(document)
        fields["kind"] = RewardKind(fields["kind"])
        fields["per_member_window"] = Window(fields["per_member_window"])
        fields["steps"] = tuple(Step(**step) for step in fields["steps"])
        fields["tiers"] = tuple(fields["tiers"])
        terms = cls(**fields)
        terms._check()
        return terms

    def to_document(self) -> dict[str, Any]:
        """The document it was parsed from."""
        named = {name: getattr(self, name) for name in self.__dataclass_fields__}
        named["steps"] = [
            {name: getattr(step, name) for name in Step.__dataclass_fields__} for step in self.steps
        ]
        return named | {"tiers": list(self.tiers)}

    @property
    def gives_voucher(self) -> bool:
        """Whether a claim gives a voucher that a till takes."""
        return self.kind not in _WITHOUT_VOUCHER

    @property
    def done_at_once(self) -> bool:
        """Whether a claim leaves nothing to hand over."""
        return self.kind in _DONE_AT_ONCE

    def step(self, step_id: str | None) -> Step:
        """The step named, or the only one; raises RewardNotOffered."""
        found = [step for step in self.steps if step_id in (None, step.id)]
        if len(found) != 1:
            raise RewardNotOffered("The reward has no such price step.", reason="no_such_step")
        return found[0]

    def _check(self) -> None:
        _require(1 <= len(self.steps) <= STEPS_MAX, f"A reward has 1 to {STEPS_MAX} price steps.")
        ids = {step.id for step in self.steps}
        _require(len(ids) == len(self.steps), "Each price step has an id of its own.")
        for step in self.steps:
            self._check_step(step)
        limits = (self.stock, STOCK_MAX), (self.per_member, STOCK_MAX)
        days = (self.voucher_days, DAYS_MAX), (self.voucher_uses, 1000)
        for value, most in (*limits, *days):
            _require(value is None or 1 <= value <= most, "A limit is 1 or more, or left out.")
        hours_max = DAYS_MAX * 24
        _require(0 <= self.cancel_within_hours <= hours_max, f"0 to {hours_max} hours.")
        if self.from_ms is not None and self.until_ms is not None:
            _require(self.from_ms < self.until_ms, "The reward would end before it begins.")
        needed = _NEEDS.get(self.kind)
        if needed is not None:
            _require(getattr(self, needed) is not None, f"A {self.kind} has its {needed}.")
        _require(
            self.charity_id is None or self.kind in (RewardKind.DONATION, RewardKind.ECO),
            "Only a donation or an eco reward goes to a charity.",
        )

    def _check_step(self, step: Step) -> None:
        _require(1 <= step.points <= POINTS_MAX, f"A step takes 1 to {POINTS_MAX} points.")
        _require(0 <= step.cash_minor <= AMOUNT_MINOR_MAX, "The cash of a step is out of range.")
        most = _VALUED.get(self.kind)
        if most is None:
            _require(step.value is None, f"A {self.kind} has no value.")
        else:
            fits = step.value is not None and 1 <= step.value <= most
            _require(fits, f"A step of a {self.kind} has a value of 1 to {most}.")


ClosedFor = Literal["not_active", "not_yet", "over", "tier_required", "limit_reached", "sold_out"]
"""Why a member cannot have a reward, whatever their points."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward as it stands for one member now: `taken_count` of its stock are claimed, the
    member claimed `claimed_count` of it in the window of its limit."""

    terms: RewardTerms
    state: RewardState
    taken_count: int
    claimed_count: int
    tier_id: str | None
    now_ms: int

    def refusal(self) -> ClosedFor | None:
        """Why the member cannot have it, points aside."""
        terms = self.terms
        if self.state is not RewardState.ACTIVE:
            return "not_active"
        if terms.from_ms is not None and self.now_ms < terms.from_ms:
            return "not_yet"
        if terms.until_ms is not None and self.now_ms >= terms.until_ms:
            return "over"
        if terms.tiers and self.tier_id not in terms.tiers:
            return "tier_required"
        if terms.per_member is not None and self.claimed_count >= terms.per_member:
            return "limit_reached"
        if terms.stock is not None and self.taken_count >= terms.stock:
            return "sold_out"
        return None

    def require(self) -> None:
        """Raises RewardNotOffered, TierRequired, RewardLimitReached or RewardSoldOut."""
        reason = self.refusal()
        if reason == "tier_required":
            raise TierRequired("The reward is for members of other tiers.")
        if reason == "limit_reached":
            raise RewardLimitReached("The member has claimed this reward as often as allowed.")
        if reason == "sold_out":
            raise RewardSoldOut("Nothing is left of this reward.")
        if reason is not None:
            raise RewardNotOffered("The reward is not offered now.", reason=reason)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise RewardInvalid(message)
