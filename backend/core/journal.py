"""Double entry: which account each kind of operation takes points from and gives them to."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from backend.core.canonical import canonical_json
from backend.core.operations import Kind, Reason

GENESIS_HASH: Final = "0x" + "00" * 32
ISSUED: Final = "issued"
REDEEMED: Final = "redeemed"
EXPIRED: Final = "expired"
MOVED: Final = "moved"
"""Points on their way from one member to another; empty after every commit."""

_COUNTER_ACCOUNT: Final = {
    Kind.ACCRUE: ISSUED,
    Kind.BONUS: ISSUED,
    Kind.REDEEM: REDEEMED,
    Kind.RETURN: ISSUED,
    Kind.RESTORE: REDEEMED,
    Kind.ADJUST_CREDIT: ISSUED,
    Kind.ADJUST_DEBIT: ISSUED,
    Kind.LAPSE: EXPIRED,
    Kind.LAPSE_UNDONE: EXPIRED,
    Kind.REDEEM_UNDONE: REDEEMED,
    Kind.RETURN_UNDONE: ISSUED,
}


@dataclass(frozen=True, slots=True)
class Posting:
    """`points` leave `debit_account` for `credit_account`, so every entry sums to zero."""

    debit_account: str
    credit_account: str
    points: int


def posting(kind: Kind, member_id: str, points: int, reason: int = 0) -> Posting:
    """The posting of one operation between the member's account and the program's."""
    counter = MOVED if reason == Reason.MOVED else _COUNTER_ACCOUNT[kind]
    if kind.is_credit:
        return Posting(counter, member_id, points)
    return Posting(member_id, counter, points)


def entry_hash(previous_hash: str, entry: dict[str, object]) -> str:
    """SHA-256 (0x hex) over the hash before and the entry's canonical form."""
    return "0x" + sha256(previous_hash.encode() + canonical_json(entry)).hexdigest()
