"""What the chain says against a signature, in the API's words."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine

from backend.chain.contract_errors import error_selector
from backend.chain.port import CallReverted, ChainUnavailable
from backend.core.errors import MereauError
from backend.services.chain_gate import ChainGate
from backend.services.consent import Consent, redemption_refusal
from tests.api_client import Clock, make_house
from tests.conftest import LedgerDatabase

CONTRACT = "0x" + "c0" * 20
MEMBER = "0x" + "5a" * 20


class Chain:
    """Answers every call with one failure."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def call(self, *_: object, **__: object) -> bytes:
        raise self._failure


class Nowhere:
    settlement = bytes(20)


def said_of(failure: Exception, contract: str | None = CONTRACT) -> MereauError | None:
    engine = create_engine("sqlite://")
    opened: Any = (Chain(failure), Nowhere())
    house = make_house(LedgerDatabase("sqlite", "", "", engine, engine), Clock())
    house = replace(house, chain=ChainGate(lambda: opened))
    arguments = Consent(1, bytes(65)).redemption(MEMBER, 5)
    refusal = asyncio.run(redemption_refusal(house, contract, arguments))
    engine.dispose()
    return refusal


def reverted(name: str, words: int = 1) -> CallReverted:
    return CallReverted(3, "execution reverted", error_selector(name) + bytes(32 * words))


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (reverted("BadSignature"), "signature_invalid"),
        (reverted("SignatureExpired"), "signature_expired"),
        (reverted("ProgramClosed"), "program_closed"),
        (reverted("MissingPrecompile"), "passkeys_unsupported"),
        (CallReverted(3, "execution reverted", b""), "signature_invalid"),
        (ChainUnavailable("no answer"), "chain_unavailable"),
    ],
)
def test_each_refusal_has_its_code(failure: Exception, code: str) -> None:
    refusal = said_of(failure)
    assert refusal is not None
    assert refusal.code == code


def test_points_that_are_not_on_chain_yet_are_no_refusal() -> None:
    assert said_of(reverted("InsufficientBalance", 4)) is None


def test_without_a_contract_there_is_nothing_to_sign() -> None:
    refusal = said_of(reverted("BadSignature"), contract=None)
    assert refusal is not None
    assert refusal.code == "program_not_on_chain"
