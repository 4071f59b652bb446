"""Returns, debts and partial refunds through the whole system: every book says the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_client import accepted
from tests.conftest import LedgerDatabase
from tests.integration.rights_kit import QUARTERS, World, open_world
from tests.ledger_audit import audit
from tests.returns_kit import judge_returns_by, take_back

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def world(ledger_database: LedgerDatabase, tmp_path: Path) -> Iterator[World]:
    with open_world(ledger_database, tmp_path, "2030-01-15T12:00:00+01:00", QUARTERS) as opened:
        yield opened
    audit(ledger_database.ledger)


def test_a_debt_is_made_up_on_chain_as_in_the_ledger(world: World) -> None:
    judge_returns_by(world.shop, {"spent_points": "debt"})
    member = world.enrol()
    bought = world.shop.buy(member, 10_000)
    world.settle()
    world.shop.redeem(member, 70, capture=True)
    take_back(world.shop, bought, amount_minor=5_000)
    world.settle()
    assert (sum(world.on_chain(member)), world.balance(member)["debt"]) == (0, 20)
    world.shop.buy(member, 5_000)
    world.look()
    world.settle()
    assert world.on_chain(member) == world.in_mirror(member) == (30, 0, 0, 0, 0)
    read = world.balance(member)
    assert (read["available"], read["settled"], read["debt"]) == (30, 30, 0)
    assert world.supply()["returned"] == 50
    world.look()


def test_a_refund_in_parts_leaves_what_a_smaller_redemption_would_have(world: World) -> None:
    member = world.enrol()
    world.shop.buy(member, 3_000)
    world.settle()
    world.at("2030-04-02T12:00:00+02:00")
    world.shop.buy(member, 3_000)
    redeemed = world.shop.redeem(member, 40, capture=True)["id"]
    world.settle()
    assert world.on_chain(member) == (20, 0, 0, 0, 0)

    def refund(points: int | None) -> dict[str, int]:
        body = {} if points is None else {"points": points}
        given: dict[str, int] = accepted(world.shop.post(f"/redemptions/{redeemed}/refund", body))[
            "points"
        ]
        world.settle()
        return given

    assert refund(15) == {"restored": 15, "expired": 0}
    assert world.on_chain(member) == world.in_mirror(member) == (30, 5, 0, 0, 0)
    world.look()
    world.at("2030-07-15T12:00:00+02:00")
    assert refund(5) == {"restored": 0, "expired": 5}, "the first quarter's points are gone by now"
    assert refund(None) == {"restored": 0, "expired": 20}
    assert world.on_chain(member) == (0, 30, 0, 0, 0)
    world.look()
