"""What is there before a site is opened: the record of the contracts, a merchant, a program."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import Engine

from backend import wiring
from backend.chain.contracts import Deployment, deployment_path
from backend.chain.quantities import write_bytes
from backend.ledger.engine import writing
from backend.ledger.group_commit import GroupCommitter
from backend.ledger.merchants import add_key, add_merchant
from backend.services.create_program import CreateProgram, ProgramTerms
from backend.services.program_rules import DEFAULT_RULES
from backend.settings import Settings


def record_deployment(data: Path, deployment: Deployment) -> None:
    """As deploying leaves it in the data folder."""
    addresses = {
        "Settlement": deployment.settlement,
        "ProgramFactory": deployment.factory,
        "LoyaltyProgram": deployment.logic,
    }
    contracts = {
        name: {"address": write_bytes(address), "block_number": deployment.first_block}
        for name, address in addresses.items()
    }
    path = deployment_path(data, deployment.chain_id)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"chain_id": deployment.chain_id, "contracts": contracts}))


def make_program(data: Path, ledger: Engine) -> tuple[str, str]:
    """A new merchant's API key and the id of its program, a point per euro."""
    api_key, merchant_id = wiring.new_api_key(), wiring.new_id("mer")
    with writing(ledger) as connection:
        add_merchant(connection, merchant_id, "Café", wiring.now_ms())
        add_key(connection, wiring.new_id("key"), merchant_id, api_key, "till", wiring.now_ms())
    vault = wiring.open_vault(Settings(data=data))
    committer = GroupCommitter(ledger, vault, wiring.now_ms, wiring.new_id)
    terms = ProgramTerms("Café", "CAFE", "EUR", 1, 100, 900, DEFAULT_RULES)
    made = CreateProgram(merchant_id, None, terms, lambda program: program.id.encode())
    (outcome,) = committer.execute([made])
    if isinstance(outcome, Exception):
        raise outcome
    return api_key, outcome.body.decode()
