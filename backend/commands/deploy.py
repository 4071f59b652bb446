"""Deploy the contracts once per chain, through the Ape script in scripts/."""

from __future__ import annotations

import sys
from pathlib import Path

from backend import wiring
from backend.chain.contracts import Deployment, DeploymentError, deployment_path, load_deployment
from backend.chain.rpc import JsonRpc
from backend.commands.embedded_chain import kept_block
from backend.commands.system import CannotStartError, System
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def is_deployed(settings: Settings) -> bool:
    """Whether this data folder has the record of a deployment, on whatever chain."""
    return any((settings.data / "deployments").glob("*.json"))


def deploy_once(system: System, chain: JsonRpc, chain_id: int, *, embedded: bool) -> Deployment:
    """The deployment on this chain, made now if there is none yet.

    Raises CannotStartError when deploying fails, or when the chain has lost what is on record.
    """
    settings = system.settings
    path = deployment_path(settings.data, chain_id)
    try:
        if path.exists():
            deployment = load_deployment(settings.data, chain_id)
            if not chain.code(deployment.settlement):
                raise CannotStartError(
                    f"the deployment recorded in {path} is not on chain {chain_id}:"
                    " the chain has lost its state, or this is another chain"
                )
            return deployment
        _run_script(system)
        deployment = load_deployment(settings.data, chain_id)
    except DeploymentError as failure:
        raise CannotStartError(str(failure)) from failure
    if embedded:
        # Else a kill in the next seconds would leave a record of contracts that are gone.
        deployed_at = chain.head().number
        system.until(
            lambda: kept_block(settings) >= deployed_at,
            f"the embedded chain does not save its state; see {settings.data / 'logs'}",
        )
    return deployment


def _run_script(system: System) -> None:
    settings = system.settings
    command = [sys.executable, "-m", "backend.commands.run_deploy"]
    command += ["--data", str(settings.data.resolve())]
    for operator in wiring.operator_addresses(settings):
        command += ["--operator", operator]
    secrets = {"MEREAU_DEPLOYER_KEY": wiring.admin_key(settings)}
    child = system.child("deploy", tuple(command), secrets)
    child.folder = ROOT
    if system.run_to_end(child):
        raise CannotStartError(f"deploying the contracts failed; see {child.log_path}")
