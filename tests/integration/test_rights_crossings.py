"""Signed redemptions around a period's end: the ledger ends with the lots of the chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.chain.quantities import read_bytes
from tests.api_client import accepted
from tests.conftest import LedgerDatabase
from tests.integration.rights_kit import QUARTERS, World, open_world
from tests.integration.signing_kit import redemptions_of, send_as_stranger
from tests.ledger_audit import audit
from tests.member_keys import Wallet

WALLET = Wallet(bytes(31) + b"\x0a")
JUST_BEFORE, END = "2030-07-01T00:58:00+02:00", "2030-07-01T01:00:00+02:00"


@pytest.fixture
def world(ledger_database: LedgerDatabase, tmp_path: Path) -> Iterator[World]:
    with open_world(ledger_database, tmp_path, "2030-01-15T12:00:00+01:00", QUARTERS) as opened:
        yield opened
    audit(ledger_database.ledger)


@pytest.fixture
def member(world: World) -> str:
    """A member with a wallet, 40 points that end with June and 40 that do not."""
    member_id = world.enrol()
    world.shop.buy(member_id, 4_000)
    world.settle()
    answer = world.shop.post(f"/members/{member_id}/rebind", {"address": WALLET.address})
    assert answer.status_code == 202, answer.text
    world.settle()
    world.addresses[member_id] = WALLET.address
    world.at("2030-04-02T12:00:00+02:00")
    world.shop.buy(member_id, 4_000)
    world.settle()
    world.at(JUST_BEFORE)
    world.new_block()
    return member_id


def relay(world: World, asked: dict[str, Any]) -> None:
    """Somebody else brings it on chain, in the next second."""
    contract = read_bytes(world.program()["contract_address"], 20)
    send_as_stranger(world.node, contract, redemptions_of(WALLET, asked))
    world.clock.forward(1)
    world.mine()


def until_final(world: World) -> None:
    """The mirror says yes at each moment until all of this is final and in the books."""
    for _ in range(4):
        world.node.mine(20)
        world.clock.forward(60)
        world.settler.step()
        world.new_block()
        world.look()


def redeem_signed(world: World, member_id: str, points: int) -> str:
    asked = accepted(world.shop.get(f"/members/{member_id}/consent", points=str(points)))
    done = world.shop.redeem(member_id, points, capture=True, consent=WALLET.sign(asked))
    assert world.expiring(member_id) == [(40 - points, "2030-06-30"), (40, "2030-09-30")]
    return str(done["id"])


def test_it_burns_what_lives_in_its_block(world: World, member: str) -> None:
    """Its signature says how much, and all of that is burned: of the younger points by then."""
    redeem_signed(world, member, 30)
    world.at(END)
    world.shop.buy(member, 100)
    assert world.expiring(member) == [(10, "2030-09-30"), (1, "2030-12-31")]
    world.new_block()
    world.look()
    world.settle()
    world.look()
    assert world.on_chain(member) == (1, 10, 0, 0, 0)
    assert world.expiring(member) == [(10, "2030-09-30"), (1, "2030-12-31")]
    assert world.supply()["expired"] == 40


def test_it_was_included_in_time_and_noted_late(world: World, member: str) -> None:
    redeem_signed(world, member, 30)
    world.settler.step()
    world.clock.forward(1)
    world.mine()
    world.at(END)
    assert world.expiring(member) == [(10, "2030-09-30")], "as far as anybody knows"
    world.shop.buy(member, 100)
    world.new_block()
    world.look()
    world.settle()
    world.look()
    assert world.on_chain(member) == (1, 40, 0, 0, 0)
    assert world.expiring(member) == [(40, "2030-09-30"), (1, "2030-12-31")]
    assert world.supply()["expired"] == 10


def test_it_comes_too_late_for_points_that_were_all_there_was(world: World, member: str) -> None:
    """The signature ends while it waits: what it took is given back, and has expired."""
    world.shop.redeem(member, 40, capture=True)
    world.settle()
    asked = accepted(world.shop.get(f"/members/{member}/consent", points="40"))
    redeemed = world.shop.redeem(member, 40, capture=True, consent=WALLET.sign(asked))["id"]
    world.at("2030-10-01T01:00:00+02:00")
    world.new_block()
    world.look()
    until_final(world)
    assert world.on_chain(member) == (0, 0, 0, 0, 0)
    assert world.balance(member)["available"] == 0
    assert world.supply()["expired"] == 40
    refund = world.shop.post(f"/redemptions/{redeemed}/refund")
    assert refund.json()["code"] == "redemption_not_captured"


def test_one_that_another_relayed_in_time_takes_what_lived_then(world: World, member: str) -> None:
    asked = accepted(world.shop.get(f"/members/{member}/consent", points="30"))
    world.shop.redeem(member, 30, capture=True, consent=WALLET.sign(asked))
    relay(world, asked)
    world.at(END)
    assert world.expiring(member) == [(10, "2030-09-30")], "as far as anybody knows"
    world.new_block()
    world.look()
    until_final(world)
    assert world.expiring(member) == [(40, "2030-09-30")]
    assert world.supply()["expired"] == 10


@pytest.mark.parametrize("points", [30, 60])
def test_one_that_no_till_asked_for_takes_what_lived_then(
    world: World, member: str, points: int
) -> None:
    """What the ledger let lapse meanwhile, and was spent on chain before, did not lapse."""
    relay(world, accepted(world.shop.get(f"/members/{member}/consent", points=str(points))))
    world.at(END)
    world.shop.buy(member, 100)
    world.new_block()
    world.look()
    until_final(world)
    left = {30: [(40, "2030-09-30")], 60: [(20, "2030-09-30")]}[points]
    assert world.expiring(member) == [*left, (1, "2030-12-31")]
    assert world.supply()["expired"] == max(0, 40 - points)


def test_a_return_finds_what_was_redeemed_past_the_till_and_takes_the_rest(
    world: World, member: str
) -> None:
    bought = world.shop.buy(member, 2_000)["id"]
    world.settle()
    relay(world, accepted(world.shop.get(f"/members/{member}/consent", points="90")))
    accepted(world.shop.post(f"/purchases/{bought}/returns", {}))
    until_final(world)
    assert world.on_chain(member) == (0, 0, 0, 0, 0)
    assert world.balance(member)["available"] == 0
