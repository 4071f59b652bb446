"""Random shoppers under changing rules: the house credits what the engine says, and all of it.

The model is the engine itself, told the same story in memory: what it remembers of each member, of
each campaign, and of the points that wait.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from backend.api.fields import to_rfc3339
from backend.core.engine.basket import Basket, Line
from backend.core.engine.evaluate import evaluate_event, evaluate_purchase
from backend.core.engine.moment import Moment
from backend.core.engine.outcome import Evaluation
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import EMPTY, MemberFacts, Standing
from backend.services.release_points import ReleaseSweep
from tests.api_client import START_MS, Shop, accepted, open_shop
from tests.conftest import open_database
from tests.earning_kit import BASE, document, fixed, publish
from tests.ledger_audit import audit

DAY_S = 24 * 3600
STAMPS = {"id": "stamps", "earn": {"kind": "stamps", "per": "purchase", "card": 3, "points": 30}}
THIRDS = {"id": "base", "earn": {"kind": "rate", "points": 1, "per_minor": 300}}
CAPPED = {**BASE, "limits": {"day": 12, "month": 40}}
GIFT = fixed("gift", 25, campaign="spring", when={"basis_minor": {"min": 1000}})
REVIEW = fixed("review", 9, on="review", once="month")
SPRING: dict[str, Any] = {"campaigns": [{"id": "spring", "budget_points": 110}]}
BREAD = {
    "id": "bread",
    "lines": {"category": ["bread"]},
    "earn": {"kind": "multiply", "bp": 15_000},
}
VERSIONS: list[dict[str, Any]] = [
    document(BASE, STAMPS, REVIEW),
    document(THIRDS, GIFT, REVIEW, rounding="carry", **SPRING),
    document(CAPPED, BREAD, GIFT, pending={"days": 3}, **SPRING),
    document(BASE, BREAD, STAMPS, basis={"tax": "excluded"}, pending={"event": "review"}),
]
LINES: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        amount_minor=st.sampled_from([0, 99, 250, 1000, 2999]),
        tax_minor=st.just(0),
        category=st.sampled_from(["bread", "jam"]),
        voided=st.booleans(),
    ),
    max_size=3,
)


@dataclass
class Told:
    """A member as the engine was told of them."""

    standing: Standing = EMPTY
    points: int = 0
    waiting: list[tuple[int, Moment, int | None, str | None]] = field(default_factory=list)

    @property
    def pending(self) -> int:
        return sum(points for points, *_ in self.waiting)


class Earning(RuleBasedStateMachine):
    """One program, two members; purchases come late and out of order."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self.shop = shop
        shop.program_id = shop.open_program()
        self.members = [shop.enrol() for _ in range(2)]
        self.told = {member: Told() for member in self.members}
        self.used: dict[str, int] = {}
        self.publish(0)

    @rule(version=st.integers(0, len(VERSIONS) - 1))
    def publish(self, version: int) -> None:
        words = VERSIONS[version]
        publish(self.shop, *words["rules"], **{k: v for k, v in words.items() if k != "rules"})
        self.rule_set = RuleSet.parse(words)

    @rule(number=st.integers(0, 1), hours_ago=st.integers(0, 80), lines=LINES,
          amount=st.sampled_from([0, 99, 500, 1000, 2050]))  # fmt: skip
    def buy(self, number: int, hours_ago: int, lines: list[dict[str, Any]], amount: int) -> None:
        member = self.members[number]
        at_ms = self.shop.clock.now_ms - hours_ago * 3600 * 1000
        named = [{**line, "line_id": str(place)} for place, line in enumerate(lines)]
        if named:
            amount = sum(line["amount_minor"] for line in named if not line["voided"])
        body = self.shop.purchase(member, amount, occurred_at=to_rfc3339(at_ms), lines=named)
        basket = Basket("EUR", amount, tuple(Line(**line) for line in named))
        said = evaluate_purchase(self.rule_set, basket, self.facts(member, at_ms), self.used)
        self.agree(member, said, accepted(self.shop.post("/purchases", body)), at_ms)

    @rule(number=st.integers(0, 1))
    def review(self, number: int) -> None:
        member, at_ms = self.members[number], self.shop.clock.now_ms
        body = {
            "program_id": self.shop.program_id,
            "member_id": member,
            "event_id": f"review-{next(self.shop.numbers)}",
            "name": "review",
            "occurred_at": to_rfc3339(at_ms),
        }
        said = evaluate_event(self.rule_set, "review", {}, self.facts(member, at_ms), self.used)
        answer = accepted(self.shop.post("/events", body))
        told = self.told[member]
        freed = [each for each in told.waiting if each[3] == "review"]
        told.waiting = [each for each in told.waiting if each[3] != "review"]
        told.points += sum(points for points, *_ in freed)
        assert answer["released"] == sum(points for points, *_ in freed)
        self.agree(member, said, answer, at_ms)

    @rule(days=st.integers(1, 4))
    def days_go_by(self, days: int) -> None:
        self.shop.clock.forward(days * DAY_S)
        house = self.shop.house
        ReleaseSweep(self.shop.database.ledger, self.shop.clock, house.new_id, house.vault).step()
        today = Moment.at(self.shop.clock.now_ms, "UTC").day
        for told in self.told.values():
            due = [
                each
                for each in told.waiting
                if each[2] is not None and each[1].day + timedelta(each[2]) <= today
            ]
            told.waiting = [each for each in told.waiting if each not in due]
            told.points += sum(points for points, *_ in due)

    @invariant()
    def balances_are_what_was_told(self) -> None:
        for member, told in self.told.items():
            read = accepted(self.shop.get(f"/members/{member}/balance"))
            assert (read["available"], read["pending"]) == (told.points, told.pending)

    def facts(self, member: str, at_ms: int) -> MemberFacts:
        moment = Moment.at(at_ms, "UTC")
        enrolled_on = Moment.at(START_MS, "UTC").day
        return MemberFacts(moment, self.told[member].standing, enrolled_on)

    def agree(self, member: str, said: Evaluation, answer: dict[str, Any], at_ms: int) -> None:
        """The house answered what the engine said, and the model goes on from there."""
        told, moment = self.told[member], Moment.at(at_ms, "UTC")
        reasons = [(one["rule"], one["points"], one["text"]) for one in answer["points"]["reasons"]]
        assert reasons == [(each.rule, each.points, each.text) for each in said.credits]
        assert answer["points"]["earned"] == said.points_now
        assert answer["points"]["pending"] == said.points_pending
        told.standing, self.used = said.standing, dict(said.campaign_used)
        told.points += said.points_now
        for each in said.credits:
            if each.pending is not None:
                on = each.pending.on
                wait = None if on is None else (on - moment.day).days
                told.waiting.append((each.points, moment, wait, each.pending.event))

    def teardown(self) -> None:
        stored = {row["member_id"]: row["document"] for row in self.shop.records("standings")}
        for member, told in self.told.items():
            assert Standing.from_json(stored[member]) == told.standing
        audit(self.shop.database.ledger)


def test_the_house_credits_what_the_engine_says_and_all_of_it(
    sqlite_template: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "database"
    shutil.copytree(sqlite_template, folder)
    urls = f"sqlite:///{folder}/ledger.db", f"sqlite:///{folder}/mirror.db"
    database = open_database("sqlite", *urls)
    with open_shop(database) as shop:
        run_state_machine_as_test(
            lambda: Earning(shop),  # type: ignore[arg-type] # any factory will do
            settings=settings(max_examples=8, stateful_step_count=12),
        )
    database.dispose()
