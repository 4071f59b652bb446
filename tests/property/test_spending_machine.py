"""Random claims and vouchers against a small model: stock, limits, points and values conserve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.api_client import HOLD_SECONDS, Shop, accepted, another_merchant, refused
from tests.integration.spending_kit import reward
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
STOCK, LIMIT, CANCEL_HOURS, CARD_MINOR = 4, 3, 1, 500
PRICES = {"small": 5, "large": 12}
NUMBERS = st.integers(0, 1)


@dataclass
class Claimed:
    """A claim: `held`, `granted`, `fulfilled` or `cancelled`; `spent` of its gift card."""

    member: str
    points: int
    ends_ms: int
    state: str
    granted_ms: int = 0
    code: str = ""
    spent: int = 0


@dataclass
class Use:
    """A use of a gift card: `reserved`, `redeemed`, `released`."""

    claim: Claimed
    units: int
    ends_ms: int
    state: str = "reserved"


class Spending(RuleBasedStateMachine):
    """Drives the catalogue and the vouchers of one merchant."""

    def __init__(self, shared: Shop) -> None:
        super().__init__()
        self.shop = another_merchant(shared)
        self.members = [self.shop.enrol() for _ in range(2)]
        self.points = dict.fromkeys(self.members, 60)
        for member in self.members:
            self.shop.buy(member, 6000)
        self.reward = reward(
            self.shop,
            "gift_card",
            steps=[{"id": i, "points": p, "value": CARD_MINOR} for i, p in PRICES.items()],
            stock=STOCK,
            limit_per_member={"count": LIMIT},
            cancel_within_hours=CANCEL_HOURS,
        )
        self.claims: dict[str, Claimed] = {}
        self.uses: dict[str, Use] = {}

    @property
    def now_ms(self) -> int:
        return self.shop.clock.now_ms

    def state_of(self, one: Claimed | Use) -> str:
        waits = one.state in ("held", "reserved")
        return "expired" if waits and one.ends_ms <= self.now_ms else one.state

    def standing(self) -> list[Claimed]:
        keep = ("held", "granted", "fulfilled")
        return [one for one in self.claims.values() if self.state_of(one) in keep]

    def held(self, member: str) -> int:
        mine = [one for one in self.claims.values() if one.member == member]
        return sum(one.points for one in mine if self.state_of(one) == "held")

    def reserved(self, claim: Claimed) -> int:
        mine = [use for use in self.uses.values() if use.claim is claim]
        return sum(use.units for use in mine if self.state_of(use) == "reserved")

    def any_of(self, data: st.DataObject, known: dict[str, Any]) -> str:
        return data.draw(st.sampled_from(list(known)))

    @rule(number=NUMBERS, step=st.sampled_from(sorted(PRICES)), capture=st.booleans())
    def claim(self, number: int, step: str, capture: bool) -> None:
        member, price = self.members[number], PRICES[step]
        body = {"member_id": member, "step": step, "capture": capture}
        answer = self.shop.post(f"/rewards/{self.reward}/claims", body)
        standing = self.standing()
        if sum(one.member == member for one in standing) >= LIMIT:
            refused(answer, 409, "reward_limit_reached")
        elif len(standing) >= STOCK:
            refused(answer, 409, "reward_sold_out")
        elif self.points[member] - self.held(member) < price:
            refused(answer, 409, "insufficient_points")
        else:
            made = accepted(answer)
            ends_ms = self.now_ms + HOLD_SECONDS * 1000
            one = Claimed(member, price, ends_ms, "held")
            self.claims[made["id"]] = one
            if capture:
                self.granted(one, made)

    def granted(self, one: Claimed, answer: dict[str, Any]) -> None:
        one.state, one.granted_ms = "granted", self.now_ms
        one.code = answer["voucher"]["code"]
        self.points[one.member] -= one.points

    @rule(data=st.data())
    def capture(self, data: st.DataObject) -> None:
        if not self.claims:
            return
        claim_id = self.any_of(data, self.claims)
        one, answer = self.claims[claim_id], self.shop.post(f"/claims/{claim_id}/capture")
        if self.state_of(one) == "held":
            self.granted(one, accepted(answer))
        else:
            assert refused(answer, 409, "claim_not_held")["state"] == self.state_of(one)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if not self.claims:
            return
        claim_id = self.any_of(data, self.claims)
        one, answer = self.claims[claim_id], self.shop.post(f"/claims/{claim_id}/cancel")
        in_time = self.now_ms < one.granted_ms + CANCEL_HOURS * 3_600_000
        untouched = not one.spent and not self.reserved(one)
        if self.state_of(one) == "held":
            assert accepted(answer)["restored_points"] == one.points
        elif self.state_of(one) == "granted" and in_time and untouched:
            assert accepted(answer)["restored_points"] == one.points
            self.points[one.member] += one.points
        else:
            refused(answer, 409, "claim_not_cancellable")
            return
        one.state = "cancelled"

    @rule(data=st.data(), units=st.sampled_from([1, 200, 300, CARD_MINOR]))
    def reserve(self, data: st.DataObject, units: int) -> None:
        given = {name: one for name, one in self.claims.items() if one.code}
        if not given:
            return
        one = given[self.any_of(data, given)]
        answer = self.shop.post("/voucher-uses", {"code": one.code, "amount_minor": units})
        free = CARD_MINOR - one.spent - self.reserved(one)
        if one.state == "cancelled" or not free:
            refused(answer, 409, "voucher_not_usable")
        elif units > free:
            assert refused(answer, 409, "voucher_value_exceeded")["free_units"] == free
        else:
            made = accepted(answer)
            ends_ms = self.now_ms + HOLD_SECONDS * 1000
            self.uses[made["id"]] = Use(one, units, ends_ms)

    @rule(data=st.data(), part=st.sampled_from([None, 1, 250]))
    def redeem(self, data: st.DataObject, part: int | None) -> None:
        if not self.uses:
            return
        use_id = self.any_of(data, self.uses)
        use = self.uses[use_id]
        answer = self.shop.post(f"/voucher-uses/{use_id}/redeem", {"amount_minor": part})
        if self.state_of(use) != "reserved":
            assert refused(answer, 409, "voucher_use_closed")["state"] == self.state_of(use)
        elif part is not None and part > use.units:
            refused(answer, 409, "voucher_value_exceeded")
        else:
            use.state = "redeemed"
            use.claim.spent += use.units if part is None else part
            if use.claim.spent == CARD_MINOR:
                use.claim.state = "fulfilled"
            assert accepted(answer)["voucher"]["spent_units"] == use.claim.spent <= CARD_MINOR

    @rule(seconds=st.sampled_from([1, HOLD_SECONDS - 1, HOLD_SECONDS, 3600]))
    def wait(self, seconds: int) -> None:
        self.shop.clock.forward(seconds)

    def teardown(self) -> None:
        shown = accepted(self.shop.get(f"/rewards/{self.reward}"))
        assert shown["claimed"] == len(self.standing()) == STOCK - shown["left"]
        for member in self.members:
            held = self.held(member)
            assert self.shop.balance(member) == (self.points[member] - held, held)
        for claim_id, one in self.claims.items():
            read = accepted(self.shop.get(f"/claims/{claim_id}"))
            assert read["status"] == self.state_of(one)
            if one.code:
                voucher = read["voucher"]
                assert voucher["spent_units"] == one.spent
                assert voucher["reserved_units"] == self.reserved(one)
                assert voucher["free_units"] == CARD_MINOR - one.spent - self.reserved(one)


@pytest.mark.parametrize("shared_shop", ["sqlite"], indirect=True)
def test_random_spending_agrees_with_the_model(shared_shop: Shop) -> None:
    run_state_machine_as_test(
        partial(Spending, shared_shop),  # type: ignore[arg-type] # any factory will do
        settings=settings(max_examples=8, stateful_step_count=30),
    )
    audit(shared_shop.database.ledger)
