"""What members' lives come to on a real chain: ledger, contract and mirror tell one story."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.anvil import Anvil
from tests.api_client import accepted, refused
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front
from tests.ledger_audit import audit

pytest_plugins = ["tests.integration.settle_fixtures"]
sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def front(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Iterator[Front]:
    with open_front(ledger_database, shared_anvil) as opened:
        yield opened


@sqlite_only
def test_a_merge_settles_as_one_batch_and_reconciles(front: Front) -> None:
    source, target = front.till.enrol(card="C001"), front.till.enrol(card="C002")
    front.till.buy(source, 10_000)
    front.till.buy(target, 2_000)
    front.settle()
    # What is not on chain yet moves as well.
    front.till.buy(source, 500)
    done = accepted(front.till.post(f"/members/{source}/merge", {"into_member_id": target}))
    assert done["moved_points"] == 105
    front.settle()
    front.look()
    assert front.points(front.address(source)) == 0
    assert front.points(front.address(target)) == 125
    operations = [accepted(front.till.get(f"/operations/{one}")) for one in done["operation_ids"]]
    assert {one["status"] for one in operations} <= {"included", "final"}
    assert len({one["tx_hash"] for one in operations}) == 1
    for one in operations:
        accepted(front.till.get(f"/operations/{one['id']}/proof"))
    supply = accepted(front.till.get(f"/programs/{front.till.program_id}/supply"))
    assert (supply["minted"], supply["returned"], supply["redeemed"]) == (125, 0, 0)
    audit(front.till.database.ledger)


@sqlite_only
def test_case_14_a_lost_card_moves_the_member_to_an_address_that_no_finder_knows(
    front: Front,
) -> None:
    """FEATURES §6 case 14: new card, balance moved, the old one blocked for ever."""
    member = front.till.enrol(card="LOST1")
    front.till.buy(member, 10_000)
    front.settle()
    old = front.address(member)
    done = accepted(front.till.post(f"/members/{member}/card-replacement", {"card": "NEW1"}))
    assert done["rebind_refused"] is None
    assert done["balance"]["available"] == 100
    front.settle()
    front.look()
    assert front.call_status(done["rebind_call_id"]) in {"included", "final"}
    assert front.address(member) != old
    assert (front.points(old), front.points(front.address(member))) == (0, 100)
    bought = {
        "program_id": front.till.program_id,
        "member": {"card": "LOST1"},
        "points": 1,
    }
    refused(front.till.post("/redemptions", bought), 409, "card_blocked")
    bought["member"] = {"card": "NEW1"}
    accepted(front.till.post("/redemptions", bought | {"capture": True}))
    front.settle()
    front.look()
    assert front.points(front.address(member)) == 99


@sqlite_only
def test_an_erased_members_points_are_burned_and_their_entries_prove_nothing_of_them(
    front: Front,
) -> None:
    member = front.till.enrol(phone="+33612345678")
    bought = front.till.buy(member, 10_000)
    address = front.address(member)
    done = accepted(front.till.post(f"/members/{member}/erase", {"forfeit_points": True}))
    assert done["forfeited_points"] == 100
    front.settle()
    front.look()
    assert front.points(address) == 0
    accepted(front.till.get(f"/operations/{bought['operation_ids'][0]}/proof"))
    audit(front.till.database.ledger)
