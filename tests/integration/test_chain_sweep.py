"""What expired is burned on the chain too, though nobody touches the members."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.core.calls import CallKind
from backend.ledger import call_tables, mirror_words, sweeps
from backend.ledger import calls as queue
from backend.ledger import settlement_writes as writes
from backend.ledger.columns import table_of
from backend.settlement.lanes import Pace
from tests.conftest import LedgerDatabase
from tests.integration.kill_kit import KilledError, after, before
from tests.integration.rights_kit import QUARTERS, World, open_world
from tests.ledger_audit import audit

TWO_AT_A_TIME = Pace(sweep_members_max=2)


@pytest.fixture
def world(ledger_database: LedgerDatabase, tmp_path: Path) -> Iterator[World]:
    with open_world(ledger_database, tmp_path, "2030-01-15T12:00:00+01:00", QUARTERS) as opened:
        opened.restart(TWO_AT_A_TIME)
        yield opened
    audit(ledger_database.ledger)


def slices(world: World) -> list[int]:
    """How many members each `expire` call had that was ever asked for."""
    table = table_of(call_tables.ChainCall)
    mine = (
        select(table.c.arguments).where(table.c.kind == str(CallKind.EXPIRE)).order_by(table.c.id)
    )
    with world.database.ledger.connect() as connection:
        return [arguments.count("0x") for arguments in connection.execute(mine).scalars()]


def follow_up(world: World) -> None:
    """Settler and indexer side by side, until neither finds anything to do."""
    for _ in range(6):
        world.settle()
        world.new_block()


def mirrored(world: World) -> tuple[int, list[tuple[str, int]]]:
    """What the mirror says was ever swept, and who still holds expired points."""
    contract = world.program()["contract_address"]
    with world.database.mirror.connect() as connection:
        calendar = mirror_words.calendar_of(connection, contract)
        at_s = mirror_words.head_time_s(connection)
        assert calendar is not None
        assert at_s is not None
        period = calendar.period_at(at_s)
        return (
            mirror_words.lapsed_points_total(connection, contract),
            mirror_words.members_with_lapsed(connection, contract, period, 100),
        )


def five_whose_points_expired(world: World) -> list[str]:
    """Each with 40 points of the first quarter; the fifth also with 10 of the second."""
    members = [world.enrol() for _ in range(5)]
    for member in members:
        world.shop.buy(member, 4_000)
    world.settle()
    world.at("2030-04-02T12:00:00+02:00")
    world.shop.buy(members[4], 1_000)
    world.settle()
    assert slices(world) == []
    world.at("2030-07-01T01:00:05+02:00")
    world.new_block()
    assert len(mirrored(world)[1]) == 5
    return members


def test_supply_falls_without_anyone_coming_by(world: World) -> None:
    members = five_whose_points_expired(world)
    assert world.supply()["total_supply"] == 210
    follow_up(world)
    assert slices(world) == [2, 2, 1]
    assert world.supply()["total_supply"] == 10
    assert mirrored(world) == (200, [])
    assert [world.unswept(member) for member in members] == [0] * 5
    assert world.on_chain(members[4]) == (0, 10, 0, 0, 0)
    world.look()
    # Nothing is asked twice, neither later in the period nor by a settler that remembers nothing.
    world.clock.forward(3600)
    world.new_block()
    world.restart(TWO_AT_A_TIME)
    follow_up(world)
    assert slices(world) == [2, 2, 1]
    world.at("2030-10-02T12:00:00+02:00")
    world.new_block()
    follow_up(world)
    assert slices(world) == [2, 2, 1, 1]
    assert world.supply()["total_supply"] == 0
    assert mirrored(world) == (210, [])
    world.look()


def test_who_is_touched_anyway_is_not_asked_for(world: World) -> None:
    members = five_whose_points_expired(world)
    for member in members[:4]:
        world.shop.buy(member, 100)
    follow_up(world)
    assert slices(world) == [1]
    assert mirrored(world) == (200, [])
    world.look()


@pytest.mark.parametrize(
    ("owner", "name", "when"),
    [
        (sweeps, "insert_call", before),
        (writes, "insert_slot", before),
        (queue, "assign_calls", before),
        (writes, "insert_attempt", after),
        (writes, "mark_included", after),
    ],
)
def test_killed_between_two_steps_each_member_is_swept_once(
    world: World, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, when: Any
) -> None:
    five_whose_points_expired(world)
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, when(getattr(owner, name)))
        with pytest.raises(KilledError):
            follow_up(world)
    world.restart(TWO_AT_A_TIME)
    follow_up(world)
    assert slices(world) == [2, 2, 1]
    assert mirrored(world) == (200, [])
    assert world.supply()["total_supply"] == 10
    world.look()


def test_two_settlers_ask_once(world: World) -> None:
    five_whose_points_expired(world)
    first = world.settler
    world.restart(TWO_AT_A_TIME)
    for _ in range(12):
        for settler in (first, world.settler):
            assert settler.step().alarms == []
        world.new_block()
    assert slices(world) == [2, 2, 1]
    assert mirrored(world) == (200, [])
