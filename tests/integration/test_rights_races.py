"""What was accepted before the member or the program changed on chain: nothing waits for ever."""

from __future__ import annotations

from backend.chain.keccak import selector
from backend.chain.quantities import write_bytes
from tests.anvil import admin_send
from tests.api_client import accepted
from tests.integration.front_kit import Front
from tests.integration.signing_kit import WALLET, directly
from tests.ledger_audit import audit
from tests.returns_kit import judge_returns_by

pytest_plugins = ["tests.integration.settle_fixtures", "tests.integration.signing_kit"]


def test_a_return_on_its_way_that_finds_a_signer_is_given_back_and_holds_nobody_up(
    front: Front, member: str
) -> None:
    """The member tells the contract while the return waits: it takes nothing there."""
    bought = front.till.buy(member, 1_000)["id"]
    front.settle()
    back = accepted(front.till.post(f"/purchases/{bought}/returns", {}))
    assert back["points"] == {"taken_back": 10, "unrecovered": 0}
    directly(front, front.asked(member, action="set_signed_only", signed_only="true"))
    front.settle()
    # Reconciled while it may still change: the points are on their way back.
    front.look()
    assert front.till.balance(member) == (100, 0)
    # The settler may know first.
    front.desk.finalize()
    for _ in range(2):
        front.look()
        assert front.till.balance(member) == (110, 0) == (front.points(WALLET.address), 0)
    audit(front.till.database.ledger)
    (row,) = front.till.records("purchase_returns")
    assert (row["points"], row["forgiven_points"]) == (0, 10)
    page = accepted(front.till.get(f"/members/{member}/history"))["data"]
    assert [(one["kind"], one["points"]) for one in page[:2]] == [
        ("return_undone", 10), ("return", -10)
    ]  # fmt: skip
    other = front.till.enrol()
    front.till.buy(other, 500)
    consent = WALLET.sign(front.asked(member, points="110"))
    front.till.redeem(member, 110, capture=True, consent=consent)
    front.settle()
    front.look()
    assert (front.points(WALLET.address), front.till.balance(other)) == (0, (5, 0))


def test_who_owes_and_signs_keeps_owing_and_their_points(front: Front, member: str) -> None:
    """A debt is made up by a return behind each credit; the chain takes none from who signs."""
    judge_returns_by(front.till, {"spent_points": "debt"})
    bought = front.till.buy(member, 1_000)["id"]
    front.till.redeem(member, 105, capture=True)
    accepted(front.till.post(f"/purchases/{bought}/returns", {}))
    front.settle()
    owed = accepted(front.till.get(f"/members/{member}/balance"))["debt"]
    directly(front, front.asked(member, action="set_signed_only", signed_only="true"))
    front.till.buy(member, 700)
    front.settle()
    front.look()
    front.desk.finalize()
    front.look()
    audit(front.till.database.ledger)
    read = accepted(front.till.get(f"/members/{member}/balance"))
    assert (owed, read["debt"], read["available"]) == (5, 5, front.points(WALLET.address))
    assert read["available"] == 7


def test_a_closing_program_s_mints_hold_up_no_signed_redemption(front: Front, member: str) -> None:
    until_s = front.desk.chain.head().timestamp_s + 40 * 86_400
    contract = write_bytes(front.desk.shop.contract(front.till.program_id))
    admin_send(
        front.desk.node,
        front.desk.deployment,
        selector("announceClosing(address,uint256)"),
        ["address", "uint256"],
        [contract, until_s],
    )
    front.till.buy(member, 700)
    consent = WALLET.sign(front.asked(member, points="60"))
    front.till.redeem(member, 60, capture=True, consent=consent)
    front.settle()
    front.look()
    assert front.points(WALLET.address) == 40
