"""The one place that builds concrete parts, the clock and the source of chance included."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from backend.chain.contracts import Deployment, load_deployment
from backend.chain.rpc import JsonRpc
from backend.commands.errors import OperatorError
from backend.commands.running import read_ready
from backend.core.ids import ENTROPY_BYTES, make_id
from backend.ledger.engine import ledger_engine, mirror_engine
from backend.ledger.group_commit import GroupCommitter
from backend.ledger.mirror_words import head_time_s
from backend.ledger.reader import Reader
from backend.ledger.schema import create_mirror, upgrade
from backend.ledger.vault import Vault
from backend.services.chain_gate import ChainGate
from backend.services.house import House
from backend.services.request_recorder import RequestRecorder
from backend.settings import Settings

# Signing and settling take a second to import, and most processes do neither.
if TYPE_CHECKING:
    from backend.chain.signer import LaneSigner
    from backend.settlement.settler import Settler

_SECRET_BYTES = 32
_LOOK_AT_CHAIN_MS = 1_000


class SettingError(OperatorError):
    """A setting, or a file in the data folder, that cannot be used; the message names it."""


def now_ms() -> int:
    """The wall clock in UTC milliseconds."""
    return time.time_ns() // 1_000_000


class ChainClock:
    """The wall clock, but never behind the newest block the mirror has.

    For the embedded chain only: whoever moves that node's time on, to see points expire, moves
    ours with it. No other node can move our time.
    """

    def __init__(self, mirror: Engine) -> None:
        self._mirror = mirror
        self._ahead_ms = 0
        self._looked_at_ms = 0

    def __call__(self) -> int:
        wall_ms = now_ms()
        if abs(wall_ms - self._looked_at_ms) >= _LOOK_AT_CHAIN_MS:
            self._looked_at_ms = wall_ms
            with contextlib.suppress(SQLAlchemyError), self._mirror.connect() as connection:
                block_s = head_time_s(connection)
                self._ahead_ms = max(self._ahead_ms, (block_s or 0) * 1000 - wall_ms)
        return wall_ms + self._ahead_ms


def open_clock(settings: Settings, databases: Databases) -> Callable[[], int]:
    """The clock of a process: UTC milliseconds."""
    return ChainClock(databases.mirror) if settings.embedded else now_ms


def new_id(prefix: str) -> str:
    return make_id(prefix, now_ms(), secrets.token_bytes(ENTROPY_BYTES))


def new_api_key() -> str:
    """A key of 256 random bits."""
    return f"mk_{secrets.token_urlsafe(32)}"


def new_password() -> str:
    """A password of 96 random bits."""
    return secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True)
class Databases:
    """The ledger's engine and the mirror's."""

    ledger: Engine
    mirror: Engine


def connect_databases(settings: Settings) -> Databases:
    """Both databases as they are; raises SettingError for a URL that names none."""
    make_data_folder(settings)
    try:
        return Databases(ledger_engine(settings.ledger_url), mirror_engine(settings.mirror_url))
    except (ArgumentError, ImportError, ValueError):
        # The error's text may hold the URL, and with it a password.
        raise SettingError(
            "MEREAU_DATABASE_URL is not the URL of a database we can use: for PostgreSQL it is"
            " postgresql://user:password@host/database"
        ) from None


def make_data_folder(settings: Settings) -> None:
    """The data folder, for the owner's eyes only: it holds keys."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)


def open_databases(settings: Settings) -> Databases:
    """Both databases, with their schemas brought up to date."""
    databases = connect_databases(settings)
    upgrade(databases.ledger)
    create_mirror(databases.mirror)
    return databases


def open_vault(settings: Settings) -> Vault:
    """The vault under the set master key, or under one made once in the data folder.

    Raises SettingError when the set key is not base64 of 32 bytes.
    """
    if settings.vault_key is None:
        return Vault(_kept_secret(settings.data / "vault.key"), secrets.token_bytes)
    try:
        key = base64.b64decode(settings.vault_key.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _SECRET_BYTES:
        raise SettingError("MEREAU_VAULT_KEY is not the base64 of 32 bytes")
    return Vault(key, secrets.token_bytes)


def open_house(settings: Settings, databases: Databases) -> House:
    """The parts of a front door; the caller starts and stops the committer."""
    vault = open_vault(settings)
    clock = open_clock(settings, databases)
    committer = GroupCommitter(databases.ledger, vault, clock, new_id)
    return House(
        committer=committer,
        ledger=Reader(databases.ledger),
        mirror=Reader(databases.mirror),
        vault=vault,
        now_ms=clock,
        new_id=new_id,
        entropy=secrets.token_bytes,
        explorer_tx_url=settings.explorer_tx_url,
        chain=ChainGate(lambda: _deployed(settings)),
        downloads=settings.downloads,
        channels=frozenset(settings.channels),
        dev_inbox=settings.shows_inbox,
        requests=RequestRecorder(databases.ledger, clock) if settings.requests_days else None,
    )


def _deployed(settings: Settings) -> tuple[JsonRpc, Deployment]:
    chain = open_chain(settings)
    return chain, load_deployment(settings.data, chain.chain_id())


def open_chain(settings: Settings) -> JsonRpc:
    """The chain at the set URL, or at the embedded node's."""
    return JsonRpc(
        rpc_url(settings),
        settings.finality,
        connect_timeout_s=settings.rpc_connect_seconds,
        read_timeout_s=settings.rpc_read_seconds,
    )


def rpc_url(settings: Settings) -> str:
    """The set URL, or the one of the system that runs on this data folder, or the default."""
    if settings.rpc_url is not None:
        return settings.rpc_url
    running = read_ready(settings.data)
    return running["rpc_url"] if running else f"http://127.0.0.1:{settings.chain_port}"


def open_settler(
    settings: Settings, databases: Databases, chain: JsonRpc, deployment: Deployment
) -> Settler:
    """A settler over every lane that the contract takes batches from now.

    Raises SettingError when that is none of the keys, and ChainError.
    """
    from backend.chain.fees import FeePolicy
    from backend.chain.roles import is_operator
    from backend.services.calendar_work import calendar_sweeps
    from backend.settlement.lanes import Pace
    from backend.settlement.settler import Settler

    signers = lane_signers(settings)
    lanes = [s for s in signers if is_operator(chain, deployment, s.address)]
    if not lanes:
        raise SettingError("none of the operator keys is an operator of the settlement contract")
    clock = open_clock(settings, databases)
    return Settler(
        databases.ledger,
        chain,
        deployment,
        lanes,
        FeePolicy(settings.max_fee_gwei * 10**9),
        clock,
        new_id,
        Pace(
            batch_words_max=settings.batch_words_max,
            boundary_margin_seconds=settings.boundary_margin_seconds,
        ),
        databases.mirror,
        calendar_sweeps(databases.ledger, open_vault(settings), clock, new_id),
        resting=[signer for signer in signers if signer not in lanes],
    )


def lane_signers(settings: Settings) -> list[LaneSigner]:
    """A signer for each operator key, as set or made once in the data folder.

    Raises SettingError for what is no private key, and for the same key twice.
    """
    if settings.operator_keys is None:
        names = [f"operator-{number}.key" for number in range(1, settings.lanes + 1)]
        keys = [_kept_key(settings.data / "keys" / name) for name in names]
    else:
        keys = [key.strip() for key in settings.operator_keys.get_secret_value().split(",")]
    signers = [
        _signer(key, f"MEREAU_OPERATOR_KEYS, key {number}") for number, key in enumerate(keys, 1)
    ]
    if len({signer.address for signer in signers}) < len(signers):
        raise SettingError("MEREAU_OPERATOR_KEYS names the same key twice: each lane has its own")
    return signers


def operator_addresses(settings: Settings) -> list[str]:
    """The lanes' addresses, 0x hex; raises SettingError."""
    return [f"0x{signer.address.hex()}" for signer in lane_signers(settings)]


def admin_key(settings: Settings) -> str:
    """The private key that deploys and administers, as set or made once in the data folder."""
    if settings.admin_key is not None:
        return settings.admin_key.get_secret_value()
    return _kept_key(settings.data / "keys" / "admin.key")


def admin_signer(settings: Settings) -> LaneSigner:
    """Signs as the admin; raises SettingError."""
    return _signer(admin_key(settings), "MEREAU_ADMIN_KEY")


def admin_address(settings: Settings) -> str:
    """The admin's address, 0x hex; raises SettingError."""
    return f"0x{admin_signer(settings).address.hex()}"


def _signer(private_key: str, setting: str) -> LaneSigner:
    from backend.chain.signer import LaneSigner

    try:
        return LaneSigner(private_key)
    except ValueError as failure:
        raise SettingError(f"{setting}: {failure}") from None


def _kept_key(path: Path) -> str:
    return f"0x{_kept_secret(path).hex()}"


def _kept_secret(path: Path) -> bytes:
    """32 bytes that are made once and then stay, readable by the owner only."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        with fresh.open("wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link fails where the file exists, so of two processes starting at once one key wins.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    secret = path.read_bytes()
    if len(secret) != _SECRET_BYTES:
        raise SettingError(f"{path} is broken: it holds {len(secret)} bytes, not {_SECRET_BYTES}")
    return secret
