"""True books stay clean for the auditor whatever members did with their rights and their time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.audit import Audit, Plan, audit
from auditor.node import Node
from auditor.published import load
from scripts import _artifacts
from tests.anvil import Anvil
from tests.api_client import accepted
from tests.conftest import LedgerDatabase
from tests.integration import signing_kit
from tests.integration.front_kit import Front, open_front
from tests.integration.rights_kit import QUARTERS, World, open_world
from tests.member_keys import Wallet

pytest_plugins = ["tests.integration.settle_fixtures"]

WALLET = Wallet(bytes(31) + b"\x0b")
# The auditor reads a database by its URL; what differs between the two is read elsewhere.
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def front(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Iterator[Front]:
    with open_front(ledger_database, shared_anvil) as opened:
        yield opened


@pytest.fixture
def world(ledger_database: LedgerDatabase, tmp_path: Path) -> Iterator[World]:
    with open_world(ledger_database, tmp_path, "2031-02-10T12:00:00+01:00", QUARTERS) as opened:
        yield opened


def audited(here: Front | World, database: LedgerDatabase) -> Audit:
    deployment = here.desk.deployment if isinstance(here, Front) else here.deployment
    node = here.desk.node if isinstance(here, Front) else here.node
    plan = Plan(
        factory=f"0x{deployment.factory.hex()}",
        settlement=f"0x{deployment.settlement.hex()}",
        published=load(_artifacts.BUILD_FOLDER),
        to_block="latest",
        books_url=database.ledger.url.render_as_string(hide_password=False),
    )
    return audit(Node(node.url), plan)


def expect_clean(here: Front | World, database: LedgerDatabase) -> None:
    done = audited(here, database)
    assert done.books is not None
    assert [str(each) for each in done.subject.findings.kept] == []


@on_sqlite
def test_rebinds_and_signed_redemptions_before_under_way_and_after(
    front: Front, ledger_database: LedgerDatabase
) -> None:
    member = front.till.enrol()
    front.till.buy(member, 10_000)
    front.settle()
    expect_clean(front, ledger_database)
    answer = front.till.post(f"/members/{member}/rebind", {"address": WALLET.address})
    assert answer.status_code == 202
    expect_clean(front, ledger_database)
    front.settle()
    expect_clean(front, ledger_database)
    front.till.buy(member, 2_000)
    front.settle()
    consent = WALLET.sign(front.asked(member, points="30"))
    body = front.till.redemption(member, 30, capture=True, consent=consent)
    accepted(front.till.post("/redemptions", body))
    expect_clean(front, ledger_database)
    front.settle()
    assert front.points(WALLET.address) == 90
    expect_clean(front, ledger_database)


@on_sqlite
def test_points_that_lapse_under_a_hold_and_points_that_come_back_old(
    world: World, ledger_database: LedgerDatabase
) -> None:
    member = world.enrol()
    world.shop.buy(member, 10_000)
    world.settle()
    world.at("2031-06-20T12:00:00+02:00")
    world.shop.buy(member, 3_000)
    world.settle()
    taken = accepted(
        world.shop.post("/redemptions", world.shop.redemption(member, 40, capture=True))
    )
    held = accepted(world.shop.post("/redemptions", world.shop.redemption(member, 50)))
    world.settle()
    expect_clean(world, ledger_database)
    # Back into the quarter it was earned in, which is the last one that lives.
    assert world.shop.post(f"/redemptions/{taken['id']}/refund", {}).status_code in {200, 201}
    world.settle()
    expect_clean(world, ledger_database)
    world.at("2031-07-01T12:00:00+02:00")
    world.settle()
    expect_clean(world, ledger_database)
    accepted(world.shop.post(f"/redemptions/{held['id']}/capture"))
    expect_clean(world, ledger_database)
    world.settle()
    assert sum(world.on_chain(member)) == 30
    expect_clean(world, ledger_database)


@on_sqlite
def test_a_return_that_the_chain_did_not_take_before_and_after_it_is_given_back(
    front: Front, ledger_database: LedgerDatabase
) -> None:
    member = front.till.enrol()
    bought = front.till.buy(member, 10_000)["id"]
    front.settle()
    front.rebind(member, address=signing_kit.WALLET.address)
    accepted(front.till.post(f"/purchases/{bought}/returns", {}))
    asked = front.asked(member, action="set_signed_only", signed_only="true")
    signing_kit.directly(front, asked)
    front.settle()
    expect_clean(front, ledger_database)
    front.desk.finalize()
    assert front.till.balance(member) == (100, 0)
    expect_clean(front, ledger_database)


@on_sqlite
def test_what_others_bring_on_chain_before_and_after_it_is_in_the_books(
    front: Front, ledger_database: LedgerDatabase
) -> None:
    member = front.till.enrol()
    front.till.buy(member, 10_000)
    front.settle()
    front.rebind(member, address=signing_kit.WALLET.address)
    asked = front.asked(member, points="30")
    consent = signing_kit.WALLET.sign(asked)
    front.till.redeem(member, 30, capture=True, consent=consent)
    signing_kit.relayed(front, asked)
    front.desk.node.mine()
    expect_clean(front, ledger_database)
    front.look()
    front.desk.finalize()
    expect_clean(front, ledger_database)
    signing_kit.relayed(front, front.asked(member, points="20"))
    front.desk.node.mine()
    done = audited(front, ledger_database)
    assert done.books is not None
    # Said to be waited for, until the books have it.
    assert done.books.members_waiting == [signing_kit.WALLET.address]
    assert [str(each) for each in done.subject.findings.kept] == []
    for _ in range(2):
        front.look()
        front.desk.finalize()
    assert front.till.balance(member) == (50, 0)
    done = audited(front, ledger_database)
    assert done.books is not None
    assert (done.books.members_waiting, done.subject.findings.kept) == ([], [])
