"""Random years in which people turn out to have two accounts: no point is made or lost by it.

The machine of `test_expiring_machine` with merges in it: purchases, holds, refunds, returns,
expiries and settlement in any order, the real ledger against the contract's model.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import rule, run_state_machine_as_test

from backend.core.expiry import MemberWord
from tests.api_client import Shop, accepted, refused
from tests.ledger_audit import audit
from tests.property.test_expiring_machine import NUMBERS, Years

pytest_plugins = ["tests.api_client"]


class Merging(Years):
    """Who was merged stays in `members`, so that they are held to the chain for ever after."""

    def lots(self, *members: str) -> Counter[str]:
        """Points that can be spent, by the day they expire on."""
        lots: Counter[str] = Counter()
        for member in members:
            for lot in self.balance(member)["expiring"]:
                lots[lot["last_day"]] += lot["points"]
        return lots

    @rule(number=NUMBERS)
    def merge(self, number: int) -> None:
        source, target = self.members[number], self.members[1 - number]
        before, held = self.lots(source, target), self.balance(source)["held"]
        available = self.balance(source)["available"]
        answer = self.shop.post(f"/members/{source}/merge", {"into_member_id": target})
        if held:
            refused(answer, 409, "member_has_holds")
            return
        done: dict[str, Any] = accepted(answer)
        assert done["moved_points"] == available
        assert self.lots(target).total() == before.total()
        if not self.balance(target)["held"]:
            # A hold takes the oldest of all the lots there are now.
            assert self.lots(target) == before
        assert not self.lots(source)
        newcomer = self.shop.enrol()
        self.words[self.address(newcomer)] = MemberWord()
        self.members.append(source)
        self.members[number] = newcomer


@pytest.mark.parametrize(
    ("shared_shop", "examples", "steps"), [("sqlite", 8, 12)], indirect=["shared_shop"]
)
def test_merges_among_years_of_shopping_make_and_lose_no_point(
    shared_shop: Shop, examples: int, steps: int
) -> None:
    run_state_machine_as_test(
        partial(Merging, shared_shop),  # type: ignore[arg-type] # any factory will do
        settings=settings(max_examples=examples, stateful_step_count=steps),
    )
    audit(shared_shop.database.ledger)
