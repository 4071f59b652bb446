"""Fixtures of the auditor's tests: a chain that has lived, put back after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.anvil import anvil
from tests.audit_kit import Stage, a_full_life


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, bytes]]:
    with anvil(tmp_path_factory.mktemp("audit")) as node:
        stage = Stage.open(node)
        program, _ = a_full_life(stage)
        yield stage, program


@pytest.fixture
def stage(lived: tuple[Stage, bytes]) -> Iterator[Stage]:
    """The stage, put back afterwards."""
    played = lived[0]
    snapshot, now = played.node.rpc("evm_snapshot"), played.now
    seqs = dict(played._seqs)
    given = list(played.receipts)
    yield played
    played.node.rpc("evm_revert", snapshot)
    played.now, played._seqs, played.receipts = now, seqs, given


@pytest.fixture
def program(lived: tuple[Stage, bytes]) -> bytes:
    return lived[1]
