"""Any sequence of purchases, partial returns, redemptions and refunds keeps every sum."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.api_client import Shop, accepted, another_merchant, refused
from tests.ledger_audit import audit
from tests.returns_kit import judge_returns_by, total

pytest_plugins = ["tests.api_client"]
AMOUNTS = st.sampled_from([99, 100, 1177, 3000])
PARTS = st.sampled_from([1, 50, 99, 250, 1000])
POINTS = st.sampled_from([1, 5, 20, 30])


@dataclass
class Bought:
    amount_minor: int
    back_minor: int = 0

    @property
    def points_back(self) -> int:
        """What has to be taken back by now, by the definition."""
        earned = self.amount_minor // 100
        return earned * self.back_minor // self.amount_minor


@dataclass
class Model:
    """What one member should have: points, a debt, and what of everything is left."""

    points: int = 0
    debt: int = 0
    bought: dict[str, Bought] = field(default_factory=dict)
    refundable: dict[str, int] = field(default_factory=dict)
    ahead: dict[str, tuple[int, list[int]]] = field(default_factory=dict)

    def credit(self, points: int) -> None:
        made_up = min(points, self.debt)
        self.debt -= made_up
        self.points += points - made_up

    def claw_back(self, policy: str, points: int) -> tuple[int, int, int]:
        """(taken, owed, forgiven)"""
        if policy == "pending_only":
            return 0, 0, points
        taken = min(points, self.points)
        self.points -= taken
        rest = points - taken
        if policy == "debt":
            self.debt += rest
            return taken, rest, 0
        return taken, 0, rest


class Returning(RuleBasedStateMachine):
    """One member's till under one policy."""

    policy = "debt"

    def __init__(self, shared: Shop) -> None:
        super().__init__()
        self.shop = another_merchant(shared)
        judge_returns_by(self.shop, {"spent_points": self.policy})
        self.member = self.shop.enrol()
        self.model = Model()
        self.receipts = 0
        self.bought(3000)

    def agrees(self) -> None:
        read = accepted(self.shop.get(f"/members/{self.member}/balance"))
        assert (read["available"], read["debt"]) == (self.model.points, self.model.debt)

    @rule(amount=AMOUNTS)
    def buy(self, amount: int) -> None:
        self.bought(amount)

    def bought(self, amount: int, **terms: Any) -> str:
        made = self.shop.buy(self.member, amount, **terms)
        self.model.credit(amount // 100)
        self.model.bought[made["id"]] = Bought(amount)
        return str(made["id"])

    @rule(points=POINTS)
    def redeem(self, points: int) -> None:
        body = self.shop.redemption(self.member, points, capture=True)
        answer = self.shop.post("/redemptions", body)
        if points > self.model.points:
            refused(answer, 409, "insufficient_points")
            return
        self.model.points -= points
        self.model.refundable[accepted(answer)["id"]] = points

    @rule(points=st.none() | POINTS, data=st.data())
    def refund(self, points: int | None, data: st.DataObject) -> None:
        if not self.model.refundable:
            return
        redemption = data.draw(st.sampled_from(sorted(self.model.refundable)))
        left = self.model.refundable[redemption]
        body = {} if points is None else {"points": points}
        answer = self.shop.post(f"/redemptions/{redemption}/refund", body)
        asked = left if points is None else points
        if not left:
            refused(answer, 409, "redemption_not_captured")
        elif asked > left:
            problem = refused(answer, 409, "refund_exceeds_redemption")
            assert problem["remaining_points"] == left
        else:
            given = accepted(answer)
            self.model.refundable[redemption] -= asked
            self.model.credit(asked)
            assert given["points"] == {"restored": asked, "expired": 0}
            assert given["remaining"] == left - asked
            assert given["balance"]["available"] == self.model.points

    @rule(part=st.none() | PARTS, data=st.data())
    def take_back(self, part: int | None, data: st.DataObject) -> None:
        purchase = data.draw(st.sampled_from(sorted(self.model.bought)))
        bought = self.model.bought[purchase]
        left = bought.amount_minor - bought.back_minor
        body = {} if part is None else {"amount_minor": part}
        answer = self.shop.post(f"/purchases/{purchase}/returns", body)
        asked = left if part is None else part
        if not left:
            refused(answer, 409, "purchase_already_returned")
        elif asked > left:
            refused(answer, 409, "return_exceeds_purchase")
        else:
            self.returned(bought, asked, accepted(answer))

    def returned(self, bought: Bought, part: int, back: dict[str, Any]) -> None:
        before = bought.points_back
        bought.back_minor += part
        credited = bought.points_back - before
        taken, owed, forgiven = self.model.claw_back(self.policy, credited)
        assert back["clawed_back"] == {
            "credited": credited, "cancelled": 0, "taken_back": taken, "debt": owed,
            "forgiven": forgiven,
        }  # fmt: skip
        assert back["remaining"] == {
            "amount_minor": bought.amount_minor - bought.back_minor,
            "points": bought.amount_minor // 100 - bought.points_back,
        }

    @rule(amount=AMOUNTS, parts=st.lists(PARTS, min_size=1, max_size=3))
    def return_ahead_of_the_purchase(self, amount: int, parts: list[int]) -> None:
        self.receipts += 1
        receipt = f"ahead-{self.receipts}"
        waiting = {}
        for part in parts:
            named = {"program_id": self.shop.program_id, "receipt_id": receipt}
            answer = self.shop.post("/returns", named | {"amount_minor": part})
            assert answer.status_code == 202
            waiting[answer.json()["id"]] = part
        purchase = self.bought(amount, receipt_id=receipt)
        bought = self.model.bought[purchase]
        for one, part in sorted(waiting.items()):
            shown = accepted(self.shop.get(f"/returns/{one}"))
            fits = bought.back_minor + part <= amount
            assert shown["status"] == ("applied" if fits else "refused")
            if fits:
                before = bought.points_back
                bought.back_minor += part
                self.model.claw_back(self.policy, bought.points_back - before)

    def teardown(self) -> None:
        self.agrees()
        for purchase, bought in self.model.bought.items():
            listed = accepted(self.shop.get(f"/purchases/{purchase}/returns"))
            assert sum(one["clawed_back"]["credited"] for one in listed["data"]) == (
                bought.points_back
            )
            assert sum(one["amount"]["value_minor"] for one in listed["data"]) == bought.back_minor
        debts = self.shop.records("member_debts")
        assert total(debts, "points") == self.model.debt
        supply = accepted(self.shop.get(f"/programs/{self.shop.program_id}/supply"))
        assert supply["minted"] == total(self.shop.records("purchases"), "points")
        made_up = sum(-row["points"] for row in debts if row["points"] < 0)
        taken = total(self.shop.records("purchase_returns"), "points")
        assert supply["returned"] == taken + made_up
        assert supply["in_flight"] == self.model.points


@pytest.mark.parametrize("policy", ["debt", "clamp", "pending_only"])
@pytest.mark.parametrize("shared_shop", ["sqlite"], indirect=True)
def test_any_sequence_of_returns_keeps_every_sum(shared_shop: Shop, policy: str) -> None:
    machine = partial(type("Returning", (Returning,), {"policy": policy}), shared_shop)
    run_state_machine_as_test(
        machine,  # type: ignore[arg-type] # any factory will do
        settings=settings(max_examples=6 if policy == "debt" else 2, stateful_step_count=25),
    )
    audit(shared_shop.database.ledger)
