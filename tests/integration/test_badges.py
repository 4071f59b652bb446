"""Badges from the API to the contract and back: given once, taken back, moved with their member."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from backend.chain.keccak import selector
from backend.chain.port import CallReverted
from backend.ledger import calls as queue
from backend.settlement import calls as caller
from backend.settlement import confirmer, sender
from backend.settlement.calls import REFUSALS_BEFORE_PARKING
from tests.anvil import Anvil
from tests.api_client import accepted, another_merchant, refused
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front
from tests.integration.kill_kit import after, before, settle_despite_kills
from tests.member_keys import Wallet

pytest_plugins = ["tests.integration.settle_fixtures"]

WALLET = Wallet(bytes(31) + b"\x0b")


@pytest.fixture
def front(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Iterator[Front]:
    with open_front(ledger_database, shared_anvil) as opened:
        yield opened


def give(front: Front, member_id: str, kind: str | int = "gold") -> dict[str, Any]:
    answer = front.till.post(f"/members/{member_id}/badges", {"type": kind})
    assert answer.status_code == 202, answer.text
    done: dict[str, Any] = answer.json()
    return done


def take(front: Front, member_id: str, badge_id: str, key: str = "take") -> Any:
    path, headers = f"/v1/members/{member_id}/badges/{badge_id}", {"Idempotency-Key": key}
    return front.till.request("DELETE", path, headers=headers)


def listed(front: Front, member_id: str) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = accepted(front.till.get(f"/members/{member_id}/badges"))["data"]
    return data


def held_on_chain(front: Front, address: str) -> int:
    """How many badges the contract says the address holds."""
    badge = front.desk.deployment.badge
    assert badge is not None
    asked = selector("balanceOf(address)") + bytes(12) + bytes.fromhex(address[2:])
    return int.from_bytes(front.desk.chain.call(badge, asked))


def finish(front: Front) -> None:
    """Until all is final, what finality brings about included."""
    front.settle()
    for _ in range(3):
        front.desk.finalize()
        front.settle()


def asked_of(front: Front, view: str, token_id: str, returns: str) -> Any:
    """What the contract answers to a view of one badge."""
    badge = front.desk.deployment.badge
    assert badge is not None
    data = selector(f"{view}(uint256)") + encode(["uint256"], [int(token_id, 16)])
    (value,) = decode([returns], front.desk.chain.call(badge, data))
    return value


def test_a_badge_is_given_once_and_taken_back(front: Front) -> None:
    member_id = front.till.enrol()
    address = front.address(member_id)
    body = {"type": "gold"}
    answer = front.till.post(f"/members/{member_id}/badges", body, key="gold")
    done = answer.json()
    assert (answer.status_code, done["type_number"], done["action"]) == (202, 3, "issue")
    assert [one["settlement"]["status"] for one in listed(front, member_id)] == ["accepted"]
    problem = refused(
        front.till.post(f"/members/{member_id}/badges", {"type": 3}), 409, "badge_already_held"
    )
    assert problem["badge_id"] == done["id"]
    refused(
        front.till.post(f"/members/{member_id}/badges", {"type": "welcome"}),
        409,
        "consent_in_flight",
    )
    finish(front)
    (badge,) = listed(front, member_id)
    assert (badge["id"], badge["held"], badge["revocation"]) == (done["id"], True, None)
    assert badge["settlement"]["status"] == "final"
    assert asked_of(front, "ownerOf", badge["token_id"], "address") == address
    uri = asked_of(front, "tokenURI", badge["token_id"], "string")
    assert uri == "https://shop.example/badges/3"
    again = front.till.post(f"/members/{member_id}/badges", body, key="gold")
    assert (again.status_code, again.json()) == (202, done)

    gone = take(front, member_id, badge["id"])
    assert (gone.status_code, gone.json()["action"]) == (202, "revoke")
    assert take(front, member_id, badge["id"]).json() == gone.json()
    finish(front)
    (badge,) = listed(front, member_id)
    assert (badge["held"], badge["revocation"]["status"]) == (False, "final")
    assert held_on_chain(front, address) == 0
    refused(take(front, member_id, badge["id"], "again"), 409, "badge_not_held")
    assert give(front, member_id)["token_id"] != badge["token_id"]
    front.settle()
    assert held_on_chain(front, address) == 1


def test_badges_follow_their_member_to_another_address(front: Front) -> None:
    member_id = front.till.enrol()
    front.till.buy(member_id, 1000)
    front.settle()
    old = front.address(member_id)
    for kind in ("gold", "welcome", "bronze"):
        give(front, member_id, kind)
        front.settle()
    assert take(front, member_id, listed(front, member_id)[2]["id"]).status_code == 202
    finish(front)
    given = listed(front, member_id)
    front.rebind(member_id, address=WALLET.address)
    finish(front)
    assert (held_on_chain(front, old), held_on_chain(front, WALLET.address)) == (0, 2)
    now = listed(front, member_id)
    assert [(one["id"], one["type"], one["held"]) for one in now] == [
        (one["id"], one["type"], one["held"]) for one in given
    ]
    for one in now[:2]:
        assert asked_of(front, "ownerOf", one["token_id"], "address") == WALLET.address
    assert now[2] == given[2]
    front.look()


POINTS = {
    "in the seal's commit": (queue, "assign_calls", after),
    "after the seal": (caller.Caller, "_commit", after),
    "after the attempt": (sender.Sender, "send", before),
    "when a rebind is final": (confirmer, "move_badges", after),
    "after the inclusion": (confirmer.Confirmer, "confirm_open", after),
}


@pytest.mark.parametrize("point", POINTS)
def test_killed_there_each_step_happens_once(front: Front, point: str) -> None:
    member_id = front.till.enrol()
    old = front.address(member_id)
    give(front, member_id)
    front.settle()
    front.till.post(f"/members/{member_id}/rebind", {"address": WALLET.address})
    moved = (0, 1)
    kills = settle_despite_kills(
        front,
        *POINTS[point],
        lambda: (held_on_chain(front, old), held_on_chain(front, WALLET.address)) == moved,
    )
    assert kills
    finish(front)
    (badge,) = listed(front, member_id)
    assert badge["held"]
    assert badge["settlement"]["status"] == "final"
    moves = [row for row in front.till.records("chain_calls") if row["parked_reason"] is None]
    assert sorted(row["kind"] for row in moves) == [
        "issue_badges", "issue_badges", "rebind", "revoke_badges",
    ]  # fmt: skip


def test_a_badge_that_its_member_gave_up_is_not_taken_twice(front: Front) -> None:
    front.till.buy(member_id := front.till.enrol(), 1000)
    front.settle()
    front.rebind(member_id, address=WALLET.address)
    badge = give(front, member_id)
    front.settle()
    contract = front.desk.deployment.badge
    assert contract is not None
    node, token = front.desk.node, int(badge["token_id"], 16)
    node.rpc("anvil_impersonateAccount", WALLET.address)
    node.rpc("anvil_setBalance", WALLET.address, hex(10**18))
    data = selector("renounce(uint256)") + encode(["uint256"], [token])
    call = {"from": WALLET.address, "to": f"0x{contract.hex()}", "data": f"0x{data.hex()}"}
    node.rpc("eth_sendTransaction", {**call, "gas": hex(200_000)})
    node.mine()
    with pytest.raises(CallReverted):
        asked_of(front, "ownerOf", badge["token_id"], "address")
    assert take(front, member_id, badge["id"]).status_code == 202
    for _ in range(REFUSALS_BEFORE_PARKING):
        front.desk.finalize()
    (read,) = listed(front, member_id)
    assert (read["held"], read["revocation"]["status"]) == (False, "parked")
    assert "UnknownBadge" in read["revocation"]["parked_reason"]


def test_refusals_write_nothing(front: Front) -> None:
    member_id = front.till.enrol()
    stranger = another_merchant(front.till)
    path = f"/members/{member_id}/badges"
    written = front.till.snapshot()
    for wrong in ("diamond", "", 5, 0, -1, 2**70):
        code = "invalid_request" if wrong == "" else "badge_type_unknown"
        refused(front.till.post(path, {"type": wrong}), 422, code)
    for shapeless in ({}, {"type": True}, {"type": 1.0}, {"type": None}, {"type": 3, "x": 1}):
        refused(front.till.post(path, shapeless), 422, "invalid_request")
    refused(stranger.post(path, {"type": "gold"}), 404, "unknown_member")
    refused(stranger.get(path), 404, "unknown_member")
    refused(take(front, member_id, "bdg_nothing"), 404, "unknown_badge")
    refused(take(front, member_id, "%00"), 404, "unknown_badge")
    bare = front.till.request("POST", f"/v1{path}", json={"type": "gold"})
    refused(bare, 400, "idempotency_key_missing")
    assert front.till.snapshot() == written
    assert listed(front, member_id) == []
