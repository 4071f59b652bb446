"""The demo: a merchant, its key and a program, made once and kept in the data folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import urllib3

from backend import wiring
from backend.commands.system import CannotStartError
from backend.ledger.engine import writing
from backend.ledger.merchants import add_key, add_merchant
from backend.settings import Settings
from backend.wiring import Databases

_PROGRAM = {
    "name": "Demo Records",
    "symbol": "DEMO",
    "currency": "USD",
    "earning": {"points": 1, "per_amount_minor": 100},
    "expiry": {"period_months": 3, "validity_periods": 4, "timezone": "Europe/Paris"},
}


@dataclass(frozen=True, slots=True)
class Demo:
    """Who the demo is; `replayed` once its purchase history has been sent.

    `password` is what the demo's people sign in with.
    """

    merchant_id: str
    api_key: str
    password: str
    program_id: str | None = None
    replayed: bool = False


def load_demo(settings: Settings) -> Demo | None:
    """The demo of this data folder, if it was made."""
    try:
        return Demo(**json.loads(_path(settings).read_text()))
    except FileNotFoundError:
        return None


def save_demo(settings: Settings, demo: Demo) -> None:
    """Keeps the demo, readable by the owner only: it holds an API key."""
    write_private(_path(settings), asdict(demo))


def make_merchant(settings: Settings, databases: Databases) -> Demo:
    """A demo merchant with a key of its own."""
    secret = wiring.new_api_key()
    merchant_id, key_id = wiring.new_id("mer"), wiring.new_id("key")
    now_ms = wiring.now_ms()
    with writing(databases.ledger) as connection:
        add_merchant(connection, merchant_id, "Demo Records", now_ms)
        add_key(connection, key_id, merchant_id, secret, "demo", now_ms)
    demo = Demo(merchant_id, secret, wiring.new_password())
    save_demo(settings, demo)
    return demo


def make_program(api_url: str, demo: Demo) -> list[str]:
    """The demo's program, through the API as any merchant would; the same one when repeated.

    An empty list while the API gives no answer; CannotStartError when it refuses.
    """
    headers = {
        "Authorization": f"Bearer {demo.api_key}",
        "Content-Type": "application/json",
        "Idempotency-Key": "demo-program",
    }
    body = json.dumps(_PROGRAM)
    try:
        answer = urllib3.request(
            "POST", f"{api_url}/v1/programs", body=body, headers=headers, retries=False, timeout=10
        )
    except urllib3.exceptions.HTTPError:
        return []
    if answer.status >= 500:
        return []
    if answer.status != 201:
        raise CannotStartError(f"the demo program was refused: {answer.data.decode()}")
    return [str(answer.json()["id"])]


def write_private(path: Path, document: Mapping[str, object]) -> None:
    """Writes JSON in one move, readable by the owner only."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(document, indent=2) + "\n")
    fresh.replace(path)


def _path(settings: Settings) -> Path:
    return settings.data / "demo.json"
