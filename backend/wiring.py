"""The one place that builds concrete parts, the clock and the source of chance included."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from backend.chain.contracts import Deployment
from backend.chain.fees import FeePolicy
from backend.chain.rpc import JsonRpc
from backend.chain.signer import LaneSigner
from backend.core.ids import ENTROPY_BYTES, make_id
from backend.ledger.engine import ledger_engine, mirror_engine
from backend.ledger.group_commit import GroupCommitter
from backend.ledger.reader import Reader
from backend.ledger.schema import create_mirror, upgrade
from backend.ledger.vault import Vault
from backend.services.house import House
from backend.settings import Settings
from backend.settlement.lanes import Pace
from backend.settlement.settler import Settler


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
    """The ledger's engine and the mirror's."""

    ledger: Engine
    mirror: Engine


def connect_databases(settings: Settings) -> Databases:
    """Both databases as they are."""
    settings.data.mkdir(parents=True, exist_ok=True)
    return Databases(ledger_engine(settings.ledger_url), mirror_engine(settings.mirror_url))


def open_databases(settings: Settings) -> Databases:
    """Both databases, with their schemas brought up to date."""
    databases = connect_databases(settings)
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


def open_chain(settings: Settings) -> JsonRpc:
    """The chain at the set URL, or at the embedded node's."""
    return JsonRpc(rpc_url(settings), settings.finality)


def rpc_url(settings: Settings) -> str:
    """The set URL, or the one of the system that runs on this data folder, or the default."""
    if settings.rpc_url is not None:
        return settings.rpc_url
    running = read_ready(settings)
    return running["rpc_url"] if running else f"http://127.0.0.1:{settings.chain_port}"


def read_ready(settings: Settings) -> dict[str, str] | None:
    """What the running system wrote when it was ready; None when none runs."""
    try:
        ready: dict[str, str] = json.loads((settings.data / "ready.json").read_text())
    except FileNotFoundError:
        return None
    return ready


def open_settler(
    settings: Settings, databases: Databases, chain: JsonRpc, deployment: Deployment
) -> Settler:
    """A settler over every lane there is a key for; raises ValueError for a key that is none."""
    return Settler(
        databases.ledger,
        chain,
        deployment,
        [LaneSigner(key) for key in operator_keys(settings)],
        FeePolicy(settings.max_fee_gwei * 10**9),
        now_ms,
        new_id,
        Pace(batch_words_max=settings.batch_words_max),
    )


def operator_keys(settings: Settings) -> list[str]:
    """The lanes' private keys as set, or those made once in the data folder."""
    if settings.operator_keys is not None:
        return [key.strip() for key in settings.operator_keys.get_secret_value().split(",")]
    names = [f"operator-{number}.key" for number in range(1, settings.lanes + 1)]
    return [_kept_key(settings.data / "keys" / name) for name in names]


def admin_key(settings: Settings) -> str:
    """The private key that deploys and administers, as set or made once in the data folder."""
    if settings.admin_key is not None:
        return settings.admin_key.get_secret_value()
    return _kept_key(settings.data / "keys" / "admin.key")


def environment() -> dict[str, str]:
    """This process's environment, for a child that needs it changed."""
    return dict(os.environ)


def address_of(private_key: str) -> str:
    """The key's address, 0x hex."""
    return f"0x{LaneSigner(private_key).address.hex()}"


def _kept_key(path: Path) -> str:
    return f"0x{_kept_secret(path).hex()}"


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
