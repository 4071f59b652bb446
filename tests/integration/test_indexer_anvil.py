"""The indexer on a real chain and both databases: forks, kills, rebuilds."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.chain.rpc import JsonRpc
from backend.ledger import mirror
from bench.chain_builder import deploy, member_address, running_anvil
from indexer.loop import Indexer
from indexer.report import StepReport
from indexer.store import MirrorStore
from tests.conftest import LedgerDatabase
from tests.indexer_model import dump
from tests.integration.indexer_kit import FINALITY, Case, catch_up, indexer_case, operation


@pytest.fixture
def case(ledger_database: LedgerDatabase) -> Iterator[Case]:
    with indexer_case(ledger_database.mirror) as made:
        yield made


def test_follows_and_reads(case: Case) -> None:
    assert catch_up(case.indexer())[-1].halted is None
    case.check()
    program, member = "0x" + case.programs[1].hex(), "0x" + member_address(1).hex()
    with case.engine.connect() as connection:
        head = case.chain.anvil.head_number()
        assert mirror.cursor(connection) == mirror.MirrorCursor(head, head - 5, None)
        balance = mirror.balance_of(connection, program, member)
        assert balance == mirror.MirrorBalance(0, 7, head, head - 5)
        assert mirror.balance_of(connection, program, "0x" + "9" * 40).included_points == 0
        newest, oldest = mirror.transfers_of(connection, program, member, limit=5)
        assert (newest.points, oldest.points) == (-7, 7)
        place = (newest.block_number, newest.log_index)
        page = mirror.transfers_of(connection, program, member, limit=5, before=place)
        assert page == [oldest]
        batch = mirror.batch_of(connection, program, 2)
        assert batch is not None
        assert (batch.word_count, batch.minted_points, batch.burned_points) == (2, 60, 7)
        assert not batch.is_final
        assert batch.tx_hash == newest.tx_hash
        first = mirror.batch_of(connection, program, 1)
        assert first is not None
        assert first.is_final
        assert mirror.batch_of(connection, program, 3) is None
        assert mirror.supply_of(connection, "0x" + "9" * 40) is None
        known = mirror.program_of(connection, program)
        assert known is not None
        assert (known.name, known.version) == ("Points", 1)
        members = [member for member, _ in mirror.holders_of(connection, program, limit=9)]
        assert mirror.holders_of(connection, program, limit=9, after=members[0])[0][0] == members[1]


def test_several_batches_in_one_transaction(case: Case) -> None:
    parts = [(program, [operation(8, 5), operation(9, 6)]) for program in case.programs]
    case.chain.settle_many(parts)
    catch_up(case.indexer())
    case.check()


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_reorg_is_undone(case: Case, depth: int) -> None:
    indexer = case.indexer()
    catch_up(indexer)
    case.chain.anvil.reorg(depth)
    case.chain.resync()
    reports = catch_up(indexer)
    assert sum(report.undone_blocks for report in reports) == depth
    case.mint(0, (5, 3))
    catch_up(indexer)
    case.check()
    followed = dump(case.engine)
    indexer.rebuild()
    catch_up(indexer)
    assert dump(case.engine) == followed


def test_a_chain_that_came_back_older_is_waited_for_then_followed(case: Case) -> None:
    indexer = case.indexer()
    catch_up(indexer)
    before = dump(case.engine)
    case.chain.anvil.rollback(3)
    report = indexer.step()
    assert report.failure is not None
    assert report.halted is None
    assert dump(case.engine) == before
    case.chain.resync()
    case.mint(0, (7, 7))
    assert sum(report.undone_blocks for report in catch_up(indexer)) == 3
    catch_up(indexer)
    case.check()


def test_a_fork_below_finality_halts_and_keeps_the_data(case: Case) -> None:
    indexer = case.indexer()
    catch_up(indexer)
    before = dump(case.engine)
    case.chain.anvil.reorg(7)
    report = catch_up(indexer)[-1]
    assert report.halted is not None
    assert "fork below finality" in report.halted
    after = dump(case.engine)
    assert {name: rows for name, rows in after.items() if name != "mirror_cursor"} == {
        name: rows for name, rows in before.items() if name != "mirror_cursor"
    }
    with case.engine.connect() as connection:
        assert mirror.cursor(connection).halted_reason == report.halted
    assert case.indexer().step().halted == report.halted
    case.chain.resync()
    indexer.rebuild()
    assert catch_up(indexer)[-1].halted is None
    case.check()


def test_one_that_halted_goes_on_where_another_process_rebuilt_the_mirror(case: Case) -> None:
    running, other = case.indexer(), case.indexer()
    catch_up(running)
    case.chain.anvil.reorg(7)
    assert catch_up(running)[-1].halted is not None
    case.chain.resync()
    other.rebuild()
    assert catch_up(other)[-1].halted is None
    case.chain.anvil.mine(3)
    report = catch_up(running)[-1]
    assert (report.halted, report.top_block) == (None, case.chain.anvil.head_number())
    case.check()


def test_another_chain_halts(case: Case) -> None:
    catch_up(case.indexer())
    with running_anvil("--timestamp", "1700000000") as node:
        other = deploy(node)
        assert other.factory == case.chain.factory
        report = case.indexer(other.reader(FINALITY)).step()
    assert report.halted is not None
    assert "another chain" in report.halted


def test_another_factory_starts_the_mirror_anew(case: Case) -> None:
    catch_up(case.indexer())
    store = MirrorStore(case.engine)
    catch_up(Indexer(case.chain.reader(FINALITY), store, bytes(19) + b"\1"))
    assert dump(case.engine)["mirror_programs"] == []


class Killed(BaseException):
    """Stands for a kill: nothing of ours may catch it."""


@pytest.mark.parametrize("where", ["move_cursor", "add_rows", "prune"])
def test_a_kill_inside_the_transaction_loses_nothing(
    case: Case, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import indexer.store as store_module

    original = getattr(store_module, where)
    calls = 0

    def deadly(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        result = original(*arguments)
        if calls % 4 == 0:
            raise Killed
        return result

    monkeypatch.setattr(store_module, where, deadly)
    monkeypatch.setattr("indexer.source.FIRST_SPAN_BLOCKS", 2)
    for _ in range(100):
        try:
            indexer = case.indexer()
            if not catch_up(indexer)[-1].progressed:
                break
        except Killed:
            continue
    monkeypatch.undo()
    assert calls > 3
    followed = dump(case.engine)
    case.check()
    indexer = case.indexer()
    indexer.rebuild()
    catch_up(indexer)
    assert dump(case.engine) == followed


def test_two_indexers_do_not_write_twice(case: Case) -> None:
    one, other = case.indexer(), case.indexer()
    for _ in range(30):
        one.step()
        other.step()
        if one.step().lag_blocks == 0:
            break
    case.mint(0, (1, 1))
    for _ in range(3):
        one.step()
        other.step()
    case.check()


def test_reading_ahead_gives_the_same(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    catch_up(case.indexer())
    followed = dump(case.engine)
    monkeypatch.setattr("indexer.source.FIRST_SPAN_BLOCKS", 1)
    with ThreadPoolExecutor(max_workers=1) as executor:
        ahead = Indexer(
            case.chain.reader(FINALITY),
            MirrorStore(case.engine),
            case.chain.factory,
            prefetch=executor,
        )
        ahead.rebuild()
        catch_up(ahead)
    assert dump(case.engine) == followed


def test_a_dead_node_is_reported_and_survived(case: Case) -> None:
    indexer = case.indexer(JsonRpc("http://127.0.0.1:9", FINALITY))
    report = indexer.step()
    assert report.failure is not None
    assert "ChainUnavailable" in report.failure


def test_runs_until_stopped(case: Case) -> None:
    class Stop:
        """Stops once there has been nothing to do three times."""

        pauses = 0

        def is_set(self) -> bool:
            return self.pauses >= 3

        def wait(self, timeout: float) -> bool:
            assert timeout > 0
            self.pauses += 1
            return self.is_set()

    seen: list[StepReport] = []
    case.indexer().run(Stop(), 0.01, seen.append)
    assert sum(report.events for report in seen) == len(dump(case.engine)["mirror_transfers"]) + 9
    case.check()
