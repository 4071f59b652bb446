"""Deploy logic, factory, settlement and badges on the connected network, and keep the record of it.

    ape run deploy --network http://127.0.0.1:8545 --data .mereau --operator 0x…

The key is read from MEREAU_DEPLOYER_KEY; without it the first development account is used, on a
development chain only. When the data folder already has a deployment that is alive on this chain,
nothing is done; one from before there were badges gets its `LoyaltyBadge`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import ape
import click
from ape.cli import ConnectedProviderCommand
from eth_utils.address import to_checksum_address
from ethpm_types import ContractType

from scripts import _artifacts as artifacts
from scripts import _deployment as deployment

KEY_VARIABLE = "MEREAU_DEPLOYER_KEY"
DEFAULT_ROLE_DELAY_SECONDS = 2 * 86_400
DEFAULT_BADGE_BASE_URL = "http://127.0.0.1:8000/badges/"
BADGE_COLLECTION = ("Méreau badges", "BADGE")


def deployer_account() -> Any:
    """Return the account that pays for the deployment."""
    key = os.environ.get(KEY_VARIABLE)
    if key:
        from ape_accounts.accounts import ApeSigner

        return ApeSigner(private_key=key)
    if ape.chain.chain_id != deployment.DEVELOPMENT_CHAIN_ID:
        raise click.ClickException(f"set {KEY_VARIABLE}: this is not a development chain")
    return ape.accounts.test_accounts[0]


def container(artifact: dict[str, Any]) -> Any:
    """Return the Ape container of a built artifact: no compilation, the very bytes recorded."""
    from ape.contracts import ContractContainer

    return ContractContainer(
        ContractType.model_validate(
            {
                "contractName": artifact["contractName"],
                "abi": artifact["abi"],
                "deploymentBytecode": {"bytecode": artifact["bytecode"]},
                "runtimeBytecode": {"bytecode": artifact["deployedBytecode"]},
            }
        )
    )


def deploy_contract(account: Any, artifact: dict[str, Any], *arguments: Any) -> dict[str, Any]:
    """Deploy one contract and return its part of the record."""
    transaction = container(artifact)(*arguments)
    transaction.sender = account.address
    receipt = account.call(transaction)
    return {
        "address": to_checksum_address(receipt.contract_address),
        "tx_hash": receipt.txn_hash,
        "block_number": receipt.block_number,
        "gas_used": receipt.gas_used,
        "constructor_arguments": list(arguments),
    }


def deploy(
    account: Any,
    data: Path,
    *,
    admin: str | None = None,
    guardian: str | None = None,
    operators: tuple[str, ...] = (),
    role_delay_seconds: int = DEFAULT_ROLE_DELAY_SECONDS,
    badge_base_url: str = DEFAULT_BADGE_BASE_URL,
) -> dict[str, Any]:
    """Deploy everything on the connected network; return the record, written to `data`.

    Admin and guardian default to the deployer.
    """
    artifacts.export()
    roles = {
        "deployer": to_checksum_address(account.address),
        "admin": to_checksum_address(admin or account.address),
        "guardian": to_checksum_address(guardian or account.address),
        "operators": [to_checksum_address(each) for each in dict.fromkeys(operators)],
    }
    logic = deploy_contract(account, artifacts.load("LoyaltyProgram"))
    factory = deploy_contract(account, artifacts.load("ProgramFactory"), [logic["address"]])
    settlement = deploy_contract(
        account,
        artifacts.load("Settlement"),
        roles["admin"],
        roles["guardian"],
        roles["operators"],
        role_delay_seconds,
    )
    badge = deploy_badge(
        account, artifacts.load("LoyaltyBadge"), settlement["address"], badge_base_url
    )
    contracts = {
        "LoyaltyProgram": logic,
        "ProgramFactory": factory,
        "Settlement": settlement,
        "LoyaltyBadge": badge,
    }
    return deployment.write_record(
        data, chain_id=ape.chain.chain_id, roles=roles, contracts=contracts
    )


def deploy_badge(
    account: Any, artifact: dict[str, Any], settlement: str, base_url: str
) -> dict[str, Any]:
    """Deploy the badges of a settlement and return their part of the record."""
    return deploy_contract(account, artifact, settlement, *BADGE_COLLECTION, base_url)


def add_badge(data: Path, record: dict[str, Any], base_url: str) -> dict[str, Any]:
    """Give a recorded deployment its badges; return the longer record.

    They are made from the input kept with it, so that one input goes on explaining all its code.
    """
    kept = deployment.kept_input(data, record["chain_id"])
    compiled = artifacts.compile_one(kept, "LoyaltyBadge")
    if compiled is None:
        raise click.ClickException("the sources kept with this deployment have no LoyaltyBadge")
    artifact = artifacts.artifact_of("LoyaltyBadge", compiled, artifacts.digest(kept))
    settlement = record["contracts"]["Settlement"]["address"]
    part = deploy_badge(deployer_account(), artifact, settlement, base_url)
    return deployment.add_to_record(data, record, artifact, part)


def living_record(data: Path) -> dict[str, Any] | None:
    """Return the record of this data folder if its contracts exist on the connected chain."""
    record = deployment.read_record(data, ape.chain.chain_id)
    if record is None:
        return None
    core = [name for name in artifacts.CONTRACTS if name != "LoyaltyBadge"]
    return record if all(is_alive(record, name) for name in core) else None


def is_alive(record: dict[str, Any], name: str) -> bool:
    """Answer whether the record names this contract and the chain has code there."""
    part = record["contracts"].get(name)
    return part is not None and bool(ape.chain.provider.get_code(part["address"]))


@click.command(cls=ConnectedProviderCommand)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="MEREAU_DATA",
    default=deployment.DEFAULT_DATA,
    show_default=True,
)
@click.option("--admin", help="Names the other roles. Default: the deployer.")
@click.option("--guardian", help="May stop minting. Default: the deployer.")
@click.option("--operator", "operators", multiple=True, help="A lane; may be repeated.")
@click.option(
    "--role-delay",
    type=click.IntRange(min=0),
    default=DEFAULT_ROLE_DELAY_SECONDS,
    show_default=True,
    help="Seconds that later changes of role wait; fixed for ever.",
)
@click.option(
    "--badge-base-url",
    envvar="MEREAU_BADGE_BASE_URL",
    default=DEFAULT_BADGE_BASE_URL,
    show_default=True,
    help="Put before a badge type's number to make its token URI; fixed for ever.",
)
def cli(
    data: Path,
    admin: str | None,
    guardian: str | None,
    operators: tuple[str, ...],
    role_delay: int,
    badge_base_url: str,
) -> None:
    """Deploy logic, factory, settlement and badges, unless they are there already."""
    record = living_record(data)
    if record is None:
        record = deploy(
            deployer_account(),
            data,
            admin=admin,
            guardian=guardian,
            operators=operators,
            role_delay_seconds=role_delay,
            badge_base_url=badge_base_url,
        )
    elif not is_alive(record, "LoyaltyBadge"):
        record = add_badge(data, record, badge_base_url)
    for name, part in record["contracts"].items():
        click.echo(f"{name:15} {part['address']}  block {part['block_number']}")
    click.echo(f"record          {deployment.record_path(data, record['chain_id'])}")
