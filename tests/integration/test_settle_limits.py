"""What does not fit today's limits waits in its order; other programs and members go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from backend.chain.keccak import selector
from backend.chain.quantities import write_bytes
from backend.core.limits import WaitReason, settles_on, waiting_for
from backend.core.operations import Kind
from backend.ledger import limits as kept
from backend.ledger import tables
from backend.ledger.limits import OnChain, QueuedEntry
from tests.anvil import admin_send, anvil
from tests.conftest import LedgerDatabase
from tests.integration.settle_fixtures import make_desk
from tests.integration.settle_kit import Desk

pytest_plugins = ["tests.integration.settle_fixtures"]

CAP_MAX, DAY_MAX = 2**64 - 1, 2**48 - 1
DAY_SECONDS = 86_400


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


def test_a_debit_budget_spills_into_the_next_day_and_mints_go_on(desk: Desk) -> None:
    desk.open_programs("prg_a", members=5)
    desk.shop.mint("prg_a", range(5))
    desk.settle()
    limit(desk, "prg_a", CAP_MAX, DAY_MAX, 15)
    next_day(desk)
    desk.shop.record("prg_a", [(number, Kind.REDEEM, 6) for number in range(4)])
    desk.shop.mint("prg_a", [4], points=30)
    desk.settle()
    assert desk.supply("prg_a") == 5 * 10 - 2 * 6 + 30
    assert waiting(desk, "prg_a") == [8, 9]
    seen = known(desk.shop.engine, "prg_a")
    held = QueuedEntry(9, "0x05", 6, is_credit=False)
    assert waiting_for(held, seen.standing, seen.holds) is WaitReason.DEBIT_BUDGET
    next_day(desk)
    desk.settle()
    assert waiting(desk, "prg_a") == []
    desk.expect_exact("prg_a")


def test_a_supply_cap_holds_mints_until_something_is_burned(desk: Desk) -> None:
    desk.open_programs("prg_a", members=3)
    desk.shop.mint("prg_a", range(2))
    desk.settle()
    limit(desk, "prg_a", 25, DAY_MAX, DAY_MAX)
    desk.shop.mint("prg_a", [2])
    desk.settle()
    assert desk.supply("prg_a") == 20
    seen = known(desk.shop.engine, "prg_a")
    held = QueuedEntry(3, "0x05", 10, is_credit=True)
    assert waiting_for(held, seen.standing, seen.holds) is WaitReason.SUPPLY_CAP
    desk.shop.record("prg_a", [(0, Kind.REDEEM, 5)])
    desk.settle()
    assert waiting(desk, "prg_a") == []
    desk.expect_exact("prg_a")
    assert desk.supply("prg_a") == 25


def test_what_a_closing_program_mints_no_more_holds_up_no_redemption(desk: Desk) -> None:
    desk.open_programs("prg_a", members=2)
    desk.shop.mint("prg_a", range(2))
    desk.settle()
    until_s = desk.chain.head().timestamp_s + 40 * DAY_SECONDS
    wanted = [write_bytes(desk.shop.contract("prg_a")), until_s]
    four_bytes = selector("announceClosing(address,uint256)")
    admin_send(desk.node, desk.deployment, four_bytes, ["address", "uint256"], wanted)
    desk.shop.mint("prg_a", [0, 0])
    desk.shop.record("prg_a", [(0, Kind.REDEEM, 4), (1, Kind.REDEEM, 3)])
    # A page that is full of mints hides what comes after them.
    desk.pace = replace(desk.pace, batch_words_max=2)
    desk.settler = desk.new_settler()
    desk.settle()
    assert desk.supply("prg_a") == 20 - 4 - 3
    assert waiting(desk, "prg_a") == [3, 4]


def test_a_closing_program_mints_no_more_and_redeems_to_its_end(desk: Desk) -> None:
    desk.open_programs("prg_a", "prg_b", members=3)
    desk.shop.mint("prg_a", range(2))
    desk.settle()
    until_s = desk.chain.head().timestamp_s + 40 * DAY_SECONDS
    types = ["address", "uint256"]
    wanted = [write_bytes(desk.shop.contract("prg_a")), until_s]
    four_bytes = selector("announceClosing(address,uint256)")
    admin_send(desk.node, desk.deployment, four_bytes, types, wanted)
    desk.shop.mint("prg_a", [2])
    desk.shop.record("prg_a", [(0, Kind.REDEEM, 4)])
    desk.shop.mint("prg_b", [0])
    desk.settle()
    assert desk.supply("prg_a") == 16
    desk.expect_exact("prg_b")
    assert waiting(desk, "prg_a") == [3]
    seen = known(desk.shop.engine, "prg_a")
    held = QueuedEntry(3, "0x05", 10, is_credit=True)
    assert waiting_for(held, seen.standing, seen.holds) is WaitReason.CLOSING
    desk.node.rpc("evm_setNextBlockTimestamp", until_s + 1)
    desk.node.mine()
    desk.shop.record("prg_a", [(1, Kind.REDEEM, 4)])
    desk.settle()
    assert desk.supply("prg_a") == 16
    assert waiting(desk, "prg_a") == [3, 5]
