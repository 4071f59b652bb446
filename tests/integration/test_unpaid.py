"""What a signed redemption paid for, when the member's signature comes to nothing on chain."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api_client import accepted, refused
from tests.integration.front_kit import Front
from tests.integration.signing_kit import WALLET, directly
from tests.integration.spending_kit import claim, reward, use
from tests.ledger_audit import audit
from tests.webhook_kit import listen

pytest_plugins = ["tests.integration.settle_fixtures", "tests.integration.signing_kit"]


def claimed(front: Front, member: str, reward_id: str) -> dict[str, Any]:
    """A claim of 10 points with the member's signature."""
    consent = WALLET.sign(front.asked(member, points="10"))
    return claim(front.till, reward_id, member, consent=consent, capture=True)


def come_to_nothing(front: Front, elsewhere: dict[str, Any]) -> None:
    """The nonce is used elsewhere before ours is on its way, and that is final."""
    directly(front, elsewhere)
    for _ in range(4):
        front.look()
        front.desk.finalize()


def test_a_reward_that_nothing_paid_is_owed_no_more(front: Front, member: str) -> None:
    listen(front.till, "http://127.0.0.1:9/hook")
    coffee = reward(front.till, stock=3)
    elsewhere = front.asked(member, action="set_signed_only", signed_only="false")
    granted = claimed(front, member, coffee)
    come_to_nothing(front, elsewhere)
    assert front.till.balance(member) == (100, 0)
    assert accepted(front.till.get(f"/claims/{granted['id']}"))["status"] == "cancelled"
    assert accepted(front.till.get(f"/rewards/{coffee}"))["stock"] == 3
    refused(front.till.post(f"/claims/{granted['id']}/fulfil"), 409, "claim_not_granted")
    told = {row["type"]: json.loads(row["data"]) for row in front.till.records("webhook_events")}
    assert told["reward.cancelled"]["claim_id"] == granted["id"]
    assert told["redemption.cancelled"]["points"] == 10
    audit(front.till.database.ledger)


def test_a_reward_that_was_handed_over_stays_so(front: Front, member: str) -> None:
    coffee = reward(front.till, stock=3)
    elsewhere = front.asked(member, action="set_signed_only", signed_only="false")
    granted = claimed(front, member, coffee)
    accepted(front.till.post(f"/claims/{granted['id']}/fulfil"))
    come_to_nothing(front, elsewhere)
    assert front.till.balance(member) == (100, 0)
    assert accepted(front.till.get(f"/claims/{granted['id']}"))["status"] == "fulfilled"
    audit(front.till.database.ledger)


@pytest.mark.parametrize("used", [True, False], ids=["in part", "not at all"])
def test_what_is_left_of_its_voucher_is_void(front: Front, member: str, used: bool) -> None:
    card = reward(front.till, "gift_card", steps=[{"points": 10, "value": 2500}])
    elsewhere = front.asked(member, action="set_signed_only", signed_only="false")
    granted = claimed(front, member, card)
    code = granted["voucher"]["code"]
    if used:
        use(front.till, code, amount_minor=1000, redeem=True)
    come_to_nothing(front, elsewhere)
    status = accepted(front.till.get(f"/claims/{granted['id']}"))["status"]
    assert status == ("fulfilled" if used else "cancelled")
    refused(front.till.post("/voucher-uses", {"code": code}), 409, "voucher_not_usable")
    audit(front.till.database.ledger)
