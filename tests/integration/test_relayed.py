"""Signed redemptions that others bring on chain: none is burned twice, or forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backend.chain.quantities import write_bytes
from backend.ledger import parked
from backend.ledger.engine import writing
from backend.services.read_books import read_trial_balance
from backend.services.read_program import read_program
from tests.api_client import accepted
from tests.integration.front_kit import Front
from tests.integration.signing_kit import WALLET, directly, relayed
from tests.ledger_audit import audit

pytest_plugins = ["tests.integration.settle_fixtures", "tests.integration.signing_kit"]


def redeem(front: Front, member: str, points: int) -> tuple[dict[str, Any], str]:
    """A signed redemption at the till: what was signed, and the operation."""
    asked = front.asked(member, points=str(points))
    done = front.till.redeem(member, points, capture=True, consent=WALLET.sign(asked))
    (operation_id,) = done["operation_ids"]
    return asked, str(operation_id)


def change(front: Front, member: str, asked: dict[str, Any]) -> str:
    """A signed change of `signedOnly`, asked for through us; the call's id."""
    wanted = asked["typed_data"]["message"]["signedOnly"]
    body = {"signed_only": wanted, "consent": WALLET.sign(asked)}
    answer = front.till.post(f"/members/{member}/signed-only", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["call_id"])


def until_final(front: Front) -> None:
    """Passes until what is on chain is final and was looked at often enough; at every moment
    ledger, mirror and chain agree."""
    for _ in range(4):
        front.look()
        front.desk.finalize()
    front.settle()
    front.look()
    audit(front.till.database.ledger)


def newest_attempt(front: Front) -> dict[str, Any]:
    (slot,) = [row for row in front.till.records("settlement_txs") if row["state"] == "broadcast"]
    attempts = front.till.records("tx_attempts")
    (attempt,) = [row for row in attempts if row["settlement_tx_id"] == slot["id"]]
    return attempt


def operation(front: Front, operation_id: str) -> dict[str, Any]:
    return accepted(front.till.get(f"/operations/{operation_id}"))


def test_who_relays_a_redemption_before_us_does_what_we_would_have_done(
    front: Front, member: str
) -> None:
    asked, operation_id = redeem(front, member, 30)
    relayed(front, asked)
    front.desk.node.mine()
    until_final(front)
    assert front.points(WALLET.address) == 70
    assert front.till.balance(member) == (70, 0)
    read = operation(front, operation_id)
    assert (read["status"], read["parked_reason"]) == ("final", None)
    sent = front.desk.node.rpc("eth_getTransactionByHash", read["tx_hash"])
    assert int(sent["blockNumber"], 16) == read["block_number"]
    # And the next signature of the member counts on from there.
    _, second = redeem(front, member, 20)
    until_final(front)
    assert (front.points(WALLET.address), operation(front, second)["status"]) == (50, "final")


def test_a_relay_that_overtakes_our_transaction_makes_it_fail_and_nothing_else(
    front: Front, member: str
) -> None:
    front.look()
    asked, operation_id = redeem(front, member, 30)
    front.desk.step()
    node, ours = front.desk.node, newest_attempt(front)
    node.rpc("anvil_dropTransaction", ours["tx_hash"])
    relayed(front, asked)
    node.rpc("eth_sendRawTransaction", write_bytes(ours["raw_transaction"]))
    node.mine()
    alarms = [alarm for alarm in front.desk.step().alarms if alarm.code == "reverted_on_chain"]
    assert [alarm.program_id for alarm in alarms] == [front.till.program_id]
    until_final(front)
    assert front.points(WALLET.address) == 70
    assert front.till.balance(member) == (70, 0)
    assert operation(front, operation_id)["status"] == "final"


def test_a_redemption_that_no_till_asked_for_is_in_the_books_once_it_is_final(
    front: Front, member: str
) -> None:
    relayed(front, front.asked(member, points="30"))
    front.desk.node.mine()
    front.look()
    # It may still be undone, and others are not kept waiting for that.
    assert front.till.balance(member) == (100, 0)
    other = front.till.enrol()
    front.till.buy(other, 500)
    front.settle()
    front.look()
    assert front.points(front.address(other)) == 5
    until_final(front)
    assert front.till.balance(member) == (70, 0)
    entry = accepted(front.till.get(f"/members/{member}/history"))["data"][0]
    assert (entry["kind"], entry["points"]) == ("redeem", -30)
    assert entry["status"] == "final"
    until_final(front)
    assert front.till.balance(member) == (70, 0)


def test_two_redemptions_of_one_transaction_are_two_in_the_books(front: Front, member: str) -> None:
    first = front.asked(member, points="30")
    later = front.asked(member, points="30")
    message = later["typed_data"]["message"]
    message["nonce"] = str(int(message["nonce"]) + 1)
    # The same reference twice: one of them was asked for at a till.
    message["redemptionId"] = later["redemption_ref"] = first["redemption_ref"]
    front.till.redeem(member, 30, capture=True, consent=WALLET.sign(first))
    relayed(front, first, later)
    front.desk.node.mine()
    until_final(front)
    assert front.points(WALLET.address) == 40
    assert front.till.balance(member) == (40, 0)
    page = accepted(front.till.get(f"/members/{member}/history"))["data"]
    assert [(one["kind"], one["points"]) for one in page[:2]] == [("redeem", -30)] * 2


def test_what_was_signed_for_the_same_once_more_is_another_redemption(
    front: Front, member: str
) -> None:
    """First at the till, then past it, then at the till again, always with one reference."""
    first = front.asked(member, points="20")
    front.till.redeem(member, 20, capture=True, consent=WALLET.sign(first))
    front.settle()
    until_final(front)
    for past_the_till in (True, False):
        again = front.asked(member, points="20")
        again["redemption_ref"] = first["redemption_ref"]
        again["typed_data"]["message"]["redemptionId"] = first["redemption_ref"]
        if past_the_till:
            relayed(front, again)
            front.desk.node.mine()
        else:
            front.till.redeem(member, 20, capture=True, consent=WALLET.sign(again))
            front.look()
            front.settle()
        until_final(front)
    assert front.points(WALLET.address) == 40
    assert front.till.balance(member) == (40, 0)


def test_points_spent_twice_are_a_merchant_s_matter_and_stop_nobody(
    front: Front, member: str
) -> None:
    """The till took 50 without a signature while the member burned 80 of 100 on chain."""
    front.till.redeem(member, 50, capture=True)
    relayed(front, front.asked(member, points="80"))
    front.desk.node.mine()
    front.look()
    front.settle()
    front.look()
    front.desk.finalize()
    front.look()
    report = front.desk.finalize()
    assert [alarm.code for alarm in report.alarms] == ["redeemed_elsewhere"]
    assert front.till.balance(member) == (50, 0)
    other = front.till.enrol()
    front.till.buy(other, 500)
    front.settle()
    front.look()
    assert front.points(front.address(other)) == 5
    # The merchant makes up for it, and what was set aside goes through.
    front.till.buy(member, 3_000)
    front.settle()
    ledger = front.till.database.ledger
    with writing(ledger) as connection:
        released = parked.release(
            connection, parked.parked_operations(connection, front.till.program_id)
        )
    assert released == 1
    until_final(front)
    assert front.points(WALLET.address) == 0
    assert front.till.balance(member) == (0, 0)


@pytest.mark.parametrize("wanted", [True, False], ids=["only signed", "no more"])
def test_who_relays_a_change_of_signed_only_does_what_we_would_have_done(
    front: Front, member: str, wanted: bool
) -> None:
    if not wanted:
        directly(front, front.asked(member, action="set_signed_only", signed_only="true"))
    asked = front.asked(member, action="set_signed_only", signed_only=str(wanted).lower())
    call_id = change(front, member, asked)
    directly(front, asked)
    until_final(front)
    read = accepted(front.till.get(f"/calls/{call_id}"))
    assert (read["status"], read["parked_reason"]) == ("final", None)
    sent = front.desk.node.rpc("eth_getTransactionByHash", read["tx_hash"])
    assert int(sent["blockNumber"], 16) == read["block_number"]


def test_a_change_of_signed_only_that_something_else_made_void_is_set_aside(
    front: Front, member: str
) -> None:
    """The same nonce, used for a redemption: the chain has no such change."""
    asked = front.asked(member, action="set_signed_only", signed_only="true")
    redemption = front.asked(member, points="30")
    call_id = change(front, member, asked)
    relayed(front, redemption)
    front.desk.node.mine()
    until_final(front)
    read = accepted(front.till.get(f"/calls/{call_id}"))
    assert read["status"] == "parked"
    assert read["parked_reason"].startswith("BadSignature")


def test_an_earlier_debit_waits_for_what_was_earned_behind_it(front: Front, member: str) -> None:
    """Found by seed 1094: the stranger was faster than the debits accepted before."""
    front.till.redeem(member, 100, capture=True)
    front.till.buy(member, 2_000)
    asked, _ = redeem(front, member, 10)
    relayed(front, asked)
    front.desk.node.mine()
    front.settle()
    until_final(front)
    assert [row["parked_reason"] for row in front.till.records("outbox")] == [None] * 3
    assert front.points(WALLET.address) == 10
    assert front.till.balance(member) == (10, 0)


def test_a_return_that_finds_less_than_the_till_knew_of_takes_what_there_is(
    front: Front, member: str
) -> None:
    bought = front.till.buy(member, 2_000)["id"]
    front.settle()
    relayed(front, front.asked(member, points="110"))
    front.desk.node.mine()
    back = accepted(front.till.post(f"/purchases/{bought}/returns", {}))
    assert back["points"] == {"taken_back": 20, "unrecovered": 0}
    front.look()
    front.settle()
    until_final(front)
    assert front.points(WALLET.address) == 0
    assert front.till.balance(member) == (0, 0)
    (row,) = front.till.records("purchase_returns")
    assert (row["points"], row["forgiven_points"]) == (10, 10)


def test_a_trial_balance_knows_a_relayed_redemption(front: Front, member: str) -> None:
    asked, _ = redeem(front, member, 30)
    relayed(front, asked)
    front.desk.node.mine()
    front.look()

    async def balanced() -> bool:
        house, till = front.till.house, front.till
        program = await read_program(house, till.merchant_id, till.program_id)
        return (await read_trial_balance(house, program, None)).balanced

    assert asyncio.run(balanced())
    until_final(front)
    assert asyncio.run(balanced())
