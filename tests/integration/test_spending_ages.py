"""What time does to spending: abandoned checkouts, and points that expire while they are held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_client import HOLD_SECONDS, Shop, accepted, refused
from tests.conftest import LedgerDatabase
from tests.integration.rights_kit import QUARTERS, World, open_world
from tests.integration.spending_kit import claim, gift_card, publish_spending, reward, use
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def test_case_8_an_abandoned_checkout_frees_points_stock_voucher_and_payment_by_itself(
    till: Shop,
) -> None:
    member = till.enrol()
    till.buy(member, 100_000)
    publish_spending(till, points=100, worth_minor=100)
    last = reward(till, stock=1)
    card = gift_card(till, 5000)["code"]
    held = claim(till, last, member, capture=False)
    reserved = use(till, card)
    body = {"program_id": till.program_id, "member_id": member, "currency": "EUR"}
    paid = accepted(till.post("/redemptions/payments", body | {"basket_minor": 800}))
    assert till.balance(member) == (190, 810)
    others = {"member_id": member}
    refused(till.post(f"/rewards/{last}/claims", others), 409, "reward_sold_out")
    refused(till.post("/voucher-uses", {"code": card}), 409, "voucher_not_usable")
    refused(till.post("/redemptions", till.redemption(member, 191)), 409, "insufficient_points")

    till.clock.forward(HOLD_SECONDS - 1)
    assert till.balance(member) == (190, 810)
    till.clock.forward(1)
    assert till.balance(member) == (1000, 0)
    refused(till.post(f"/claims/{held['id']}/capture"), 409, "claim_not_held")
    refused(till.post(f"/voucher-uses/{reserved['id']}/redeem"), 409, "voucher_use_closed")
    refused(till.post(f"/redemptions/{paid['id']}/capture"), 409, "redemption_not_held")
    assert use(till, card, redeem=True)["redeemed_units"] == 5000
    claim(till, last, member)
    till.redeem(member, 990, capture=True)
    audit(till.database.ledger)


@pytest.fixture
def world(ledger_database: LedgerDatabase, tmp_path: Path) -> Iterator[World]:
    """A shop on a chain whose points of a quarter live to the end of the next one."""
    with open_world(ledger_database, tmp_path, "2030-01-15T12:00:00+01:00", QUARTERS) as opened:
        yield opened
    audit(ledger_database.ledger)


def two_quarters(world: World, count: int) -> list[str]:
    """Members in May with 30 points of the first quarter and 20 of the second."""
    members = [world.enrol() for _ in range(count)]
    for member in members:
        world.shop.buy(member, 3000)
    world.settle()
    world.at("2030-05-02T09:00:00+02:00")
    for member in members:
        world.shop.buy(member, 2000)
    world.settle()
    assert world.expiring(members[0]) == [(30, "2030-06-30"), (20, "2030-09-30")]
    return members


@on_sqlite
def test_a_cancelled_claim_gives_points_back_at_their_age(world: World) -> None:
    [member] = two_quarters(world, 1)
    mug = reward(world.shop, steps=[{"points": 40}], cancel_within_hours=24 * 90)
    claimed = claim(world.shop, mug, member)
    assert world.expiring(member) == [(10, "2030-09-30")]
    cancelled = accepted(world.shop.post(f"/claims/{claimed['id']}/cancel"))
    assert (cancelled["restored_points"], len(cancelled["operation_ids"])) == (40, 2)
    assert world.expiring(member) == [(30, "2030-06-30"), (20, "2030-09-30")]
    later = claim(world.shop, mug, member)
    world.settle()
    world.at("2030-07-05T09:00:00+02:00")
    cancelled = accepted(world.shop.post(f"/claims/{later['id']}/cancel"))
    assert cancelled["restored_points"] == 10
    assert world.expiring(member) == [(20, "2030-09-30")]
    world.settle()
    world.look()


@on_sqlite
def test_holds_over_the_end_of_a_quarter_are_honoured_in_whole_and_in_part(world: World) -> None:
    """What expired while it was held pays first; what a capture leaves of it is gone."""
    members = two_quarters(world, 4)
    shop, left = world.shop, {40: 10, 35: 15, 25: 20}
    mug = reward(shop, steps=[{"points": 40}])
    world.at("2030-07-01T00:58:00+02:00")
    holds = [shop.redeem(member, 40)["id"] for member in members[:3]]
    kept = claim(shop, mug, members[3], capture=False)
    world.at("2030-07-01T01:01:00+02:00")
    assert shop.balance(members[0]) == (10, 40)
    for redemption_id, member, points in zip(holds, members, left, strict=False):
        path = f"/redemptions/{redemption_id}/capture"
        assert accepted(shop.post(path, {"points": points}))["points"] == points
        assert shop.balance(member) == (left[points], 0)
        assert world.expiring(member) == [(left[points], "2030-09-30")]
    captured = accepted(shop.post(f"/claims/{kept['id']}/capture"))
    assert captured["voucher"]["usable"]
    assert shop.balance(members[3]) == (10, 0)
    world.settle()
    world.look()
    assert [sum(world.on_chain(member)) for member in members] == [10, 15, 20, 10]
