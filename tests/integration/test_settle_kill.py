"""A settler killed at any point: the next one goes on, and everything settles exactly once."""

from __future__ import annotations

import threading

import pytest

from backend.ledger import settlement_writes as writes
from backend.ledger import tables
from backend.settlement import confirmer, sealer, sender
from tests.integration.kill_kit import KilledError, after, before
from tests.integration.settle_kit import Desk

pytest_plugins = ["tests.integration.settle_fixtures"]

POINTS = {
    "before the seal commits": (writes, "insert_batch", after),
    "after the seal": (sender.Sender, "advance", before),
    "after signing": (sender, "Attempt", after),
    "before the attempt commits": (writes, "insert_attempt", after),
    "after the attempt": (sender.Sender, "send", before),
    "after sending": (writes, "mark_broadcast", before),
    "before broadcast commits": (writes, "mark_broadcast", after),
    "after broadcast": (sender.Sender, "send", after),
    "before the inclusion is noted": (writes, "mark_included", before),
    "before the inclusion commits": (writes, "mark_included", after),
    "after the inclusion": (confirmer.Confirmer, "confirm_open", after),
    "before finality commits": (writes, "mark_final", after),
    "while sealing": (sealer.Sealer, "_commit", before),
}


@pytest.mark.parametrize("point", POINTS)
def test_killed_there_everything_settles_once(desk: Desk, point: str) -> None:
    where, name, when = POINTS[point]
    desk.shop.open("prg_a", "prg_b")
    for program in ("prg_a", "prg_b"):
        desk.shop.enrol(program, 3)
        desk.shop.mint(program, range(3))
    kills, in_a_row = 0, 0
    for _ in range(60):
        # Two settlers that die at the point, then one that gets through.
        with pytest.MonkeyPatch.context() as patch:
            if spared := in_a_row == 2:
                in_a_row = 0
            else:
                patch.setattr(where, name, when(getattr(where, name)))
            try:
                desk.new_settler().step()
            except KilledError:
                assert not spared
                kills, in_a_row = kills + 1, in_a_row + 1
        desk.node.mine(4)
        desk.now_ms += 1000
        waiting = [row for row in desk.shop.rows(tables.OutboxEntry) if row["batch_id"] is None]
        if not waiting and set(desk.shop.states()) == {"final"}:
            break
    assert kills
    for program in ("prg_a", "prg_b"):
        desk.expect_exact(program)
        assert desk.next_seq(program) == 2
    assert set(desk.shop.states()) == {"final"}


def test_two_settlers_at_once_settle_once(desk: Desk) -> None:
    desk.shop.open("prg_a", "prg_b", "prg_c")
    for program in ("prg_a", "prg_b", "prg_c"):
        desk.shop.enrol(program, 50)
        desk.shop.mint(program, range(50))
    desk.pace = type(desk.pace)(batch_words_max=20)
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            desk.new_settler().run(stop, poll_ms=10)
        except BaseException as error:  # noqa: BLE001 - asserted on below, in the main thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(300):
        desk.node.mine()
        desk.now_ms += 1000
        stop.wait(0.02)
        states = desk.shop.states()
        waiting = [row for row in desk.shop.rows(tables.OutboxEntry) if row["batch_id"] is None]
        if states and not waiting and set(states) == {"final"}:
            break
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    for program in ("prg_a", "prg_b", "prg_c"):
        desk.expect_exact(program)
