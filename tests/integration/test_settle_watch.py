"""What does not reconcile rests, says so in one line, and goes on when it agrees again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update

from backend.ledger import tables, verdicts
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.settlement.report import AlarmCode
from backend.settlement.watch import LOOKS, Watch
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.conftest import LedgerDatabase
from tests.integration.settle_kit import Desk, address, member_id

pytest_plugins = ["tests.integration.settle_fixtures"]


@pytest.fixture
def followed(desk: Desk, ledger_database: LedgerDatabase) -> Callable[[], None]:
    """Two programs with points on chain, and the mirror brought up to them by each call."""
    start = desk.chain.head().number - 3
    store = MirrorStore(ledger_database.mirror)
    indexer = Indexer(desk.chain, store, desk.deployment.factory, start_block=start)
    desk.open_programs("prg_a", "prg_b", members=2)
    for program in ("prg_a", "prg_b"):
        desk.shop.mint(program, range(2))
    desk.settle()

    def follow() -> None:
        while indexer.step().progressed:
            pass

    follow()
    return follow


def _change(database: LedgerDatabase, points: int) -> None:
    balances = table_of(tables.Balance)
    with writing(database.ledger) as connection:
        connection.execute(
            update(balances)
            .where(balances.c.member_id == member_id("prg_a", 0))
            .values(points=balances.c.points + points, lot_0=balances.c.lot_0 + points)
        )


def test_a_program_that_differs_rests_until_it_agrees(
    desk: Desk, followed: Callable[[], None], ledger_database: LedgerDatabase
) -> None:
    said: list[str] = []
    watch = Watch(
        ledger_database.ledger, ledger_database.mirror, desk.chain, lambda: 7_000, said.append
    )

    def standing() -> verdicts.Standing:
        with ledger_database.ledger.connect() as connection:
            return verdicts.standing(connection)

    assert standing().reconciled is None
    assert watch.check(lambda: None).reconciled
    assert standing() == verdicts.Standing(7_000, [])
    assert said == []

    _change(ledger_database, 5)
    watch.check(lambda: None)
    watch.check(lambda: None)
    line = (
        f"program prg_a: member {address('prg_a', 0)} ledger 15, chain 10, in flight 0; "
        "no batch differs: a balance was changed without one"
    )
    assert line in said[0]
    assert len(said) == 1
    assert standing().differing_programs == ["prg_a"]

    before = {program: desk.next_seq(program) for program in ("prg_a", "prg_b")}
    for program in before:
        desk.shop.mint(program, [1])
    reports = desk.settle(blocks=8)
    assert desk.next_seq("prg_a") == before["prg_a"]
    assert desk.next_seq("prg_b") == before["prg_b"] + 1
    alarms = {(alarm.code, alarm.program_id) for report in reports for alarm in report.alarms}
    assert alarms == {(AlarmCode.PROGRAM_DIFFERS, "prg_a")}

    _change(ledger_database, -5)
    followed()
    assert watch.check(lambda: None).reconciled
    assert said[1:] == ["program prg_a agrees again: settlement goes on"]
    desk.settle()
    assert desk.next_seq("prg_a") == before["prg_a"] + 1


@pytest.mark.parametrize("looks", range(1, LOOKS))
def test_what_a_later_look_does_not_find_stops_nothing(
    desk: Desk, followed: Callable[[], None], ledger_database: LedgerDatabase, looks: int
) -> None:
    said: list[str] = []
    watch = Watch(
        ledger_database.ledger, ledger_database.mirror, desk.chain, lambda: 7_000, said.append
    )
    _change(ledger_database, 5)
    changes = iter([0] * (looks - 1) + [-5])
    assert watch.check(lambda: _change(ledger_database, next(changes, 0))).reconciled
    assert said == []
    with ledger_database.ledger.connect() as connection:
        assert verdicts.differences(connection) == {}
