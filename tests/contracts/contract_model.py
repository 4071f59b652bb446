"""Batch words as the contract reads them, program parameters, and how refusals are checked."""

from __future__ import annotations

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


PARAMETERS: dict[str, Any] = {
    "name": NAME,
    "symbol": SYMBOL,
    "decimals": 0,
    "periodMonths": 0,
    "validityPeriods": 0,
    "utcOffsetMinutes": 60,
    "signedOnly": False,
    "noticeDays": 30,
    "supplyCap": 2**64 - 1,
    "mintPerDay": 2**48 - 1,
    "debitPerDay": 2**48 - 1,
    "termsHash": b"\x33" * 32,
    "termsURI": "https://example.com/terms/1",
    "contractURI": "https://example.com/program.json",
}


def parameters(**changed: Any) -> tuple[Any, ...]:
    """What `createProgram` takes, in the struct's order: no expiry and no limit unless changed."""
    assert changed.keys() <= PARAMETERS.keys(), f"unknown: {changed.keys() - PARAMETERS.keys()}"
    return tuple({**PARAMETERS, **changed}.values())


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
