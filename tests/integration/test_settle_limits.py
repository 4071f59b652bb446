"""What does not fit today's limits waits in its order; other programs and members go on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from backend.chain.keccak import selector
from backend.chain.quantities import write_bytes
from backend.core.limits import WaitReason, settles_on, waiting_for
from backend.ledger import limits as kept
from backend.ledger import tables
from backend.ledger.limits import OnChain, QueuedEntry
from tests.anvil import admin_send, anvil
from tests.conftest import LedgerDatabase
from tests.integration.settle_fixtures import make_desk
from tests.integration.settle_kit import Desk

pytest_plugins = ["tests.integration.settle_fixtures"]

CAP_MAX, DAY_MAX = 2**64 - 1, 2**48 - 1


@pytest.fixture
def desk(ledger_database: LedgerDatabase, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One lane on a node of the test's own, because its time is moved."""
    with anvil(tmp_path_factory.mktemp("anvil")) as node:
        yield make_desk(ledger_database, node, lanes=1)


def limit(desk: Desk, program: str, cap: int, minted: int, debited: int) -> None:
    types = ["address", "(uint64,uint48,uint48)"]
    wanted = [write_bytes(desk.shop.contract(program)), (cap, minted, debited)]
    admin_send(desk.node, desk.deployment, selector(f"setLimits({','.join(types)})"), types, wanted)


def next_day(desk: Desk) -> None:
    """Moves the node to just after its next midnight."""
    now_s = desk.chain.head().timestamp_s
    desk.node.rpc("evm_setNextBlockTimestamp", (now_s // 86_400 + 1) * 86_400 + 60)
    desk.node.mine()


def known(engine: Engine, program: str) -> OnChain:
    with engine.connect() as connection:
        return kept.on_chain(connection, [program])[program]


def waiting(desk: Desk, program: str) -> list[int]:
    return [
        row["entry_no"]
        for row in desk.shop.rows(tables.OutboxEntry)
        if row["batch_id"] is None and row["program_id"] == program
    ]


def test_a_mint_budget_spills_into_the_next_day_and_other_programs_go_on(desk: Desk) -> None:
    desk.open_programs("prg_a", "prg_b", members=5)
    limit(desk, "prg_a", CAP_MAX, 25, DAY_MAX)
    next_day(desk)
    desk.shop.mint("prg_a", range(5))
    desk.shop.mint("prg_b", range(5))
    desk.settle()
    assert desk.supply("prg_a") == 20
    assert waiting(desk, "prg_a") == [3, 4, 5]
    desk.expect_exact("prg_b")
    seen = known(desk.shop.engine, "prg_a")
    entry = QueuedEntry(5, "0x05", 10, is_credit=True)
    assert waiting_for(entry, seen.standing, seen.holds) is WaitReason.MINT_BUDGET
    day = settles_on(WaitReason.MINT_BUDGET, [10, 10, 10], seen.standing)
    assert day is not None
    next_day(desk)
    desk.settle()
    assert desk.supply("prg_a") == 40
    assert waiting(desk, "prg_a") == [5]
    next_day(desk)
    desk.settle()
    desk.expect_exact("prg_a")
    assert (seen.standing.renewal_day - day).days == -1
