"""What an operator does to merchants, keys and programs, straight on the ledger."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from backend import wiring
from backend.commands.errors import OperatorError
from backend.core.ids import is_id
from backend.ledger.engine import writing
from backend.ledger.group_commit import Answer, GroupCommitter
from backend.ledger.loading import ProgramState
from backend.ledger.merchants import add_key, add_merchant, merchants, revoke_key
from backend.services.create_program import CreateProgram, ProgramTerms
from backend.settings import Settings
from backend.wiring import Databases


class AdministrationError(OperatorError):
    """The request names something that is not there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key; `secret` is nowhere else."""

    merchant_id: str
    key_id: str
    secret: str

    @property
    def json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class MadeProgram:
    merchant_id: str
    program_id: str

    @property
    def json(self) -> str:
        return json.dumps(asdict(self))


def create_key(settings: Settings, merchant: str | None, label: str) -> MadeKey:
    """A key for a merchant given by id, or for a new one of that name.

    Raises AdministrationError for an id that does not exist, or when several could be meant.
    """
    databases = wiring.open_databases(settings)
    secret = wiring.new_api_key()
    key_id, now_ms = wiring.new_id("key"), wiring.now_ms()
    is_name = merchant is not None and not is_id("mer", merchant)
    merchant_id = wiring.new_id("mer") if is_name else _existing(databases, merchant)
    with writing(databases.ledger) as connection:
        if is_name:
            add_merchant(connection, merchant_id, str(merchant), now_ms)
        add_key(connection, key_id, merchant_id, secret, label, now_ms)
    return MadeKey(merchant_id, key_id, secret)


def revoke(settings: Settings, key_id: str) -> bool:
    """Whether a live key was revoked."""
    databases = wiring.open_databases(settings)
    with writing(databases.ledger) as connection:
        return revoke_key(connection, key_id, wiring.now_ms())


def create_program(settings: Settings, merchant: str | None, terms: ProgramTerms) -> MadeProgram:
    """A program for a merchant; the settler deploys its contract. Raises AdministrationError."""
    databases = wiring.open_databases(settings)
    merchant_id = _existing(databases, merchant)
    committer: GroupCommitter = wiring.open_house(settings, databases).committer
    command = CreateProgram(merchant_id, None, terms, _program_id)
    (outcome,) = committer.execute([command])
    if not isinstance(outcome, Answer):
        raise outcome
    return MadeProgram(merchant_id, outcome.body.decode())


def _program_id(program: ProgramState) -> bytes:
    return program.id.encode()


def _existing(databases: Databases, merchant: str | None) -> str:
    with databases.ledger.connect() as connection:
        known = [merchant_id for merchant_id, _ in merchants(connection)]
    if merchant is None and len(known) == 1:
        return known[0]
    if merchant is None:
        raise AdministrationError(f"there are {len(known)} merchants: name one with --merchant")
    if merchant not in known:
        raise AdministrationError(f"there is no merchant {merchant}")
    return merchant
