"""Invariant I13: what is answered does not depend on where the server thinks it is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.api_client import HOLD_SECONDS, Shop, open_shop
from tests.conftest import LedgerDatabase, open_database

pytest_plugins = ["tests.api_client"]
MOMENTS = [
    "2025-03-30T02:30:00+01:00",
    "2025-10-26T02:30:00+02:00",
    "2025-10-26T02:30:00+01:00",
    "2024-02-29T23:59:59.999Z",
    "1970-01-01T00:00:00Z",
    "2025-12-31t23:59:59.123456789-12:00",
]


def a_day(shop: Shop) -> list[bytes]:
    """Everything a day answers."""
    member = shop.enrol(external_id="one")
    answers = [
        shop.post("/purchases", shop.purchase(member, 5000, occurred_at=moment))
        for moment in MOMENTS
    ]
    held = shop.redeem(member, 10)["id"]
    shop.clock.forward(HOLD_SECONDS - 1)
    answers.append(shop.post(f"/redemptions/{held}/capture"))
    answers += [
        shop.get(f"/members/{member}"),
        shop.get(f"/members/{member}/balance"),
        shop.get(f"/members/{member}/history"),
        shop.get("/programs"),
    ]
    return [answer.content for answer in answers]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_answers_are_the_same_in_every_zone(
    ledger_database: LedgerDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, list[bytes]] = {}
    rows: dict[str, object] = {}
    original = Path(str(ledger_database.ledger.url.database))
    empty = {name: (original.parent / name).read_bytes() for name in ("ledger.db", "mirror.db")}
    for zone in ("UTC", "Europe/Paris", "America/St_Johns", "Pacific/Kiritimati"):
        folder = tmp_path / zone.replace("/", "-")
        folder.mkdir()
        for name, content in empty.items():
            (folder / name).write_bytes(content)
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        database = open_database(
            "sqlite", f"sqlite:///{folder}/ledger.db", f"sqlite:///{folder}/mirror.db"
        )
        with open_shop(database) as shop:
            told[zone] = a_day(shop)
            rows[zone] = shop.snapshot()
        database.dispose()
    monkeypatch.undo()
    time.tzset()
    for zone, answers in told.items():
        assert answers == told["UTC"], zone
        assert rows[zone] == rows["UTC"], zone
