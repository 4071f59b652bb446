"""What a till sees of limits: what waits, why, until when; and how near a limit is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from tests.anvil import anvil
from tests.api_client import accepted
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front

DAY_SECONDS = 86_400


@pytest.fixture
def front(
    ledger_database: LedgerDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    """On a node of the test's own, because its time is moved."""
    with (
        anvil(tmp_path_factory.mktemp("anvil")) as node,
        open_front(ledger_database, node) as opened,
    ):
        yield opened


def today(front: Front) -> int:
    return front.desk.chain.head().timestamp_s // DAY_SECONDS


def next_day(front: Front) -> None:
    """Moves the node to just after its next midnight."""
    front.desk.node.rpc("evm_setNextBlockTimestamp", (today(front) + 1) * DAY_SECONDS + 60)
    front.desk.node.mine()


def test_a_till_reads_why_points_wait_and_until_when(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    next_day(front)
    other = front.till.program_id
    front.till.program_id = front.till.open_program(limits={"mint_per_day_points": 100})
    front.settle()
    members = [front.till.enrol() for _ in range(3)]
    with caplog.at_level(logging.WARNING, "backend.settlement.standings"):
        operations = [front.till.buy(member, 9_000)["operation_ids"][0] for member in members]
        free = front.till.enrol(other)
        elsewhere = front.till.buy(free, 9_000, program_id=other)["operation_ids"][0]
        front.settle()
        front.desk.settle()
    read = [accepted(front.till.get(f"/operations/{one}")) for one in operations]
    assert [one["status"] in {"included", "final"} for one in read] == [True, False, False]
    days = [date(1970, 1, 1) + timedelta(days=today(front) + more) for more in (1, 2)]
    assert [one["waiting"] for one in read] == [
        None, *({"reason": "mint_budget", "settles_on": str(day)} for day in days)
    ]  # fmt: skip
    assert accepted(front.till.get(f"/operations/{elsewhere}"))["status"] in {"included", "final"}
    limits = accepted(front.till.get(f"/programs/{front.till.program_id}"))["limits"]
    assert (limits["mint_left_today_points"], limits["supply_cap_points"]) == (10, None)
    assert limits["warnings"] == [
        {"limit": "mint_per_day", "used_points": 90, "limit_points": 100, "used_percent": 90}
    ]
    said = [record.getMessage() for record in caplog.records if "mint_per_day" in record.message]
    assert len(said) == 1
    metrics = front.till.client.get("/metrics").text
    assert f'program_id="{front.till.program_id}"}} 90.0' in metrics
    assert "mereau_queues_held 1.0" in metrics
    for _ in range(2):
        next_day(front)
        front.settle()
    for one in operations:
        read_again = accepted(front.till.get(f"/operations/{one}"))
        assert (read_again["status"] in {"included", "final"}, read_again["waiting"]) == (
            True, None,
        )  # fmt: skip


def test_one_amount_above_a_whole_day_waits_alone_and_its_member_behind_it(front: Front) -> None:
    next_day(front)
    front.till.program_id = front.till.open_program(limits={"mint_per_day_points": 100})
    front.settle()
    large, small = front.till.enrol(), front.till.enrol()
    first = front.till.buy(large, 10_100)["operation_ids"][0]
    behind = front.till.buy(large, 100)["operation_ids"][0]
    passes = front.till.buy(small, 100)["operation_ids"][0]
    front.settle()
    waits = {"reason": "mint_budget", "settles_on": None}
    for one in (first, behind):
        assert accepted(front.till.get(f"/operations/{one}"))["waiting"] == waits
    assert accepted(front.till.get(f"/operations/{passes}"))["status"] in {"included", "final"}
