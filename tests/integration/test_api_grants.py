"""A full card gives a loaf: from the stamp to the voucher at the till, and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api_client import Shop, accepted, another_merchant, refused
from tests.earning_kit import publish
from tests.integration.spending_kit import reward, reward_body
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
on_sqlite = pytest.mark.parametrize("shared_shop", ["sqlite"], indirect=True)

CARD: dict[str, Any] = {
    "id": "loaf_card",
    "title": {"en": "Loaf card", "fr": "Carte pains"},
    "lines": {"category": ["bread"]},
    "earn": {"kind": "stamps", "per": "unit", "card": 10, "reward": "free_loaf"},
}


def bread(till: Shop, member: str, count: int) -> dict[str, Any]:
    """The body of a purchase of so many loaves."""
    lines = [{"line_id": "1", "category": "bread", "quantity": count, "amount_minor": 250 * count}]
    return till.purchase(member, 250 * count, lines=lines)


def loaves(till: Shop, member: str, count: int) -> dict[str, Any]:
    return accepted(till.post("/purchases", bread(till, member, count)))


def granted(till: Shop, member: str) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = accepted(till.get(f"/members/{member}/grants"))["data"]
    return data


@pytest.fixture
def member(till: Shop) -> str:
    publish(till, CARD)
    return till.enrol()


def test_the_tenth_loaf_is_a_voucher(till: Shop, member: str) -> None:
    loaf = reward(till, key="free_loaf", sku="LOAF", stock=5)
    assert loaves(till, member, 9)["grants"] == []
    tenth = bread(till, member, 1)
    bought = accepted(till.post("/purchases", tenth, key="tenth"))
    [given] = bought["grants"]
    assert (given["rule"], given["reward"], given["quantity"]) == ("loaf_card", "free_loaf", 1)
    assert till.post("/purchases", tenth, key="tenth").json() == bought
    [listed] = granted(till, member)
    assert (listed["id"], listed["status"]) == (given["id"], "open")
    path = f"/grants/{given['id']}/claims"
    first = till.post(path, key="claim")
    claimed = accepted(first)
    assert (claimed["points"], claimed["redemption_id"]) == (0, None)
    assert (claimed["grant_id"], claimed["reward_id"]) == (given["id"], loaf)
    assert till.post(path, key="claim").json() == claimed
    assert refused(till.post(path), 409, "grant_used")["state"] == "used"
    used = accepted(
        till.post("/voucher-uses", {"code": claimed["voucher"]["code"], "redeem": True})
    )
    assert used["status"] == "redeemed"
    assert accepted(till.get(f"/claims/{claimed['id']}"))["status"] == "fulfilled"
    assert accepted(till.get(f"/rewards/{loaf}"))["left"] == 4
    audit(till.database.ledger)


@on_sqlite
def test_without_the_reward_the_grant_waits(till: Shop, member: str) -> None:
    [given] = loaves(till, member, 10)["grants"]
    path = f"/grants/{given['id']}/claims"
    refused(till.post(path), 409, "grant_without_reward")
    loaf = reward(till, key="free_loaf", sku="LOAF", stock=1, limit_per_member={"count": 1})
    refused(till.post("/rewards", reward_body(till, key="free_loaf")), 409, "reward_key_taken")
    accepted(till.post(path))
    [again] = loaves(till, member, 10)["grants"]
    refused(till.post(f"/grants/{again['id']}/claims"), 409, "reward_sold_out")
    accepted(till.post(f"/rewards/{loaf}/archive"))
    refused(till.post(f"/grants/{again['id']}/claims"), 409, "grant_without_reward")
    reward(till, key="free_loaf", sku="LOAF")
    accepted(till.post(f"/grants/{again['id']}/claims"))
    assert {each["status"] for each in granted(till, member)} == {"used"}


@on_sqlite
def test_a_return_takes_the_grant_and_a_cancelled_claim_gives_it_back(
    till: Shop, member: str
) -> None:
    reward(till, key="free_loaf", sku="LOAF", cancel_within_hours=1)
    bought = loaves(till, member, 10)
    path = f"/grants/{bought['grants'][0]['id']}/claims"
    claimed = accepted(till.post(path))
    cancelled = accepted(till.post(f"/claims/{claimed['id']}/cancel"))
    assert (cancelled["status"], cancelled["restored_points"]) == ("cancelled", 0)
    assert granted(till, member)[0]["status"] == "open"
    accepted(till.post(f"/purchases/{bought['id']}/returns", {}))
    assert refused(till.post(path), 409, "grant_used")["state"] == "cancelled"
    audit(till.database.ledger)


@on_sqlite
def test_it_goes_where_its_member_goes(till: Shop, member: str) -> None:
    reward(till, key="free_loaf", sku="LOAF")
    [given] = loaves(till, member, 10)["grants"]
    other = till.enrol()
    accepted(till.post(f"/members/{member}/merge", {"into_member_id": other}))
    [moved] = granted(till, other)
    assert (moved["id"], moved["member_id"]) == (given["id"], other)
    accepted(till.post(f"/members/{other}/close", {"forfeit_points": True}))
    assert granted(till, other)[0]["status"] == "cancelled"


@on_sqlite
def test_it_is_nobody_elses(till: Shop, member: str) -> None:
    [given] = loaves(till, member, 10)["grants"]
    stranger = another_merchant(till)
    refused(stranger.post(f"/grants/{given['id']}/claims"), 404, "unknown_grant")
    refused(stranger.get(f"/members/{member}/grants"), 404, "unknown_member")
    refused(till.post("/grants/grt_nothing/claims"), 404, "unknown_grant")


def test_fifty_claims_of_one_grant_are_one(till: Shop, member: str) -> None:
    reward(till, key="free_loaf", sku="LOAF")
    [given] = loaves(till, member, 10)["grants"]
    with ThreadPoolExecutor(16) as pool:
        path = f"/grants/{given['id']}/claims"
        answers = list(pool.map(lambda _: till.post(path).status_code, range(50)))
    assert sorted(answers) == [201] + [409] * 49
    audit(till.database.ledger)
