"""Look at everything the system needs, and say in one line each what is fine and what is not."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from backend import wiring
from backend.chain.contracts import DeploymentError, load_deployment
from backend.chain.node import NodeError, find_anvil
from backend.chain.port import ChainError
from backend.chain.roles import operator_from_s, removed_operators
from backend.commands.plainly import database_words, without_secrets
from backend.commands.running import read_ready
from backend.ledger import mirror
from backend.ledger.operations import outbox_depth
from backend.ledger.schema import create_mirror, current_revision, newest_revision
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_FREE_BYTES_MIN = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `text` says what was found, and what to do if it is not fine."""

    subject: str
    fine: bool
    text: str


def examine(settings: Settings) -> list[Finding]:
    """Every finding, in the order in which things depend on each other."""
    looks: list[tuple[str, Callable[[Settings], str]]] = [
        ("python", _python),
        ("anvil", _anvil),
        ("disk", _disk),
        ("ledger", _ledger),
        ("mirror", _mirror),
        ("vault", _vault),
        ("keys", _keys),
        ("chain", _chain),
        ("deployment", _deployment),
        ("system", _system),
    ]
    return [_finding(subject, look, settings) for subject, look in looks]


def show(findings: list[Finding], console: Console) -> None:
    for finding in findings:
        mark = "[green]ok [/green]" if finding.fine else "[red]BAD[/red]"
        console.print(f"{mark} {finding.subject:<11} {finding.text}", highlight=False)


def as_json(findings: list[Finding]) -> str:
    return json.dumps([asdict(finding) for finding in findings], indent=2)


class _Wrong(Exception):
    """What was looked at is not fine."""


def _finding(subject: str, look: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(subject, True, look(settings))
    except (_Wrong, wiring.SettingError) as wrong:
        return Finding(subject, False, str(wrong))
    except SQLAlchemyError as failure:
        return Finding(subject, False, f"the database does not answer: {database_words(failure)}")


def _python(_settings: Settings) -> str:
    return ".".join(str(part) for part in sys.version_info[:3])


def _anvil(settings: Settings) -> str:
    if settings.rpc_url is not None:
        return "not needed: MEREAU_RPC_URL names a chain"
    try:
        return str(find_anvil(ROOT).name)
    except NodeError as failure:
        raise _Wrong(str(failure)) from failure


def _disk(settings: Settings) -> str:
    folder = next(
        path for path in (settings.data, *settings.data.resolve().parents) if path.exists()
    )
    free_bytes = shutil.disk_usage(folder).free
    text = f"{free_bytes >> 20:,} MiB free for {settings.data}"
    if free_bytes < _FREE_BYTES_MIN:
        raise _Wrong(f"{text}: a full disk stops the till")
    return text


def _ledger(settings: Settings) -> str:
    if _unborn(settings):
        return "none yet: the first start makes it"
    databases = wiring.connect_databases(settings)
    revision = current_revision(databases.ledger)
    if revision is None:
        return "empty: the first start makes it"
    if revision != newest_revision():
        return f"at revision {revision}: the next start brings it to {newest_revision()}"
    with databases.ledger.connect() as connection:
        depth = outbox_depth(connection)
    if depth.parked_count:
        raise _Wrong(f"{depth.parked_count} operations are parked: see `mereau parked list`")
    return f"revision {revision}, {depth.waiting_count} operations waiting"


def _mirror(settings: Settings) -> str:
    if _unborn(settings):
        return "none yet: the first start makes it"
    databases = wiring.connect_databases(settings)
    if current_revision(databases.ledger) is None:
        return "none yet: the first start makes it"
    create_mirror(databases.mirror)
    with databases.mirror.connect() as connection:
        cursor = mirror.cursor(connection)
    if cursor.halted_reason:
        raise _Wrong(f"halted at block {cursor.block_number}: {cursor.halted_reason}")
    return f"at block {cursor.block_number}, final {cursor.finalized_number}"


def _unborn(settings: Settings) -> bool:
    """Whether this is a data folder that nothing was started on: looking makes no file."""
    return settings.database_url is None and not (settings.data / "ledger.db").exists()


def _vault(settings: Settings) -> str:
    if settings.vault_key is None and not (settings.data / "vault.key").exists():
        return "no key yet: the first start makes it"
    wiring.open_vault(settings)
    return "its key is there; without it personal data cannot be read, so keep a copy of it"


def _keys(settings: Settings) -> str:
    if settings.operator_keys is None and not (settings.data / "keys").exists():
        return "none yet: the first start makes them"
    addresses = wiring.operator_addresses(settings)
    return f"{len(addresses)} lanes: {', '.join(addresses)}"


def _chain(settings: Settings) -> str:
    if _rests(settings):
        return "not running: `make up` starts it"
    chain, url = wiring.open_chain(settings), without_secrets(wiring.rpc_url(settings))
    try:
        return f"chain {chain.chain_id()} at block {chain.head().number}, {url}"
    except ChainError:
        raise _Wrong(f"no answer from {url}") from None


def _rests(settings: Settings) -> bool:
    """Whether the embedded chain is not to be asked: somebody else's may listen on its port."""
    return settings.rpc_url is None and read_ready(settings.data) is None


def _deployment(settings: Settings) -> str:
    if _rests(settings):
        return "not checked: the chain is not running"
    chain = wiring.open_chain(settings)
    try:
        deployment = load_deployment(settings.data, chain.chain_id())
        lanes = [signer.address for signer in wiring.lane_signers(settings)]
        unfunded = [f"0x{lane.hex()}" for lane in lanes if not chain.balance_wei(lane)]
        strangers = [lane for lane in lanes if not operator_from_s(chain, deployment, lane)]
        gone = removed_operators(chain, deployment) if strangers else set()
    except ChainError:
        return "not checked: the chain does not answer"
    except DeploymentError as failure:
        return f"none yet ({failure})"
    if unknown := [f"0x{lane.hex()}" for lane in strangers if lane not in gone]:
        raise _Wrong(f"lanes that are no operators, `mereau up` adds them: {', '.join(unknown)}")
    if removed := [f"0x{lane.hex()}" for lane in strangers if lane in gone]:
        raise _Wrong(f"lanes that the admin removed: take their keys away: {', '.join(removed)}")
    if unfunded:
        raise _Wrong(f"lanes without funds for gas: {', '.join(unfunded)}")
    return f"settlement 0x{deployment.settlement.hex()}, factory 0x{deployment.factory.hex()}"


def _system(settings: Settings) -> str:
    ready = read_ready(settings.data)
    return f"running at {ready['api_url']}" if ready else "not running"
