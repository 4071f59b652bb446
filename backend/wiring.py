"""The one place that builds concrete parts, the clock and the source of chance included."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from backend.core.ids import ENTROPY_BYTES, make_id
from backend.ledger.engine import ledger_engine, mirror_engine
from backend.ledger.group_commit import GroupCommitter
from backend.ledger.reader import Reader
from backend.ledger.schema import create_mirror, upgrade
from backend.ledger.vault import Vault
from backend.services.house import House
from backend.settings import Settings


def now_ms() -> int:
    """The wall clock in UTC milliseconds."""
    return time.time_ns() // 1_000_000


def new_id(prefix: str) -> str:
    return make_id(prefix, now_ms(), secrets.token_bytes(ENTROPY_BYTES))


def new_api_key() -> str:
    """A key of 256 random bits."""
    return f"mk_{secrets.token_urlsafe(32)}"


@dataclass(frozen=True, slots=True)
class Databases:
    """Both databases with their schemas in place."""

    ledger: Engine
    mirror: Engine


def open_databases(settings: Settings) -> Databases:
    """Opens both databases, bringing their schemas up to date first."""
    settings.data.mkdir(parents=True, exist_ok=True)
    databases = Databases(ledger_engine(settings.ledger_url), mirror_engine(settings.mirror_url))
    upgrade(databases.ledger)
    create_mirror(databases.mirror)
    return databases


def open_vault(settings: Settings) -> Vault:
    """The vault under the set master key, or under one made once in the data folder.

    Raises ValueError when the set key is not base64 of 32 bytes.
    """
    if settings.vault_key is not None:
        return Vault(base64.b64decode(settings.vault_key.get_secret_value()), secrets.token_bytes)
    return Vault(_kept_secret(settings.data / "vault.key"), secrets.token_bytes)


def open_house(settings: Settings, databases: Databases) -> House:
    """The parts of a front door; the caller starts and stops the committer."""
    vault = open_vault(settings)
    committer = GroupCommitter(databases.ledger, vault, now_ms, new_id)
    return House(
        committer=committer,
        ledger=Reader(databases.ledger),
        mirror=Reader(databases.mirror),
        vault=vault,
        now_ms=now_ms,
        new_id=new_id,
        entropy=secrets.token_bytes,
    )


def _kept_secret(path: Path) -> bytes:
    """32 bytes that are made once and then stay, readable by the owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_bytes(secrets.token_bytes(32))
    # A link fails where the file exists, so of two processes starting at once one key wins.
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()
    return path.read_bytes()
