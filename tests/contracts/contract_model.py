"""Batch words, as the contract reads them, and a small model of what they do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ape
from eth_abi import decode
from eth_utils import keccak

ACCRUE, BONUS, REDEEM, RETURN, RESTORE, ADJUST_CREDIT, ADJUST_DEBIT = range(1, 8)
KINDS = tuple(range(1, 8))
MINTS = (ACCRUE, BONUS, RESTORE, ADJUST_CREDIT)
BURNS = (REDEEM, RETURN, ADJUST_DEBIT)

MAX_BALANCE = 2**40 - 2
MAX_AMOUNT = 2**40 - 1
MAX_BATCH_WORDS = 600
PERIOD_MARKER = 1 << 240
ROOT = b"\x11" * 32
SALT = b"\x22" * 32
ZERO_ADDRESS = "0x" + "00" * 20
NAME = "Café du Coin"
SYMBOL = "CAFE"


def pack(
    member: str, kind: int, amount: int, *, age: int = 0, reason: int = 0, zero_field: int = 0
) -> int:
    """Pack one operation; nothing is checked, so that tests can pack nonsense."""
    return int(member, 16) << 96 | kind << 88 | age << 80 | reason << 64 | zero_field << 40 | amount


def member_address(number: int) -> str:
    """Return the address of an imaginary member, without a zero byte in it."""
    return "0x" + ((0x01010101 + number) * (2**128 + 2**96 + 2**64 + 2**32 + 1)).to_bytes(20).hex()


def assert_refused(
    error: Any, inputs: dict[str, object], method: Any, *arguments: Any, sender: Any = None
) -> None:
    """Check that a call is refused with exactly this custom error and these arguments.

    Not `ape.reverts`: that traces every failure, which takes most of a second, and it compares
    classes, of which two programs have two for one error.
    """
    if hasattr(method, "encode_input"):
        data = bytes(method.encode_input(*arguments))
        request = {"to": method.contract.address, "data": "0x" + data.hex()}
    else:
        request = {"data": "0x" + bytes(method(*arguments).data).hex()}
    if sender is not None:
        request["from"] = sender.address
    answer = ape.chain.provider.web3.provider.make_request("eth_call", [request, "latest"])
    assert "error" in answer, "the call was not refused"
    raw = bytes.fromhex(answer["error"]["data"].removeprefix("0x"))
    assert raw[:4] == keccak(text=error.abi.selector)[:4], f"not {error.abi.name}: {raw.hex()}"
    values = decode([each.canonical_type for each in error.abi.inputs], raw[4:])
    found = dict(zip([each.name for each in error.abi.inputs], values, strict=True))
    expected = {name: getattr(value, "address", value) for name, value in inputs.items()}
    assert _lowered(found) == _lowered(expected)


def _lowered(values: dict[str, object]) -> dict[str, str]:
    return {name: str(value).lower() for name, value in values.items()}


class RefusedError(Exception):
    """The model refuses a batch: the error's name and its arguments."""

    def __init__(self, name: str, **arguments: object) -> None:
        super().__init__(name)
        self.name = name
        self.arguments = arguments


@dataclass
class Model:
    """What a program must do, in the fewest words."""

    balances: dict[str, int] = field(default_factory=dict)
    next_seq: int = 1
    paused: bool = False
    minted: int = 0
    burned: int = 0

    @property
    def supply(self) -> int:
        """All points there are."""
        return self.minted - self.burned

    def apply(self, seq: int, operations: list[tuple[str, int, int]]) -> tuple[int, int]:
        """Apply (member, kind, amount) operations; answer points minted and burned."""
        if seq != self.next_seq:
            raise RefusedError("BadSequence", expected=self.next_seq, given=seq)
        if not operations:
            raise RefusedError("EmptyBatch")
        balances = dict(self.balances)
        minted = burned = 0
        for index, (member, kind, amount) in enumerate(operations):
            balance = balances.get(member, 0)
            if kind in MINTS:
                if self.paused:
                    raise RefusedError("MintPaused", index=index)
                if balance + amount > MAX_BALANCE:
                    raise RefusedError("BalanceOverflow", index=index, member=member)
                balances[member] = balance + amount
                minted += amount
            else:
                if amount > balance:
                    raise RefusedError(
                        "InsufficientBalance",
                        index=index,
                        member=member,
                        balance=balance,
                        amount=amount,
                    )
                balances[member] = balance - amount
                burned += amount
        self.balances = balances
        self.next_seq += 1
        self.minted += minted
        self.burned += burned
        return minted, burned
