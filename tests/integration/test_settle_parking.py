"""An operation that cannot apply is parked with its reason; nothing else is ever parked."""

from __future__ import annotations

from backend.chain.codec import SettleBatch, encode_settle
from backend.chain.quantities import write_bytes
from backend.core.operations import Kind, Operation, encode_word
from backend.ledger import settlement_tables, tables
from backend.ledger.parked import parked_operations
from backend.ledger.settlements import TxState
from backend.services.release_parked import release_parked
from backend.settlement.lanes import lane_index
from backend.settlement.report import AlarmCode
from tests.anvil import admin_call
from tests.integration.settle_kit import GWEI, Desk, address

pytest_plugins = ["tests.integration.settle_fixtures"]


def parked(desk: Desk) -> dict[tuple[str, int], str]:
    return {
        (row["program_id"], row["entry_no"]): row["parked_reason"]
        for row in desk.shop.rows(tables.OutboxEntry)
        if row["parked_reason"] is not None
    }


def test_burns_of_points_that_are_not_there_are_parked_and_the_rest_settles(desk: Desk) -> None:
    names = [f"prg_{n}" for n in range(40) if lane_index(f"prg_{n}", 2) == 0][:2]
    desk.open_programs(*names, members=6)
    for name in names:
        desk.shop.mint(name, range(5))
        desk.shop.record(name, [(0, Kind.REDEEM, 11), (1, Kind.REDEEM, 3), (5, Kind.REDEEM, 1)])
    desk.settle()
    assert {key[1] for key in parked(desk)} == {6, 8}
    assert all(reason.startswith("InsufficientBalance(") for reason in parked(desk).values())
    for name in names:
        assert desk.supply(name) == 47
        assert desk.next_seq(name) == 2


def test_a_parked_operation_can_be_released(desk: Desk) -> None:
    desk.open_programs("prg_a", members=1)
    desk.shop.record("prg_a", [(0, Kind.REDEEM, 5)])
    desk.settle()
    assert list(parked(desk)) == [("prg_a", 1)]
    desk.shop.mint("prg_a", [0], 5)
    desk.settle()
    with desk.shop.engine.connect() as connection:
        (found,) = parked_operations(connection, "prg_a")
    assert (found.kind, found.points) == (Kind.REDEEM, 5)
    assert found.reason.startswith("InsufficientBalance(")
    released = release_parked(desk.shop.engine, [found.operation_id])
    assert released.operations == [found]
    desk.settle()
    assert parked(desk) == {}
    desk.expect_exact("prg_a")


def test_what_the_chain_still_refuses_is_parked_anew_and_costs_nothing(desk: Desk) -> None:
    desk.open_programs("prg_a", "prg_b", members=1)
    for name in ("prg_a", "prg_b"):
        desk.shop.record(name, [(0, Kind.REDEEM, 5)])
    desk.settle()
    before = parked(desk)
    assert set(before) == {("prg_a", 1), ("prg_b", 1)}
    assert len(release_parked(desk.shop.engine, (), "prg_a").operations) == 1
    assert set(parked(desk)) == {("prg_b", 1)}
    desk.settle()
    assert parked(desk) == before
    assert desk.shop.rows(settlement_tables.Batch) == []
    assert len(release_parked(desk.shop.engine, ()).operations) == 2
    assert parked(desk) == {}


def test_one_that_is_not_parked_keeps_all_that_are_named_where_they_are(desk: Desk) -> None:
    desk.open_programs("prg_a", members=2)
    desk.shop.mint("prg_a", [1])
    desk.shop.record("prg_a", [(0, Kind.REDEEM, 5)])
    desk.settle()
    settled, refused = desk.shop.rows(tables.JournalEntry)
    named = [settled["operation_id"], refused["operation_id"], "op_unknown"]
    released = release_parked(desk.shop.engine, named)
    assert released.operations == []
    assert released.not_parked == sorted([settled["operation_id"], "op_unknown"])
    assert list(parked(desk)) == [("prg_a", 2)]


def test_an_operation_no_word_can_express_is_parked(desk: Desk) -> None:
    desk.open_programs("prg_a", members=2)
    desk.shop.record("prg_a", [(0, Kind.ACCRUE, 2**40), (1, Kind.ACCRUE, 5)])
    desk.settle()
    assert list(parked(desk)) == [("prg_a", 1)]
    assert desk.supply("prg_a") == 5


def test_a_balance_that_overflows_is_parked(desk: Desk) -> None:
    desk.open_programs("prg_a", members=2)
    desk.shop.record(
        "prg_a", [(0, Kind.ACCRUE, 2**40 - 2), (1, Kind.ACCRUE, 5), (0, Kind.BONUS, 1)]
    )
    desk.settle()
    assert parked(desk)[("prg_a", 3)].startswith("BalanceOverflow(index=2")
    assert desk.supply("prg_a") == 2**40 + 3


def test_paused_mints_wait_and_burns_go_on_without_overtaking(desk: Desk) -> None:
    desk.open_programs("prg_a", members=3)
    desk.shop.mint("prg_a", range(3))
    desk.settle()
    contract = write_bytes(desk.shop.contract("prg_a"))
    admin_call(desk.node, desk.deployment, "pause(address)", contract)
    desk.shop.record("prg_a", [(0, Kind.ACCRUE, 5), (0, Kind.REDEEM, 15), (1, Kind.REDEEM, 4)])
    desk.settle()
    assert parked(desk) == {}
    assert desk.supply("prg_a") == 26
    report = desk.step(mine=1)
    assert [alarm.code for alarm in report.alarms] == [AlarmCode.MINT_PAUSED]
    admin_call(desk.node, desk.deployment, "unpause(address)", contract)
    desk.settle()
    desk.expect_exact("prg_a")


def test_an_operator_that_was_removed_parks_nothing(desk: Desk) -> None:
    desk.open_programs("prg_a", members=1)
    desk.shop.mint("prg_a", [0])
    for signer in desk.signers:
        operator = write_bytes(signer.address)
        admin_call(desk.node, desk.deployment, "removeOperator(address)", operator)
    report = desk.step(mine=1)
    assert [alarm.code for alarm in report.alarms] == [AlarmCode.SETTLE_REFUSED]
    assert "NotOperator" in report.alarms[0].message
    assert parked(desk) == {}
    for signer in desk.signers:
        admin_call(desk.node, desk.deployment, "addOperator(address)", write_bytes(signer.address))
    desk.settle()
    desk.expect_exact("prg_a")


def test_what_a_removed_operator_had_under_way_settles_on_another_lane(desk: Desk) -> None:
    (name,) = [f"prg_{n}" for n in range(40) if lane_index(f"prg_{n}", 2) == 0][:1]
    desk.open_programs(name, members=1)
    desk.shop.mint(name, [0])
    desk.cap_wei = 1
    desk.settler = desk.new_settler()
    desk.step()
    assert TxState.SEALED in desk.shop.states()
    removed, kept = desk.signers
    admin_call(desk.node, desk.deployment, "removeOperator(address)", write_bytes(removed.address))
    desk.cap_wei, desk.signers, desk.resting = 200 * GWEI, [kept], [removed]
    desk.settler = desk.new_settler()
    desk.shop.mint(name, [0], 3)
    desk.settle()
    assert desk.supply(name) == 0, "it failed on chain, and waits until that is final"
    desk.finalize()
    desk.settle()
    desk.expect_exact(name)


def test_a_sequence_the_ledger_does_not_know_is_an_alarm_and_stops_the_program(desk: Desk) -> None:
    other_lane = lane_index("prg_a", 2) ^ 1
    desk.open_programs("prg_a", members=1)
    word = encode_word(Operation(Kind.ACCRUE, bytes.fromhex(address("prg_a", 0)[2:]), 7))
    foreign = SettleBatch(desk.shop.contract("prg_a"), 1, bytes(32), word.to_bytes(32))
    call = {
        "from": write_bytes(desk.signers[other_lane].address),
        "to": write_bytes(desk.deployment.settlement),
        "data": write_bytes(encode_settle([foreign])),
    }
    desk.node.rpc("eth_sendTransaction", call)
    desk.node.mine()
    desk.shop.mint("prg_a", [0])
    report = desk.step()
    assert [alarm.code for alarm in report.alarms] == [AlarmCode.LEDGER_BEHIND]
    assert parked(desk) == {}
    assert desk.shop.rows(settlement_tables.Batch) == []
