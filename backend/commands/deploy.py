"""Deploy the contracts once per chain, through the Ape script in scripts/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from backend import wiring
from backend.chain.contracts import Deployment, DeploymentError, deployment_path, load_deployment
from backend.chain.rpc import JsonRpc
from backend.commands.system import CannotStartError
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_DEPLOY_TIMEOUT_S = 300


def deploy_once(settings: Settings, chain: JsonRpc, chain_id: int) -> Deployment:
    """The deployment on this chain, made now if there is none yet.

    Raises CannotStartError when deploying fails, or when the chain has lost what is on record.
    """
    if deployment_path(settings.data, chain_id).exists():
        deployment = load_deployment(settings.data, chain_id)
        if not chain.code(deployment.settlement):
            raise CannotStartError(
                f"the deployment recorded in {deployment_path(settings.data, chain_id)} is not on"
                f" chain {chain_id}: the chain has lost its state, or this is another chain"
            )
        return deployment
    _run_script(settings)
    try:
        return load_deployment(settings.data, chain_id)
    except DeploymentError as failure:
        raise CannotStartError(f"deploying left no record: {failure}") from failure


def _run_script(settings: Settings) -> None:
    ape = Path(sys.executable).with_name("ape")
    operators = [wiring.address_of(key) for key in wiring.operator_keys(settings)]
    command = [str(ape), "run", "deploy", "--network", wiring.rpc_url(settings)]
    command += ["--data", str(settings.data.resolve())]
    for operator in operators:
        command += ["--operator", operator]
    log_path = settings.data / "logs" / "deploy.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**wiring.environment(), "MEREAU_DEPLOYER_KEY": wiring.admin_key(settings)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=_DEPLOY_TIMEOUT_S,
            check=False,
        )
    if done.returncode:
        raise CannotStartError(f"deploying the contracts failed; see {log_path}")
