"""Fixtures of the explorer's tests: one site for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import _deployment
from tests.anvil import anvil
from tests.conftest import open_database
from tests.explorer_kit import Site, open_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("explorer")
    shutil.copytree(sqlite_template, folder / "database")
    urls = (f"sqlite:///{folder / 'database' / name}" for name in ("ledger.db", "mirror.db"))
    database = open_database("sqlite", *urls)
    with anvil(folder) as node, open_site(node, database, folder / "data") as opened:
        keep_record(opened, folder / "data")
        yield opened
    database.dispose()


def keep_record(site: Site, data: Path) -> None:
    """The record of the site's contracts, as the deploy script leaves it."""
    parts = {
        "Settlement": site.stage.deployment.settlement,
        "ProgramFactory": site.stage.deployment.factory,
        "LoyaltyProgram": site.stage.deployment.logic,
    }
    (data / "deployments").mkdir(parents=True)
    _deployment.write_record(
        data,
        chain_id=site.stage.deployment.chain_id,
        roles={"operators": []},
        contracts={
            name: {
                "address": "0x" + address.hex(),
                "tx_hash": "0x" + "11" * 32,
                "block_number": 1,
                "constructor_arguments": [],
            }
            for name, address in parts.items()
        },
    )
