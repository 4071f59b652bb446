"""Random shoppers against a small model: holds, captures, lapses, returns, replays, duplicates."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from httpx2 import Response
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.api_client import HOLD_SECONDS, Shop, accepted, another_merchant, refused
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
# Few members and few sizes, so that holds, returns and redemptions meet each other.
AMOUNTS = st.sampled_from([0, 99, 100, 1000, 2050, 3000])
NUMBERS = st.integers(0, 1)
POINTS = st.sampled_from([1, 5, 10, 20, 30])


@dataclass
class Hold:
    member: str
    points: int
    ends_ms: int
    state: str = "held"


@dataclass
class Model:
    """What the points of everybody should be."""

    points: dict[str, int] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    bought: dict[str, tuple[str, int]] = field(default_factory=dict)
    returned: set[str] = field(default_factory=set)

    def held(self, member: str, now_ms: int) -> int:
        return sum(
            hold.points
            for hold in self.holds.values()
            if hold.member == member and hold.state == "held" and hold.ends_ms > now_ms
        )

    def available(self, member: str, now_ms: int) -> int:
        return self.points[member] - self.held(member, now_ms)


@dataclass
class Asked:
    """A request that was served, to be repeated."""

    path: str
    body: Any
    key: str
    answer: Response


class Shopping(RuleBasedStateMachine):
    """Drives one merchant's till; the ledger and the model must tell the same story."""

    served = Bundle("served")

    def __init__(self, shared: Shop) -> None:
        super().__init__()
        self.shop = another_merchant(shared)
        self.model = Model()
        self.steps = 0
        self.members = [self.shop.enrol() for _ in range(2)]
        self.model.points = dict.fromkeys(self.members, 0)
        for number in range(2):
            self.bought(number, 3000)

    def ask(self, path: str, body: Any) -> tuple[Response, Asked]:
        self.steps += 1
        key = f"machine-{self.steps}"
        answer = self.shop.post(path, body, key=key)
        return answer, Asked(path, body, key, answer)

    def agrees(self, member: str, shown: dict[str, Any]) -> None:
        now_ms = self.shop.clock.now_ms
        assert shown["available"] == self.model.available(member, now_ms) >= 0
        assert shown["held"] == self.model.held(member, now_ms)

    @rule(target=served, number=NUMBERS, amount=AMOUNTS)
    def buy(self, number: int, amount: int) -> Any:
        return multiple(self.bought(number, amount))

    def bought(self, number: int, amount: int) -> Asked:
        member = self.members[number]
        answer, asked = self.ask("/purchases", self.shop.purchase(member, amount))
        bought = accepted(answer)
        assert bought["points"]["earned"] == amount // 100
        assert len(bought["operation_ids"]) == (amount >= 100)
        self.model.points[member] += amount // 100
        self.model.bought[bought["id"]] = (member, amount // 100)
        self.agrees(member, bought["balance"])
        return asked

    @rule(asked=served)
    def buy_again_on_the_same_receipt(self, asked: Asked) -> None:
        if asked.path == "/purchases":
            answer, _ = self.ask(asked.path, asked.body)
            known = refused(answer, 409, "receipt_already_recorded")["purchase_id"]
            assert known == asked.answer.json()["id"]

    @rule(target=served, number=NUMBERS, points=POINTS, capture=st.booleans())
    def redeem(self, number: int, points: int, capture: bool) -> Any:
        member = self.members[number]
        available = self.model.available(member, self.shop.clock.now_ms)
        body = self.shop.redemption(member, points, capture=capture)
        answer, asked = self.ask("/redemptions", body)
        if points > available:
            problem = refused(answer, 409, "insufficient_points")
            assert problem["available_points"] == available
            return multiple()
        made = accepted(answer)
        if capture:
            self.model.points[member] -= points
        ends_ms = self.shop.clock.now_ms + HOLD_SECONDS * 1000
        state = "captured" if capture else "held"
        self.model.holds[made["id"]] = Hold(member, points, ends_ms, state)
        assert made["status"] == state
        self.agrees(member, made["balance"])
        return multiple(asked)

    @rule(target=served, capture=st.booleans(), data=st.data())
    def close(self, capture: bool, data: st.DataObject) -> Any:
        if not self.model.holds:
            return multiple()
        redemption = data.draw(st.sampled_from(list(self.model.holds)))
        hold = self.model.holds[redemption]
        answer, asked = self.ask(
            f"/redemptions/{redemption}/{'capture' if capture else 'cancel'}", None
        )
        lapsed = hold.state == "held" and hold.ends_ms <= self.shop.clock.now_ms
        state = "expired" if lapsed else hold.state
        if state != "held":
            assert refused(answer, 409, "redemption_not_held")["state"] == state
            return multiple()
        hold.state = "captured" if capture else "cancelled"
        self.model.points[hold.member] -= hold.points if capture else 0
        closed = accepted(answer)
        assert (closed["status"], closed["points"]) == (hold.state, hold.points)
        self.agrees(hold.member, closed["balance"])
        return multiple(asked)

    @rule(target=served, data=st.data())
    def return_purchase(self, data: st.DataObject) -> Any:
        if not self.model.bought:
            return multiple()
        purchase = data.draw(st.sampled_from(list(self.model.bought)))
        member, points = self.model.bought[purchase]
        answer, asked = self.ask(f"/purchases/{purchase}/returns", {})
        if purchase in self.model.returned:
            refused(answer, 409, "purchase_already_returned")
            return multiple()
        taken = min(points, self.model.available(member, self.shop.clock.now_ms))
        self.model.points[member] -= taken
        self.model.returned.add(purchase)
        back = accepted(answer)
        assert back["points"] == {"taken_back": taken, "unrecovered": points - taken}
        self.agrees(member, back["balance"])
        return multiple(asked)

    @rule(asked=served)
    def repeat(self, asked: Asked) -> None:
        again = self.shop.post(asked.path, asked.body, key=asked.key)
        assert (again.status_code, again.content) == (
            asked.answer.status_code,
            asked.answer.content,
        )

    @rule(asked=consumes(served))
    def reuse_the_key(self, asked: Asked) -> None:
        other = self.shop.purchase(next(iter(self.model.points)), 123)
        refused(self.shop.post("/purchases", other, key=asked.key), 422, "idempotency_key_reused")

    @rule(seconds=st.sampled_from([1, HOLD_SECONDS // 2, HOLD_SECONDS - 1, HOLD_SECONDS]))
    def wait(self, seconds: int) -> None:
        self.shop.clock.forward(seconds)

    def teardown(self) -> None:
        for member in self.model.points:
            available, held = self.shop.balance(member)
            self.agrees(member, {"available": available, "held": held})
        supply = accepted(self.shop.get(f"/programs/{self.shop.program_id}/supply"))
        spent = supply["redeemed"] + supply["returned"] + supply["expired"]
        assert supply["minted"] - spent == supply["in_flight"] == sum(self.model.points.values())


@pytest.mark.parametrize(
    ("shared_shop", "examples", "steps"),
    [("sqlite", 24, 40), ("postgresql", 3, 40)],
    indirect=["shared_shop"],
)
def test_random_shopping_agrees_with_the_model(
    shared_shop: Shop, examples: int, steps: int
) -> None:
    machine = partial(Shopping, shared_shop)
    run_state_machine_as_test(
        machine,  # type: ignore[arg-type] # any factory will do
        settings=settings(max_examples=examples, stateful_step_count=steps),
    )
    audit(shared_shop.database.ledger)
