"""Where our contracts are on a chain: the record that deploying leaves in the data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from backend.chain.quantities import read_bytes


class DeploymentError(Exception):
    """There is no deployment to use; the message says which file is missing or broken."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Addresses of one deployment, 20 bytes each.

    `operators` are those named when deploying; the contract's own list is what counts. No event
    of ours is older than `first_block`. A deployment from before there were badges has no `badge`.
    """

    chain_id: int
    settlement: bytes
    factory: bytes
    logic: bytes
    operators: tuple[bytes, ...]
    first_block: int
    badge: bytes | None = None


class _Contract(msgspec.Struct):
    address: str
    block_number: int


class _Record(msgspec.Struct):
    chain_id: int
    contracts: dict[str, _Contract]
    operators: list[str] = []


def deployment_path(data: Path, chain_id: int) -> Path:
    return data / "deployments" / f"{chain_id}.json"


def load_deployment(data: Path, chain_id: int) -> Deployment:
    """The deployment on `chain_id` recorded in the data folder; DeploymentError without one."""
    path = deployment_path(data, chain_id)
    try:
        record = msgspec.json.decode(path.read_bytes(), type=_Record)
        settlement, factory, logic = (
            record.contracts[name] for name in ("Settlement", "ProgramFactory", "LoyaltyProgram")
        )
        badge = record.contracts.get("LoyaltyBadge")
        deployment = Deployment(
            chain_id=record.chain_id,
            settlement=read_bytes(settlement.address, 20),
            factory=read_bytes(factory.address, 20),
            logic=read_bytes(logic.address, 20),
            operators=tuple(read_bytes(operator, 20) for operator in record.operators),
            first_block=min(part.block_number for part in (settlement, factory, logic)),
            badge=read_bytes(badge.address, 20) if badge else None,
        )
    except FileNotFoundError:
        raise DeploymentError(
            f"nothing is deployed on chain {chain_id}: {path} is missing"
        ) from None
    except (OSError, ValueError, KeyError, msgspec.DecodeError) as error:
        raise DeploymentError(f"{path} is broken: {error}") from error
    if deployment.chain_id != chain_id:
        raise DeploymentError(f"{path} is of chain {deployment.chain_id}, not {chain_id}")
    return deployment
