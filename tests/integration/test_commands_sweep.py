"""`mereau sweep`, and the settler that does the same by the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from backend import wiring
from backend.api.app import create_app
from backend.api.fields import to_rfc3339
from backend.cli import app
from backend.ledger.engine import writing
from backend.ledger.merchants import add_key, add_merchant
from backend.services.calendar_work import calendar_sweeps
from backend.settings import Settings
from tests.anvil import Anvil
from tests.api_client import Clock, Shop, accepted
from tests.conftest import LedgerDatabase
from tests.earning_kit import BASE, fixed, pending, publish
from tests.integration.front_kit import open_front

pytest_plugins = ["tests.integration.settle_fixtures"]
DAY_MS = 24 * 3600 * 1000


def test_the_command_releases_what_is_due_and_says_how_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("MEREAU_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MEREAU_DATA", str(tmp_path))
    settings = Settings(data=tmp_path)
    databases = wiring.open_databases(settings)
    with writing(databases.ledger) as connection:
        add_merchant(connection, "mer_a", "Martin", 0)
        add_key(connection, "key_a", "mer_a", "mk_sweep", "till", 0)
    house = wiring.open_house(settings, databases)
    database = LedgerDatabase("sqlite", "", "", databases.ledger, databases.mirror)
    application = create_app(house)
    with TestClient(application) as client:
        till = Shop(application, client, house, Clock(), database, "mer_a", "key_a", "mk_sweep")
        till.program_id = till.open_program()
        publish(till, pending={"days": 3})
        member = till.enrol()
        now_ms = wiring.now_ms()
        till.buy(member, 1000, occurred_at=to_rfc3339(now_ms - 5 * DAY_MS))
        till.buy(member, 2000, occurred_at=to_rfc3339(now_ms))
        assert CliRunner().invoke(app, ["sweep"]).stdout == "1 done\n"
        assert (till.balance(member)[0], pending(till, member)) == (10, 20)
        assert CliRunner().invoke(app, ["sweep"]).stdout == "0 done\n"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_bonuses_settle_and_pending_points_are_on_chain_once_released(
    ledger_database: LedgerDatabase, shared_anvil: Anvil
) -> None:
    with open_front(ledger_database, shared_anvil) as front:
        till = front.till
        publish(till, BASE, fixed("review", 9, on="review", pending=False), pending={"days": 3})
        member = till.enrol()
        till.buy(member, 3000)
        event = {
            "program_id": till.program_id,
            "member_id": member,
            "event_id": "review-1",
            "name": "review",
            "occurred_at": "2026-01-01T00:00:00Z",
        }
        accepted(till.post("/events", event))
        front.settle()
        assert front.points(front.address(member)) == 9
        front.look()
        till.clock.forward(4 * 24 * 3600)
        house = till.house
        sweeps = calendar_sweeps(ledger_database.ledger, house.vault, till.clock, house.new_id)
        assert sum(sweep.step() for sweep in sweeps) == 1
        front.settle()
        assert front.points(front.address(member)) == 39
        front.look()
