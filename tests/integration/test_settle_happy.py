"""What settles, settles once: batches, order, shares of programs, statuses and proofs."""

from __future__ import annotations

import json

from sqlalchemy import update

from backend.chain.codec import decode_settle, decode_uint
from backend.chain.keccak import selector
from backend.core.lifecycle import SettlementState
from backend.core.operations import Kind
from backend.core.receipts import verify_proof
from backend.ledger import outbox, settlement_tables, tables, webhook_tables
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.services.program_rules import Expiry, Limits, ProgramRules, Terms
from backend.settlement.lanes import lane_index
from tests.integration.settle_kit import Desk

pytest_plugins = ["tests.integration.settle_fixtures"]


def test_programs_get_a_contract_and_operations_settle(desk: Desk) -> None:
    desk.shop.open("prg_a", "prg_b", "prg_c")
    for program in ("prg_a", "prg_b", "prg_c"):
        desk.shop.enrol(program, 5)
        desk.shop.mint(program, range(5))
        desk.shop.record(program, [(0, Kind.REDEEM, 4), (1, Kind.RETURN, 10)])
    desk.settle()
    for program in ("prg_a", "prg_b", "prg_c"):
        desk.expect_exact(program)
        assert desk.next_seq(program) == 2
    desk.finalize()
    assert set(desk.shop.states()) == {"final"}


def test_operations_are_told_as_they_settle_where_somebody_listens(desk: Desk) -> None:
    desk.open_programs("prg_told", "prg_quiet", members=3)
    told = table_of(tables.ProgramTotals)
    with writing(desk.shop.engine) as connection:
        connection.execute(update(told).where(told.c.program_id == "prg_told").values(tells=True))
    for program in ("prg_told", "prg_quiet"):
        desk.shop.mint(program, range(3))
    desk.settle()
    desk.finalize()
    events = desk.shop.rows(webhook_tables.WebhookEvent)
    by_type = [(row["type"], json.loads(row["data"])["operation_id"]) for row in events]
    operations = [f"op_prg_told_{number}" for number in (1, 2, 3)]
    assert sorted(by_type) == [
        (name, each) for name in ("operation.final", "operation.included") for each in operations
    ]
    assert all(json.loads(row["data"])["tx_hash"].startswith("0x") for row in events)


def test_a_contract_has_the_rules_of_its_program(desk: Desk) -> None:
    rules = ProgramRules(
        Expiry(3, 4, "Europe/Paris"), Limits(1000, 200), signed_only=True, notice_days=7,
        terms=Terms("https://example.org/terms", "0x" + "5d" * 32),
    )  # fmt: skip
    desk.shop.open("prg_ruled", rules=rules)
    desk.settle()

    def asked(view: str) -> bytes:
        return desk.chain.call(desk.shop.contract("prg_ruled"), selector(f"{view}()"))

    counted = [decode_uint(asked(view)) for view in ("periodMonths", "validityDuration")]
    assert counted == [3, 4]
    assert decode_uint(asked("utcOffsetMinutes")) == 60
    limits = asked("limits")
    assert [int.from_bytes(limits[at : at + 32]) for at in (0, 32, 64)] == [1000, 200, 2**48 - 1]
    terms = asked("terms")
    assert terms[:32] == b"\x5d" * 32
    assert b"https://example.org/terms" in terms


def test_more_than_a_transaction_holds_goes_in_order_over_several(desk: Desk) -> None:
    desk.open_programs("prg_big", members=700)
    desk.shop.mint("prg_big", range(700))
    desk.shop.record("prg_big", [(number, Kind.REDEEM, 10) for number in range(700)])
    desk.settle()
    assert desk.supply("prg_big") == 0
    batches = sorted(desk.shop.rows(settlement_tables.Batch), key=lambda row: row["seq"])
    assert [row["word_count"] for row in batches] == [600, 600, 200]
    assert sum(row["minted_points"] for row in batches) == 7000
    placed = sorted(desk.shop.rows(tables.OutboxEntry), key=lambda row: row["entry_no"])
    order = {row["id"]: row["seq"] for row in batches}
    places = [(order[row["batch_id"]], row["word_index"]) for row in placed]
    assert places == sorted(places)
    assert len(set(places)) == 1400


def test_programs_of_a_lane_share_a_transaction(desk: Desk) -> None:
    names = [f"prg_{n}" for n in range(40) if lane_index(f"prg_{n}", 2) == 0][:3]
    desk.open_programs(*names, members=400)
    desk.shop.mint(names[0], range(400))
    desk.shop.mint(names[1], range(400))
    desk.shop.mint(names[2], range(5))
    desk.step()
    desk.step(mine=1)
    last = desk.shop.rows(settlement_tables.SettlementTx)[-1]
    [calldata] = [
        row["calldata"]
        for row in desk.shop.rows(settlement_tables.SettlementTx)
        if row["purpose"] == "settle" and row["state"] == "included"
    ]
    assert last["lane"] == "0x" + desk.signers[0].address.hex()
    counts = {batch.program: batch.word_count for batch in decode_settle(calldata)}
    assert counts == {
        desk.shop.contract(names[2]): 5,
        desk.shop.contract(names[0]): 297,
        desk.shop.contract(names[1]): 298,
    } or sorted(counts.values()) == [5, 297, 298]
    desk.settle()
    for name in names:
        desk.expect_exact(name)


def test_an_operation_tells_where_it_is_and_proves_it(desk: Desk) -> None:
    desk.open_programs("prg_a", members=7)
    desk.shop.mint("prg_a", range(7))
    assert _state(desk) == SettlementState.ACCEPTED
    desk.step()
    assert _state(desk) == SettlementState.BROADCAST
    desk.step(mine=1)
    assert _state(desk) == SettlementState.INCLUDED
    desk.finalize()
    assert _state(desk) == SettlementState.FINAL
    with desk.shop.engine.connect() as connection:
        status = outbox.operation_status(connection, "op_prg_a_3")
        proof = outbox.inclusion_proof(connection, "op_prg_a_3")
        assert outbox.operation_status(connection, "op_none") is None
        assert outbox.inclusion_proof(connection, "op_none") is None
    assert status is not None
    assert proof is not None
    assert (status.seq, status.word_index, proof.leaf_count) == (1, 2, 7)
    receipt = desk.chain.receipt(bytes.fromhex((status.tx_hash or "")[2:]))
    assert receipt is not None
    assert receipt.block_number == status.block_number
    assert verify_proof(proof.root, proof.leaf, proof.index, proof.leaf_count, proof.siblings)


def test_a_pass_with_nothing_to_do_writes_nothing(desk: Desk) -> None:
    desk.open_programs("prg_a", members=1)
    before = desk.shop.rows(settlement_tables.SettlementTx)
    reports = [desk.step(mine=1) for _ in range(3)]
    assert not any(report.progressed or report.alarms for report in reports)
    assert desk.shop.rows(settlement_tables.SettlementTx) == before


def _state(desk: Desk) -> SettlementState:
    with desk.shop.engine.connect() as connection:
        status = outbox.operation_status(connection, "op_prg_a_1")
    assert status is not None
    return status.state
