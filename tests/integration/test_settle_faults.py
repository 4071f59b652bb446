"""A chain that forks, fails, forgets, charges too much or answers too late."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.chain.port import ChainUnavailable
from backend.chain.quantities import write_bytes
from backend.core.operations import Kind
from backend.ledger import settlement_tables
from backend.ledger.settlement_tables import TxAttempt
from backend.settlement.lanes import lane_index
from backend.settlement.report import AlarmCode
from tests.anvil import admin_call, anvil
from tests.conftest import LedgerDatabase
from tests.integration.settle_fixtures import make_desk
from tests.integration.settle_kit import GWEI, Desk

pytest_plugins = ["tests.integration.settle_fixtures"]


def attempts(desk: Desk) -> list[dict[str, Any]]:
    """Of the newest slot."""
    newest = desk.shop.rows(settlement_tables.SettlementTx)[-1]["id"]
    rows = [r for r in desk.shop.rows(TxAttempt) if r["settlement_tx_id"] == newest]
    return sorted(rows, key=lambda row: row["attempt_no"])


def test_a_fork_takes_inclusions_back_and_sends_the_same_bytes_again(desk: Desk) -> None:
    desk.open_programs("prg_a", members=3)
    desk.shop.mint("prg_a", range(3))
    desk.step()
    desk.step(mine=1)
    desk.shop.record("prg_a", [(0, Kind.REDEEM, 10)])
    desk.step()
    desk.step(mine=1)
    assert desk.shop.states()[-2:] == ["included", "included"]
    sent = desk.shop.rows(TxAttempt)
    desk.node.reorg(2)
    report = desk.step()
    assert report.taken_back == 2
    desk.settle()
    desk.expect_exact("prg_a")
    assert [r["tx_hash"] for r in desk.shop.rows(TxAttempt)] == [r["tx_hash"] for r in sent]
    desk.finalize()
    assert set(desk.shop.states()) == {"final"}


def test_a_fork_below_finality_is_an_alarm_and_the_same_bytes_are_sent_again(desk: Desk) -> None:
    desk.open_programs("prg_a", members=3)
    desk.finalize()
    desk.shop.mint("prg_a", range(3))
    desk.step()
    desk.step(mine=1)
    assert desk.finalize().final == 1
    sent = [row["tx_hash"] for row in desk.shop.rows(TxAttempt)]
    desk.node.reorg(21)
    assert desk.supply("prg_a") == 0
    reports = [desk.step()]
    reports += [desk.step(mine=1, later_ms=6_000) for _ in range(3)]
    codes = [alarm.code for report in reports for alarm in report.alarms]
    assert AlarmCode.FINALITY_BROKEN in codes
    assert sum(report.taken_back for report in reports) == 1
    desk.settle()
    desk.expect_exact("prg_a")
    assert [row["tx_hash"] for row in desk.shop.rows(TxAttempt)] == sent


def test_a_lane_whose_key_is_gone_is_an_alarm(desk: Desk) -> None:
    desk.open_programs("prg_a", members=1)
    desk.shop.mint("prg_a", [0])
    desk.step()
    kept = [signer for n, signer in enumerate(desk.signers) if n != lane_index("prg_a", 2)]
    all_signers, desk.signers = desk.signers, kept
    report = desk.new_settler().step()
    assert [alarm.code for alarm in report.alarms] == [AlarmCode.LANE_WITHOUT_KEY]
    assert report.sealed == 0
    desk.signers = all_signers
    desk.settle()
    desk.expect_exact("prg_a")


def test_a_creation_that_was_forked_out_is_sent_again_before_what_needs_it(desk: Desk) -> None:
    desk.shop.open("prg_a")
    desk.shop.enrol("prg_a", 1)
    desk.shop.mint("prg_a", [0])
    desk.step()
    desk.step(mine=1)
    desk.step(mine=1)
    desk.node.reorg(2)
    desk.settle()
    desk.expect_exact("prg_a")


def test_a_failed_transaction_waits_for_finality_and_is_sealed_anew(desk: Desk) -> None:
    desk.open_programs("prg_a", members=2)
    desk.shop.mint("prg_a", [0])
    desk.step()
    desk.node.rpc("anvil_dropTransaction", attempts(desk)[-1]["tx_hash"])
    contract = write_bytes(desk.shop.contract("prg_a"))
    admin_call(desk.node, desk.deployment, "pause(address)", contract)
    desk.step(later_ms=10_000)
    report = desk.step(mine=1)
    assert [alarm.code for alarm in report.alarms] == [AlarmCode.REVERTED_ON_CHAIN]
    admin_call(desk.node, desk.deployment, "unpause(address)", contract)
    desk.shop.mint("prg_a", [1])
    assert desk.step(mine=3).sealed == 0
    report = desk.finalize()
    assert report.reverted == 1
    desk.settle()
    desk.expect_exact("prg_a")
    batches = desk.shop.rows(settlement_tables.Batch)
    assert [(row["seq"], row["voided_at_ms"] is None) for row in batches] == [(1, False), (1, True)]


def test_a_dropped_transaction_is_sent_again(desk: Desk) -> None:
    desk.open_programs("prg_a", members=1)
    desk.shop.mint("prg_a", [0])
    desk.step()
    desk.node.rpc("anvil_dropTransaction", attempts(desk)[-1]["tx_hash"])
    desk.step(mine=1)
    assert desk.supply("prg_a") == 0
    desk.step(later_ms=6_000)
    desk.step(mine=1)
    desk.expect_exact("prg_a")
    assert len(attempts(desk)) == 1


def test_a_base_fee_above_the_cap_sends_nothing_and_says_so(desk: Desk) -> None:
    desk.open_programs("prg_a", members=1)
    desk.shop.mint("prg_a", [0])
    desk.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(300 * GWEI))
    report = desk.step(mine=1)
    assert AlarmCode.FEE_ABOVE_CAP in [alarm.code for alarm in report.alarms]
    assert desk.shop.states()[-1] == "sealed"
    assert attempts(desk) == []
    desk.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    desk.settle()
    desk.expect_exact("prg_a")


def test_a_stuck_transaction_gets_a_higher_fee_under_the_same_nonce(desk: Desk) -> None:
    desk.open_programs("prg_a", members=1)
    desk.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    desk.node.mine()
    desk.shop.mint("prg_a", [0])
    desk.step()
    for _ in range(3):
        desk.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(20 * GWEI))
        desk.step(mine=1, later_ms=6_000)
    first, *_, last = attempts(desk)
    assert int(last["max_fee_wei"]) >= int(first["max_fee_wei"]) * 9 // 8
    desk.settle()
    desk.expect_exact("prg_a")
    assert desk.next_seq("prg_a") == 2


def test_a_base_fee_that_outgrows_an_offer_before_it_is_sent_is_followed(desk: Desk) -> None:
    """Found by a chaos test: the node takes nothing below its base fee, not even to wait."""
    desk.open_programs("prg_a", members=1)
    desk.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    desk.node.mine()
    desk.shop.mint("prg_a", [0])
    send = desk.chain.send_raw

    def too_late(raw_transaction: bytes) -> None:
        desk.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(20 * GWEI))
        desk.node.mine()
        send(raw_transaction)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.chain, "send_raw", too_late)
        report = desk.step()
    assert [alarm.code for alarm in report.alarms] == [AlarmCode.SEND_REFUSED]
    assert desk.shop.states()[-1] == "signed"
    for _ in range(8):
        desk.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(20 * GWEI))
        desk.step(mine=1, later_ms=6_000)
    desk.expect_exact("prg_a")
    assert desk.next_seq("prg_a") == 2


def test_a_node_that_takes_a_transaction_and_times_out(desk: Desk) -> None:
    desk.open_programs("prg_a", members=1)
    desk.shop.mint("prg_a", [0])
    with pytest.MonkeyPatch.context() as patch:
        send = desk.chain.send_raw

        def late(raw: bytes) -> None:
            send(raw)
            raise ChainUnavailable("timed out")

        patch.setattr(desk.chain, "send_raw", late)
        report = desk.step()
    assert [alarm.code for alarm in report.alarms] == [AlarmCode.CHAIN_UNAVAILABLE]
    assert desk.shop.states()[-1] == "signed"
    desk.settle()
    desk.expect_exact("prg_a")
    assert len(attempts(desk)) == 1


@pytest.mark.parametrize("final", [False, True])
def test_a_foreign_transaction_from_our_key(desk: Desk, final: bool) -> None:
    desk.open_programs("prg_a", members=1)
    desk.shop.mint("prg_a", [0])
    desk.step()
    desk.node.rpc("anvil_dropTransaction", attempts(desk)[-1]["tx_hash"])
    ours = write_bytes(desk.signers[lane_index("prg_a", 2)].address)
    desk.node.rpc("eth_sendTransaction", {"from": ours, "to": ours, "value": "0x1"})
    desk.node.mine()
    desk.step(later_ms=6_000)
    report = desk.step(mine=20 if final else 1)
    assert AlarmCode.FOREIGN_NONCE in [alarm.code for alarm in report.alarms]
    assert desk.supply("prg_a") == 0
    if final:
        # A node that lags may once know nothing of ours: three heads have to say so.
        assert [desk.step(mine=1).reverted for _ in range(2)] == [0, 1]
        desk.settle()
        desk.expect_exact("prg_a")
    else:
        assert report.sealed == 0


def test_an_empty_operator_account_is_an_alarm(desk: Desk) -> None:
    desk.open_programs("prg_a", members=1)
    ours = write_bytes(desk.signers[lane_index("prg_a", 2)].address)
    desk.node.rpc("anvil_setBalance", ours, "0x1")
    desk.shop.mint("prg_a", [0])
    report = desk.step()
    assert [alarm.code for alarm in report.alarms] == [AlarmCode.NOT_FUNDED]
    desk.node.rpc("anvil_setBalance", ours, hex(10**22))
    desk.settle()
    desk.expect_exact("prg_a")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_node_that_lost_blocks_gets_the_stored_transactions_again(
    ledger_database: LedgerDatabase, tmp_path: Path
) -> None:
    with anvil(tmp_path) as node:
        desk = make_desk(ledger_database, node, lanes=2)
        desk.open_programs("prg_a", "prg_b", members=4)
        saved = node.rpc("anvil_dumpState")
        for _ in range(3):
            desk.shop.mint("prg_a", range(4))
            desk.shop.mint("prg_b", range(4))
            desk.settle()
        node.kill()
        (tmp_path / "anvil.json").unlink(missing_ok=True)
        node.restart()
        node.rpc("anvil_loadState", saved)
        assert desk.supply("prg_a") == 0
        desk.settler = desk.new_settler()
        for _ in range(12):
            desk.step(mine=1, later_ms=1000)
        desk.settle()
        for program in ("prg_a", "prg_b"):
            desk.expect_exact(program)
            assert desk.next_seq(program) == 4


def test_a_node_that_does_not_answer_stops_nothing_for_good(desk: Desk) -> None:
    desk.open_programs("prg_a", members=1)
    desk.shop.mint("prg_a", [0])
    silent = replace(desk, pace=desk.pace)
    silent.settler = desk.new_settler(_Silent())
    report = silent.settler.step()
    assert [alarm.code for alarm in report.alarms] == [AlarmCode.CHAIN_UNAVAILABLE]
    assert report.head is None
    desk.settle()
    desk.expect_exact("prg_a")


class _Silent:
    def __getattr__(self, name: str) -> Any:
        def unavailable(*_: Any, **__: Any) -> Any:
            raise ChainUnavailable("no route to host")

        return unavailable
