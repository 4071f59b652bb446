"""A rebind moves every lot with its age, once, whatever dies on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.ledger import calls as queue
from backend.ledger import settlement_tables, tables
from backend.ledger import settlement_writes as writes
from backend.settlement import calls as caller
from backend.settlement import confirmer, sender
from tests.anvil import Anvil
from tests.api_client import accepted, refused
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front
from tests.integration.kill_kit import after, before, settle_despite_kills
from tests.member_keys import Wallet

pytest_plugins = ["tests.integration.settle_fixtures"]

WALLET = Wallet(bytes(31) + b"\x09")


@pytest.fixture
def front(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Iterator[Front]:
    with open_front(ledger_database, shared_anvil) as opened:
        yield opened


def enrolled(front: Front, points: int = 100) -> str:
    member_id = front.till.enrol()
    front.till.buy(member_id, 100 * points)
    front.settle()
    return member_id


def test_a_lost_card_gets_a_new_address_with_everything_on_it(front: Front) -> None:
    member_id = enrolled(front)
    old = front.address(member_id)
    word = front.on_chain("bucketsOf", old)
    answer = front.till.post(f"/members/{member_id}/rebind", {"fresh": True}, key="card")
    done = answer.json()
    assert answer.status_code == 202
    # What is accepted meanwhile settles where the member is by then.
    front.till.buy(member_id, 1_000)
    assert front.address(member_id) == old
    front.look()
    front.desk.step()
    front.desk.node.mine()
    front.look()
    front.settle()
    front.look()
    new = front.address(member_id)
    assert new == done["to_address"] != old
    assert (front.points(old), front.points(new)) == (0, 110)
    assert front.on_chain("bucketsOf", new)[:32] == word[:32]
    assert front.till.post(f"/members/{member_id}/rebind", {"fresh": True}, key="card").json() == (
        done
    )
    second, third = front.till.records("batches")[1:]
    rebound = next(b for b in (second, third) if int.from_bytes(b["words"][:32]) >> 88 & 0xFF == 8)
    assert rebound["word_count"] == 1
    assert rebound["minted_points"] == rebound["burned_points"]
    assert rebound["minted_points"] == (100 if rebound is second else 110)


def test_an_address_is_taken_once(front: Front) -> None:
    one, two = enrolled(front), enrolled(front)
    old = front.address(one)
    front.rebind(one, address=WALLET.address)
    before = front.till.snapshot()
    for taken in (WALLET.address, old):
        answer = front.till.post(f"/members/{two}/rebind", {"address": taken})
        refused(answer, 409, "address_in_use")
    assert front.till.snapshot() == before


def test_somebody_elses_member_does_not_exist(front: Front) -> None:
    unknown = f"mem_{'0' * 26}"
    answer = front.till.post(f"/members/{unknown}/rebind", {"fresh": True})
    refused(answer, 404, "unknown_member")
    refused(front.till.get(f"/calls/cal_{'0' * 26}"), 404, "unknown_call")


POINTS = {
    "before the seal commits": (queue, "assign_calls", before),
    "in the seal's commit": (queue, "assign_calls", after),
    "after the seal": (caller.Caller, "_commit", after),
    "after the attempt": (sender.Sender, "send", before),
    "after sending": (writes, "mark_broadcast", before),
    "in the commit of the inclusion": (queue, "apply_effects", after),
    "after the inclusion": (confirmer.Confirmer, "confirm_open", after),
}


@pytest.mark.parametrize("point", POINTS)
def test_killed_there_it_happens_once(front: Front, point: str) -> None:
    member_id = enrolled(front)
    old = front.address(member_id)
    answer = front.till.post(f"/members/{member_id}/rebind", {"address": WALLET.address})
    call_id = answer.json()["call_id"]
    kills = settle_despite_kills(
        front, *POINTS[point], lambda: front.call_status(call_id) == "final"
    )
    assert kills
    assert front.call_status(call_id) == "final"
    assert front.address(member_id) == WALLET.address
    assert (front.points(old), front.points(WALLET.address)) == (0, 100)
    rebinds = [
        row
        for row in front.desk.shop.rows(settlement_tables.SettlementTx)
        if row["purpose"] == "call"
    ]
    assert [row["state"] for row in rebinds] == ["final"]


def test_a_reorganisation_takes_the_address_back_until_it_is_included_again(
    front: Front,
) -> None:
    member_id = enrolled(front)
    old = front.address(member_id)
    front.till.post(f"/members/{member_id}/rebind", {"address": WALLET.address})
    front.desk.step()
    front.desk.step(mine=1, later_ms=1000)
    assert front.address(member_id) == WALLET.address
    front.desk.node.reorg(1)
    front.desk.step(later_ms=1000)
    assert front.address(member_id) == old
    front.settle()
    assert front.address(member_id) == WALLET.address
    assert accepted(front.till.get(f"/members/{member_id}/balance"))["available"] == 100
    assert len(front.desk.shop.rows(tables.Member)) == 1
