"""The indexer on a real chain behind a node that lies, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from backend.chain.port import ChainRefused, Header, Log
from backend.chain.rpc import JsonRpc
from backend.ledger import mirror
from tests.conftest import LedgerDatabase
from tests.indexer_model import dump
from tests.integration.indexer_kit import FINALITY, Case, catch_up, indexer_case


@pytest.fixture
def case(ledger_database: LedgerDatabase) -> Iterator[Case]:
    with indexer_case(ledger_database.mirror) as made:
        yield made


class Liar(JsonRpc):
    """A node that leaves logs out, or shows an older head, while `lying`."""

    lying = False
    hidden_blocks = 0

    def head(self) -> Header:
        head = super().head()
        if not self.hidden_blocks:
            return head
        older = super().header(head.number - self.hidden_blocks)
        assert older is not None
        return older

    def logs_in_range(self, *question: Any) -> list[Log]:
        return self._spoiled(super().logs_in_range(*question))

    def logs_of_block(self, *question: Any) -> list[Log]:
        return self._spoiled(super().logs_of_block(*question))

    def _spoiled(self, logs: list[Log]) -> list[Log]:
        raise NotImplementedError


class EmptyLiar(Liar):
    def _spoiled(self, logs: list[Log]) -> list[Log]:
        return [] if self.lying else logs


class ForgetfulLiar(EmptyLiar):
    def nonce(self, address: bytes, block: int | None = None) -> int:
        if self.lying:
            raise ChainRefused(-32000, "missing trie node")
        return super().nonce(address, block)


class DroppingLiar(Liar):
    def _spoiled(self, logs: list[Log]) -> list[Log]:
        return logs[1:] if self.lying else logs


class CuttingLiar(Liar):
    def _spoiled(self, logs: list[Log]) -> list[Log]:
        return logs[:-1] if self.lying else logs


@pytest.mark.parametrize("kind", [EmptyLiar, DroppingLiar, CuttingLiar])
def test_logs_left_out_of_new_blocks_are_doubted(case: Case, kind: type[Liar]) -> None:
    node = kind(case.chain.anvil.url, FINALITY)
    indexer = case.indexer(node)
    catch_up(indexer)
    case.mint(0, (1, 5), (2, 6))
    before = dump(case.engine)
    node.lying = True
    reports = [indexer.step() for _ in range(6)]
    assert all(report.failure or report.halted for report in reports)
    assert reports[-1].halted is not None
    assert dump(case.engine)["mirror_transfers"] == before["mirror_transfers"]
    node.lying = False
    assert catch_up(indexer)[-1].halted is None
    with case.engine.connect() as connection:
        assert mirror.cursor(connection).halted_reason is None
    case.check()


def test_logs_left_out_of_history_are_doubted(case: Case) -> None:
    node = CuttingLiar(case.chain.anvil.url, FINALITY)
    node.lying = True
    indexer = case.indexer(node)
    assert indexer.step().failure is not None
    node.lying = False
    catch_up(indexer)
    case.check()


def test_programs_left_out_of_history_are_doubted(case: Case) -> None:
    node = EmptyLiar(case.chain.anvil.url, FINALITY)
    node.lying = True
    for _ in range(3):
        assert "a program is missing" in str(case.indexer(node).step().failure)
    node.lying = False
    catch_up(case.indexer(node))
    case.check()


def test_programs_left_out_of_history_are_found_later(case: Case) -> None:
    """By a node that has forgotten the state of then."""
    node = ForgetfulLiar(case.chain.anvil.url, FINALITY)
    node.lying = True
    for _ in range(3):
        case.indexer(node).step()
    node.lying = False
    indexer = case.indexer(node)
    catch_up(indexer)
    # One answer may be about another fork.
    assert [indexer.step().halted is None for _ in range(3)] == [True, False, False]
    assert "rebuild it" in str(indexer.step().halted)


def test_a_lower_head_is_waited_out(case: Case) -> None:
    node = EmptyLiar(case.chain.anvil.url, FINALITY)
    indexer = case.indexer(node)
    catch_up(indexer)
    before = dump(case.engine)
    for node.hidden_blocks in (1, 4, 9):
        report = indexer.step()
        assert report.failure is not None
        assert report.undone_blocks == 0
    assert dump(case.engine) == before
