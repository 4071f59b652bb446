"""What a reward can be, to whom it is open, and in which window claims count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.core.claims import (
    HOUR_MS,
    ClaimState,
    claim_state,
    end_of_day_ms,
    require_cancellable,
    window_start_ms,
)
from backend.core.rewards import Offer, RewardState, RewardTerms, Window
from backend.core.spending_errors import (
    ClaimNotCancellable,
    RewardInvalid,
    RewardNotOffered,
    RewardSoldOut,
)

PARIS = "Europe/Paris"


def document(kind: str = "service", **terms: Any) -> dict[str, Any]:
    plain = {"kind": kind, "title": {"en": "A", "fr": "B"}, "description": {}}
    return (
        plain
        | {"steps": [{"id": "a", "points": 5}], "per_member_window": "ever", "tiers": []}
        | terms
    )


def step(**terms: Any) -> list[dict[str, Any]]:
    return [{"id": "a", "points": 5} | terms]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 1000


def test_a_document_is_its_terms_and_back() -> None:
    terms = RewardTerms.parse(
        document("donation", charity_id="cha_1", steps=step(value=100), stock=3, tiers=["gold"])
    )
    assert RewardTerms.parse(terms.to_document()) == terms


@pytest.mark.parametrize(
    "wrong",
    [
        document(steps=[]),
        document(steps=step() * 21),
        document(steps=[*step(), *step()]),
        document(steps=step(points=0)),
        document(steps=step(cash_minor=-1)),
        document(steps=step(value=1)),
        document("discount_amount"),
        document("discount_percent", steps=step(value=101)),
        document("gift_card", steps=step(value=0)),
        document("product"),
        document("donation", steps=step(value=5)),
        document("digital_content"),
        document(charity_id="cha_1"),
        document(stock=0),
        document(per_member=-1),
        document(voucher_days=3651),
        document(voucher_uses=0),
        document(cancel_within_hours=-1),
        document(from_ms=5, until_ms=5),
    ],
)
def test_what_no_reward_can_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(RewardInvalid):
        RewardTerms.parse(wrong)


@pytest.mark.parametrize(
    ("changes", "taken", "claimed", "tier", "refusal"),
    [
        ({}, 0, 0, None, None),
        ({"from_ms": 101}, 0, 0, None, "not_yet"),
        ({"from_ms": 100, "until_ms": 101}, 0, 0, None, None),
        ({"until_ms": 100}, 0, 0, None, "over"),
        ({"tiers": ["gold"]}, 0, 0, None, "tier_required"),
        ({"tiers": ["gold"]}, 0, 0, "silver", "tier_required"),
        ({"tiers": ["silver", "gold"]}, 0, 0, "silver", None),
        ({"per_member": 2}, 0, 1, None, None),
        ({"per_member": 2}, 0, 2, None, "limit_reached"),
        ({"stock": 2}, 1, 0, None, None),
        ({"stock": 2}, 2, 0, None, "sold_out"),
    ],
)
def test_who_can_have_it(
    changes: dict[str, Any], taken: int, claimed: int, tier: str | None, refusal: str | None
) -> None:
    terms = RewardTerms.parse(document(**changes))
    assert Offer(terms, RewardState.ACTIVE, taken, claimed, tier, 100).refusal() == refusal
    assert Offer(terms, RewardState.DRAFT, taken, claimed, tier, 100).refusal() == "not_active"


def test_refusals_have_classes_of_their_own() -> None:
    terms = RewardTerms.parse(document(stock=1))
    with pytest.raises(RewardSoldOut):
        Offer(terms, RewardState.ACTIVE, 1, 0, None, 0).require()
    with pytest.raises(RewardNotOffered):
        Offer(terms, RewardState.ARCHIVED, 0, 0, None, 0).require()
    with pytest.raises(RewardNotOffered):
        terms.step("b")


@pytest.mark.parametrize(
    ("window", "now", "start"),
    [
        (Window.DAY, "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00"),
        (Window.DAY, "2026-03-29T00:00:00+01:00", "2026-03-29T00:00:00+01:00"),
        (Window.MONTH, "2026-07-31T23:59:59+02:00", "2026-07-01T00:00:00+02:00"),
        (Window.YEAR, "2026-07-31T23:59:59+02:00", "2026-01-01T00:00:00+01:00"),
    ],
)
def test_windows_begin_at_local_midnight(window: Window, now: str, start: str) -> None:
    assert window_start_ms(window, PARIS, at(now)) == at(start)
    assert window_start_ms(Window.EVER, PARIS, at(now)) == 0


def test_a_voucher_ends_with_a_local_day() -> None:
    now = at("2026-03-28T23:59:59+01:00")
    assert end_of_day_ms(PARIS, now, 0) == at("2026-03-29T00:00:00+01:00")
    assert end_of_day_ms(PARIS, now, 1) == at("2026-03-30T00:00:00+02:00")


def test_a_hold_that_ran_out_is_over_whoever_wrote_it_down() -> None:
    assert claim_state(ClaimState.HELD, 100, 99) is ClaimState.HELD
    assert claim_state(ClaimState.HELD, 100, 100) is ClaimState.EXPIRED
    assert claim_state(ClaimState.GRANTED, 100, 100) is ClaimState.GRANTED


@pytest.mark.parametrize(
    ("state", "hours", "used", "now_ms", "reason"),
    [
        (ClaimState.HELD, 0, 0, 0, None),
        (ClaimState.GRANTED, 0, 0, 0, "too_late"),
        (ClaimState.GRANTED, 1, 0, HOUR_MS - 1, None),
        (ClaimState.GRANTED, 1, 0, HOUR_MS, "too_late"),
        (ClaimState.GRANTED, 1, 1, 0, "voucher_used"),
        (ClaimState.FULFILLED, 1, 0, 0, "fulfilled"),
        (ClaimState.CANCELLED, 1, 0, 0, "cancelled"),
        (ClaimState.EXPIRED, 1, 0, 0, "expired"),
    ],
)
def test_what_can_be_cancelled(
    state: ClaimState, hours: int, used: int, now_ms: int, reason: str | None
) -> None:
    if reason is None:
        require_cancellable(state, 0, hours, used, now_ms)
        return
    with pytest.raises(ClaimNotCancellable) as refused:
        require_cancellable(state, 0, hours, used, now_ms)
    assert refused.value.facts == {"reason": reason}
