"""Fixtures of the settlement tests: one anvil for the session, its contracts new for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.anvil import Anvil, anvil, deploy, lane_signers
from tests.conftest import LedgerDatabase
from tests.integration.settle_kit import Desk, Shop


@pytest.fixture(scope="session")
def shared_anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    """One node for all tests; each deploys contracts and uses programs of its own."""
    with anvil(tmp_path_factory.mktemp("anvil")) as node:
        yield node


@pytest.fixture
def desk(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Desk:
    """Two lanes over an empty ledger."""
    return make_desk(ledger_database, shared_anvil, lanes=2)


def make_desk(database: LedgerDatabase, node: Anvil, *, lanes: int) -> Desk:
    signers = lane_signers(lanes)
    deployment = deploy(node, [signer.address for signer in signers])
    return Desk(
        Shop(database.ledger), node, deployment, signers, node.chain, mirror=database.mirror
    )
