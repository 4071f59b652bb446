"""Lanes: operator keys with a nonce stream each, and the parts that work on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine

from backend.chain.contracts import Deployment
from backend.chain.fees import FeePolicy
from backend.chain.port import ChainWriter
from backend.chain.quantities import write_bytes
from backend.chain.signer import LaneSigner
from backend.settlement.view import ChainView

TX_GAS_MAX: Final = 2**24
"""EIP-7825's limit for one transaction."""

# Upper bounds per part of a settle call; a mint to a new holder costs 24,800 gas at 600 words.
_GAS_BASE: Final = 60_000
_GAS_PER_BATCH: Final = 60_000
_GAS_PER_WORD: Final = 27_300
# A creation writes 200 gas per byte of its arguments into code and more into its event.
_CREATE_GAS_BASE: Final = 300_000
_CREATE_GAS_PER_BYTE: Final = 400


@dataclass(frozen=True, slots=True)
class Lane:
    signer: LaneSigner

    @property
    def name(self) -> str:
        """The operator's address in hex: a nonce stream belongs to an address, not to a number."""
        return write_bytes(self.signer.address)


@dataclass(frozen=True, slots=True)
class Pace:
    """When a settler repeats itself, in milliseconds, and how much it puts into a transaction.

    So many seconds before points expire, nothing is sealed that takes points or restores them.
    """

    resend_after_ms: int = 5_000
    bump_after_ms: int = 30_000
    batch_words_max: int = 600
    batches_max: int = 32
    parks_max: int = 50
    # Some two million gas, an eighth of what one transaction may take.
    sweep_members_max: int = 200
    boundary_margin_seconds: int = 120


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the settler's passes share."""

    engine: Engine
    chain: ChainWriter
    view: ChainView
    deployment: Deployment
    fees: FeePolicy
    now_ms: Callable[[], int]
    new_id: Callable[[str], str]
    pace: Pace = field(default_factory=Pace)


def lane_index(program_id: str, lane_count: int) -> int:
    """The lane a program settles on, the same in every process."""
    return int.from_bytes(sha256(program_id.encode()).digest()[:8], "big") % lane_count


def program_salt(program_id: str) -> bytes:
    """The factory's salt of a program."""
    return sha256(program_id.encode()).digest()


def settle_gas(word_counts: Sequence[int]) -> int:
    """Enough gas for a settle call with batches of these sizes, within the limit."""
    bound = _GAS_BASE + _GAS_PER_BATCH * len(word_counts) + _GAS_PER_WORD * sum(word_counts)
    return min(bound, TX_GAS_MAX)


def words_affordable(batch_count: int) -> int:
    """How many words fit into one transaction with so many batches."""
    return (TX_GAS_MAX - _GAS_BASE - _GAS_PER_BATCH * batch_count) // _GAS_PER_WORD


def creation_gas(calldata: bytes) -> int:
    """Enough gas for a createProgram call."""
    return min(_CREATE_GAS_BASE + _CREATE_GAS_PER_BYTE * len(calldata), TX_GAS_MAX)
