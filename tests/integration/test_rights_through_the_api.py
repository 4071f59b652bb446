"""Points that expire, through the whole system: API, ledger, contracts, mirror, reconciliation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_client import accepted, refused
from tests.conftest import LedgerDatabase
from tests.integration.rights_kit import QUARTERS, World, open_world
from tests.ledger_audit import audit


@pytest.fixture
def world(ledger_database: LedgerDatabase, tmp_path: Path) -> Iterator[World]:
    with open_world(ledger_database, tmp_path, "2030-01-15T12:00:00+01:00", QUARTERS) as opened:
        yield opened
    audit(ledger_database.ledger)


def test_lots_are_spent_oldest_first_everywhere(world: World) -> None:
    member = world.enrol()
    world.shop.buy(member, 10_000)
    world.settle()
    assert world.expiring(member) == [(100, "2030-06-30")]
    world.at("2030-04-02T09:00:00+02:00")
    world.shop.buy(member, 5_000)
    world.shop.redeem(member, 30, capture=True)
    held = world.shop.redeem(member, 20)["id"]
    assert world.expiring(member) == [(50, "2030-06-30"), (50, "2030-09-30")]
    accepted(world.shop.post(f"/redemptions/{held}/cancel"))
    bought = world.shop.buy(member, 1_000)["id"]
    accepted(world.shop.post(f"/purchases/{bought}/returns", {}))
    world.look()
    world.settle()
    assert world.on_chain(member) == world.in_mirror(member) == (60, 60, 0, 0, 0)
    read = world.balance(member)
    assert (read["available"], read["settled"], read["held"]) == (120, 120, 0)
    assert world.expiring(member) == [(60, "2030-06-30"), (60, "2030-09-30")]
    assert read["expiring"][0]["expires_at"] == "2030-06-30T23:00:00.000Z"
    world.look()


def test_an_order_placed_in_time_is_honoured(world: World) -> None:
    """A redemption that waits and a hold that is open when the quarter ends."""
    member = world.enrol()
    world.shop.buy(member, 6_000)
    world.settle()
    world.at("2030-04-02T09:00:00+02:00")
    world.shop.buy(member, 6_000)
    world.settle()
    world.at("2030-07-01T00:59:30+02:00")
    redeemed = world.shop.redeem(member, 25, capture=True)
    held = world.shop.redeem(member, 40)["id"]
    world.look()
    assert world.expiring(member) == [(55, "2030-09-30")]
    world.settle()
    operation = accepted(world.shop.get(f"/operations/{redeemed['operation_ids'][0]}"))
    assert operation["status"] == "accepted", "too near the end of the quarter to be settled"
    world.at("2030-07-01T01:00:00+02:00")
    world.new_block()
    world.look()
    read = world.balance(member)
    assert (read["available"], read["held"]) == (55, 40)
    world.settle()
    world.look()
    assert world.on_chain(member) == (0, 60, 0, 0, 0)
    assert world.balance(member)["available"] == 55
    accepted(world.shop.post(f"/redemptions/{held}/capture"))
    world.look()
    world.settle()
    assert world.on_chain(member) == world.in_mirror(member) == (0, 55, 0, 0, 0)
    supply = world.supply()
    assert (supply["redeemed"], supply["expired"], supply["in_flight"]) == (65, 0, 0)
    status = accepted(world.shop.get(f"/operations/{redeemed['operation_ids'][0]}"))
    assert (status["status"], status["batch"]) == ("final", None), "expired points cover it"
    world.look()


def test_a_cancelled_hold_gives_back_what_still_lives(world: World) -> None:
    member = world.enrol()
    world.shop.buy(member, 5_000)
    world.settle()
    world.at("2030-06-20T12:00:00+02:00")
    world.shop.buy(member, 1_000)
    world.settle()
    held = world.shop.redeem(member, 55)["id"]
    world.at("2030-07-02T12:00:00+02:00")
    assert world.balance(member)["available"] == 5
    closed = accepted(world.shop.post(f"/redemptions/{held}/cancel"))
    assert closed["balance"] == {"available": 10, "pending": 0, "held": 0}
    world.settle()
    world.look()
    page = accepted(world.shop.get(f"/members/{member}/history"))["data"]
    assert [(e["kind"], e["points"], e["status"]) for e in page[:1]] == [("lapse", -50, "final")]
    assert world.supply()["expired"] == 50


@pytest.mark.parametrize("end", ["cancel", "run_out", "capture_the_other"])
def test_what_a_hold_kept_goes_to_the_next_claim(world: World, end: str) -> None:
    """Two open holds when 30 points expire; the older keeps 30, the younger 10 of the live ones."""
    member = world.enrol()
    world.shop.buy(member, 3_000)
    world.settle()
    world.at("2030-06-20T12:00:00+02:00")
    older = world.shop.redeem(member, 30)["id"]
    world.clock.forward(86_400)
    world.shop.buy(member, 1_000)
    world.settle()
    younger = world.shop.redeem(member, 10)["id"]
    world.at("2030-07-02T12:00:00+02:00")
    world.new_block()
    assert (world.balance(member)["available"], world.balance(member)["held"]) == (0, 40)
    world.settle()
    world.look()
    if end == "cancel":
        accepted(world.shop.post(f"/redemptions/{older}/cancel"))
    elif end == "run_out":
        world.at("2030-07-20T13:00:00+02:00")
        world.new_block()
    else:
        accepted(world.shop.post(f"/redemptions/{younger}/capture"))
    read, lapsed = world.balance(member), world.supply()["expired"]
    if end == "capture_the_other":
        assert (read["available"], read["held"], lapsed) == (0, 30, 0)
        world.look()
        accepted(world.shop.post(f"/redemptions/{older}/cancel"))
    else:
        assert (read["available"], read["held"]) == (10, 10)
        world.look()
        accepted(world.shop.post(f"/redemptions/{younger}/capture"))
    world.settle()
    world.look()
    assert world.on_chain(member) == (0, 10, 0, 0, 0)
    supply, read = world.supply(), world.balance(member)
    assert (read["available"], read["held"]) == (10, 0)
    assert (supply["redeemed"], supply["expired"]) == (10, 20)


def test_points_expire_without_anyone_coming_by(world: World) -> None:
    members = [world.enrol() for _ in range(3)]
    for member in members:
        world.shop.buy(member, 4_000)
    world.settle()
    world.at("2030-07-01T00:59:59+02:00")
    assert [world.balance(m)["available"] for m in members] == [40, 40, 40]
    world.clock.forward(1)
    assert [world.balance(m)["available"] for m in members] == [0, 0, 0]
    refused(
        world.shop.post("/redemptions", world.shop.redemption(members[0], 1)),
        409,
        "insufficient_points",
    )
    world.look()
    world.new_block()
    world.look()
    world.settle()
    world.look()
    assert world.supply()["expired"] == 120
    assert [world.unswept(m) for m in members] == [0, 0, 0]
    assert world.supply()["total_supply"] == 0
    for member in members:
        page = accepted(world.shop.get(f"/members/{member}/history"))["data"]
        assert [(e["kind"], e["points"]) for e in page] == [("lapse", -40), ("accrue", 40)]
        assert world.balance(member)["expiring"] == []
    world.shop.buy(members[0], 700)
    world.settle()
    assert world.on_chain(members[0]) == world.in_mirror(members[0]) == (7, 0, 0, 0, 0)
    assert world.supply()["total_supply"] == 7
    world.look()


def test_a_mint_that_settles_late_lives_longer_and_the_ledger_learns_of_it(world: World) -> None:
    member = world.enrol()
    world.at("2030-03-31T23:59:00+01:00")
    world.shop.buy(member, 1_000)
    assert world.expiring(member) == [(10, "2030-06-30")]
    world.at("2030-04-02T12:00:00+02:00")
    world.look()
    world.settle()
    assert world.on_chain(member) == world.in_mirror(member) == (10, 0, 0, 0, 0)
    assert world.expiring(member) == [(10, "2030-09-30")]
    world.look()


def test_a_refund_makes_no_point_younger(world: World) -> None:
    member = world.enrol()
    world.shop.buy(member, 3_000)
    world.settle()
    world.at("2030-04-02T12:00:00+02:00")
    world.shop.buy(member, 3_000)
    redeemed = world.shop.redeem(member, 40, capture=True)["id"]
    refused(
        world.shop.post(f"/redemptions/{world.shop.redeem(member, 1)['id']}/refund"),
        409,
        "redemption_not_captured",
    )
    world.settle()
    world.at("2030-06-15T12:00:00+02:00")
    body = accepted(world.shop.post(f"/redemptions/{redeemed}/refund"))
    assert body["points"] == {"restored": 40, "expired": 0}
    world.look()
    world.settle()
    assert world.on_chain(member) == world.in_mirror(member) == (30, 30, 0, 0, 0)
    refused(world.shop.post(f"/redemptions/{redeemed}/refund"), 409, "redemption_not_captured")
    again = world.shop.redeem(member, 40, capture=True)["id"]
    world.settle()
    world.at("2030-07-15T12:00:00+02:00")
    late = accepted(world.shop.post(f"/redemptions/{again}/refund"))
    assert late["points"] == {"restored": 10, "expired": 30}
    world.settle()
    assert world.on_chain(member) == (0, 30, 0, 0, 0)
    world.look()
