"""The whole indexer on a chain that forks, lags and lies, against the chain itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from backend.chain.port import Log
from backend.ledger.engine import mirror_engine
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.indexer_model import FACTORY, FakeChain, dump, mirrored_balances

FINAL_DEPTH = 3
STEPS_TO_CONVERGE = 100

moves = st.lists(st.tuples(st.integers(1, 5), st.integers(-20, 40)), min_size=1, max_size=5)
batches = st.lists(st.tuples(st.integers(0, 2), moves), max_size=3)
actions = st.one_of(
    st.tuples(st.just("extend"), batches, st.integers(0, 1)),
    st.tuples(st.just("extend"), batches, st.integers(0, 1)),
    st.tuples(st.just("fork"), st.integers(1, FINAL_DEPTH), batches),
    st.tuples(st.just("lag"), st.integers(1, 6), st.none()),
    st.tuples(st.just("lie"), st.integers(0, 3), st.integers(0, 9)),
    st.tuples(st.just("restart"), st.none(), st.none()),
)


@contextmanager
def mirror() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = mirror_engine(f"sqlite:///{Path(folder) / 'mirror.db'}")
        try:
            yield engine
        finally:
            engine.dispose()


def converge(indexer: Indexer, chain: FakeChain) -> None:
    """Steps until the honest chain is mirrored; AssertionError when that takes for ever."""
    for _ in range(STEPS_TO_CONVERGE):
        report = indexer.step()
        assert report.halted is None, report.halted
        if not report.progressed and report.failure is None:
            break
    else:
        raise AssertionError("does not converge")
    assert report.top_block == len(chain.blocks) - 1


def liar(kind: int, index: int) -> Any:
    """A way to answer less than there is."""

    def spoil(logs: list[Log]) -> list[Log]:
        if kind == 0:
            return []
        if kind == 1:
            return logs[: index % (len(logs) + 1)]
        if kind == 2:
            return [log for at, log in enumerate(logs) if at != index % len(logs)]
        return logs[1:]

    return spoil


def rewind(chain: FakeChain, depth: int, content: Any) -> None:
    """A fork that leaves final blocks alone, one block longer than what it replaces."""
    depth = min(depth, len(chain.blocks) - 1)
    chain.fork(depth)
    for _ in range(depth + 1):
        chain.extend(content)


@settings(max_examples=30)
@given(st.lists(actions, max_size=25), st.booleans())
def test_ends_as_the_chain_says(script: list[tuple[str, Any, Any]], no_state: bool) -> None:
    chain = FakeChain(final_depth=FINAL_DEPTH, state_kept=8 if no_state else 10**9, range_limit=7)
    chain.extend(programs=1)
    with mirror() as engine:
        indexer = Indexer(chain, MirrorStore(engine), FACTORY)
        for name, first, second in script:
            if name == "extend":
                chain.extend(first, second)
            elif name == "fork":
                # Our finality follows the node's head; a fork is as deep as finality allows.
                rewind(chain, first, second)
            elif name == "restart":
                indexer = Indexer(chain, MirrorStore(engine), FACTORY)
            elif name == "lag":
                chain.view = max(0, len(chain.blocks) - 1 - first)
            else:
                chain.spoil = liar(first, second)
            for _ in range(2):
                # Who is lied to again and again says so, and goes on once it is over.
                halted = indexer.step().halted
                assert halted is None or "rebuild it" not in halted, halted
            chain.view = chain.spoil = None
        converge(indexer, chain)
        assert mirrored_balances(engine) == chain.blocks[-1].balances
        followed = dump(engine)
        assert {row[0]: row[5] for row in followed["mirror_supply"]} == {
            "0x" + program.hex(): seq for program, seq in chain.blocks[-1].seqs.items()
        }
        rebuilt = Indexer(chain, MirrorStore(engine), FACTORY)
        rebuilt.rebuild()
        converge(rebuilt, chain)
        assert dump(engine) == followed


@settings(max_examples=30)
@given(
    st.lists(batches, min_size=1, max_size=12),
    st.integers(0, 3),
    st.integers(0, 9),
    st.sampled_from([1, 4, 100]),
    st.booleans(),
)
def test_what_a_lying_node_left_out_is_noticed(
    contents: list[Any], kind: int, index: int, final_depth: int, no_state: bool
) -> None:
    """Once the node is honest the mirror is right, or it says itself that it must be rebuilt."""
    chain = FakeChain(final_depth=final_depth, state_kept=1 if no_state else 10**9)
    chain.extend(programs=2)
    for content in contents:
        chain.extend(content)
    chain.spoil = liar(kind, index)
    with mirror() as engine:
        indexer = Indexer(chain, MirrorStore(engine), FACTORY)
        for _ in range(20):
            indexer.step()
        chain.spoil = None
        chain.extend([(0, [(1, 1)])])
        indexer = Indexer(chain, MirrorStore(engine), FACTORY)
        reports = [indexer.step() for _ in range(20)]
        if reports[-1].halted is not None:
            assert "rebuild it" in reports[-1].halted or "ProjectionError" in reports[-1].halted
            indexer.rebuild()
        converge(indexer, chain)
        assert mirrored_balances(engine) == chain.blocks[-1].balances
