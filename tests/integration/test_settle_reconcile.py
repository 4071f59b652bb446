"""Reconciliation says yes when all is well at any moment, and names what differs when it is not."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from backend.core.operations import Kind
from backend.ledger import mirror_tables, settlement_tables, tables
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.settlement.reconcile import Reconciliation, reconcile
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.conftest import LedgerDatabase
from tests.integration.settle_kit import Desk, address, member_id

pytest_plugins = ["tests.integration.settle_fixtures"]


@pytest.fixture
def indexer(desk: Desk, ledger_database: LedgerDatabase) -> Indexer:
    start = desk.chain.head().number - 3
    store = MirrorStore(ledger_database.mirror)
    return Indexer(desk.chain, store, desk.deployment.factory, start_block=start)


def follow(indexer: Indexer) -> None:
    for _ in range(20):
        if not indexer.step().progressed:
            return


def looked(desk: Desk, database: LedgerDatabase, members: int = -1) -> Reconciliation:
    return reconcile(database.ledger, database.mirror, desk.chain, members_on_chain=members)


def test_it_reconciles_at_every_moment(
    desk: Desk, indexer: Indexer, ledger_database: LedgerDatabase
) -> None:
    desk.shop.open("prg_a", "prg_b")
    for program in ("prg_a", "prg_b"):
        desk.shop.enrol(program, 4)
        desk.shop.mint(program, range(4))
    for number in range(8):
        desk.step(mine=1, later_ms=1000)
        desk.shop.record("prg_a", [(number % 4, Kind.ACCRUE, 3), (0, Kind.REDEEM, 50)])
        if number % 2:
            follow(indexer)
        result = looked(desk, ledger_database)
        assert result.differences == []
    desk.settle()
    follow(indexer)
    result = looked(desk, ledger_database)
    first = result.programs[0]
    assert result.reconciled
    assert result.notes == []
    assert first.parked_points == first.in_flight_points < 0
    assert first.chain_points == first.mirror_points == first.ledger_points - first.parked_points
    assert result.programs[1].in_flight_points == 0


def test_a_member_that_differs_is_named_with_its_first_batch(
    desk: Desk, indexer: Indexer, ledger_database: LedgerDatabase
) -> None:
    desk.open_programs("prg_a", members=3)
    for _ in range(3):
        desk.shop.mint("prg_a", range(3))
        desk.settle()
    follow(indexer)
    mirrored = mirror_tables.balances
    wrong = address("prg_a", 1)
    with writing(ledger_database.mirror) as connection:
        connection.execute(
            update(mirrored)
            .where(mirrored.c.member == wrong)
            .values(points=mirrored.c.points - 2, lot_0=mirrored.c.lot_0 - 2)
        )
        transfers = mirror_tables.transfers
        newest = desk.shop.rows(settlement_tables.SettlementTx)[-2]["included_tx_hash"]
        connection.execute(
            update(transfers)
            .where(transfers.c.member == wrong, transfers.c.tx_hash == bytes.fromhex(newest[2:]))
            .values(points=transfers.c.points - 2)
        )
    lines = looked(desk, ledger_database).differences
    assert (
        f"program prg_a: member {wrong} ledger 30, chain 28, in flight 0; "
        "first difference at batch 2"
    ) in lines
    assert any("the mirror's supply is 90, its balances 88" in line for line in lines)
    assert f"program prg_a: member {wrong} chain 30, mirror 28" in lines


def test_a_balance_changed_without_a_batch_is_found(
    desk: Desk, indexer: Indexer, ledger_database: LedgerDatabase
) -> None:
    desk.open_programs("prg_a", members=2)
    desk.shop.mint("prg_a", range(2))
    desk.settle()
    follow(indexer)
    balances = table_of(tables.Balance)
    with writing(ledger_database.ledger) as connection:
        connection.execute(
            update(balances).where(balances.c.member_id == member_id("prg_a", 0)).values(points=11)
        )
    result = looked(desk, ledger_database, members=1)
    assert not result.reconciled
    assert any("no batch differs" in line for line in result.differences)
