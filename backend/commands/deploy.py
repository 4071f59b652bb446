"""Deploy the contracts once per chain, through the Ape script in scripts/."""

from __future__ import annotations

import sys
from pathlib import Path

from backend import wiring
from backend.chain.contracts import Deployment, DeploymentError, deployment_path, load_deployment
from backend.chain.rpc import JsonRpc
from backend.commands.embedded_chain import kept_block
from backend.commands.system import CannotStartError, System
from backend.ledger.reconciliation import program_contracts
from backend.wiring import Databases

ROOT = Path(__file__).resolve().parents[2]


def deploy_once(
    system: System, databases: Databases, chain: JsonRpc, chain_id: int, *, embedded: bool
) -> Deployment:
    """The deployment on this chain, made or completed now if it is not there yet.

    An embedded chain that lost everything gets its contracts again, where they were. Raises
    CannotStartError when deploying fails, or when another chain has lost what is on record.
    """
    settings = system.settings
    path = deployment_path(settings.data, chain_id)
    try:
        if path.exists():
            deployment = load_deployment(settings.data, chain_id)
            if chain.code(deployment.settlement):
                if deployment.badge is not None and chain.code(deployment.badge):
                    return deployment
                system.say("the deployment has no badges yet: adding their contract")
                _run_script(system)
                return load_deployment(settings.data, chain_id)
            if embedded and _is_used(databases):
                return _deploy_again(system, deployment, chain_id)
            if _is_used(databases):
                raise CannotStartError(
                    f"the deployment recorded in {path} is not on chain {chain_id}:"
                    " the chain has lost its state, or this is another chain"
                )
            system.say("the contracts were lost before they were used: deploying them again")
            path.unlink()
        _run_script(system)
        return load_deployment(settings.data, chain_id)
    except DeploymentError as failure:
        raise CannotStartError(str(failure)) from failure


def wait_until_kept(system: System, block_number: int) -> None:
    """Until a kill cannot take the block from the embedded chain any more.

    Without it, a record of contracts that are gone could be left.
    """
    settings = system.settings
    system.until(
        lambda: kept_block(settings) >= block_number,
        f"the embedded chain does not save its state; see {settings.data / 'logs'}",
    )


def _deploy_again(system: System, lost: Deployment, chain_id: int) -> Deployment:
    """The same contracts at the same addresses, which follow from the admin's first nonces; the
    mirror of the lost chain goes. What else was on it, the settler sends again as it is stored."""
    system.say("the embedded chain has lost its state: it is made again from what is stored")
    path = deployment_path(system.settings.data, chain_id)
    record = path.rename(path.with_suffix(".lost"))
    try:
        _run_script(system)
    except CannotStartError:
        record.replace(path)
        raise
    made = load_deployment(system.settings.data, chain_id)
    if (made.settlement, made.factory) != (lost.settlement, lost.factory):
        record.replace(path)
        raise CannotStartError(
            f"the contracts are not where they were, so the chain that {path} names cannot be"
            " made again: restore the chain folder of the data folder"
        )
    record.unlink()
    rebuild = system.child("rebuild", (sys.executable, "-m", "indexer", "--rebuild", "--once"))
    if system.run_to_end(rebuild):
        raise CannotStartError(f"the mirror was not made again; see {rebuild.log_path}")
    return made


def _is_used(databases: Databases) -> bool:
    with databases.ledger.connect() as connection:
        return any(contract for _, contract in program_contracts(connection))


def _run_script(system: System) -> None:
    settings = system.settings
    command = [sys.executable, "-m", "backend.commands.run_deploy"]
    command += ["--data", str(settings.data.resolve())]
    for operator in wiring.operator_addresses(settings):
        command += ["--operator", operator]
    own = f"http://{settings.host}:{settings.port}/badges/"
    command += ["--badge-base-url", settings.badge_base_url or own]
    secrets = {"MEREAU_DEPLOYER_KEY": wiring.admin_key(settings)}
    child = system.child("deploy", tuple(command), secrets)
    child.folder = ROOT
    if system.run_to_end(child):
        raise CannotStartError(f"deploying the contracts failed; see {child.log_path}")
