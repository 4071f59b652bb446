"""Fixtures of the contract tests: run with `ape test tests/contracts`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import ape
import pytest

HERE = Path(__file__).resolve().parent
# Some dependencies install a top-level package named `tests`, so ours cannot be imported by it.
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from contract_model import SALT, parameters  # noqa: E402

from scripts import _artifacts as artifacts  # noqa: E402

ROLE_DELAY = 2 * 86_400


@pytest.fixture(scope="session")
def project() -> Any:
    """The contracts as Ape compiled them."""
    return ape.project


@pytest.fixture(scope="session")
def admin() -> Any:
    """Deploys everything and names the roles."""
    return ape.accounts.test_accounts[0]


@pytest.fixture(scope="session")
def guardian() -> Any:
    """May stop minting."""
    return ape.accounts.test_accounts[1]


@pytest.fixture(scope="session")
def operator() -> Any:
    """The first lane."""
    return ape.accounts.test_accounts[2]


@pytest.fixture(scope="session")
def other_operator() -> Any:
    """The second lane."""
    return ape.accounts.test_accounts[3]


@pytest.fixture(scope="session")
def stranger() -> Any:
    """Has no role."""
    return ape.accounts.test_accounts[4]


@pytest.fixture(scope="session")
def logic(project: Any, admin: Any) -> Any:
    """The logic contract that programs share."""
    return admin.deploy(project.LoyaltyProgram)


@pytest.fixture(scope="session")
def factory(project: Any, admin: Any, logic: Any) -> Any:
    """A factory with one version."""
    return admin.deploy(project.ProgramFactory, [logic])


@pytest.fixture(scope="session")
def settlement(project: Any, admin: Any, guardian: Any, operator: Any, other_operator: Any) -> Any:
    """A settlement with two lanes."""
    return admin.deploy(project.Settlement, admin, guardian, [operator, other_operator], ROLE_DELAY)


@pytest.fixture
def new_program(project: Any, factory: Any, settlement: Any, operator: Any) -> Any:
    """A function that creates one more program of the settlement."""

    def create(number: int = 0, **changed: Any) -> Any:
        salt = number.to_bytes(32, "big")
        factory.createProgram(settlement, salt, parameters(**changed), sender=operator)
        return project.LoyaltyProgram.at(factory.programOf(settlement, salt))

    return create


@pytest.fixture
def program(new_program: Any) -> Any:
    """One program of the settlement."""
    return new_program()


@pytest.fixture
def new_direct(project: Any, factory: Any, operator: Any) -> Any:
    """A function that creates a program whose issuer is an account: a test may call it itself."""

    def create(salt: bytes = SALT, **changed: Any) -> Any:
        existing = factory.programOf(operator, salt)
        if int(existing, 16) == 0:
            factory.createProgram(operator, salt, parameters(**changed), sender=operator)
        return project.LoyaltyProgram.at(factory.programOf(operator, salt))

    return create


@pytest.fixture
def direct(new_direct: Any) -> Any:
    """A program whose issuer is an account, without expiry and with limits nobody meets."""
    return new_direct()


@pytest.fixture(scope="session")
def built() -> Any:
    """The artifacts, current with the sources."""
    artifacts.export()
    return artifacts
