"""The events and calls of the contracts, by name, decoded with eth-abi."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from auditor.node import Log

NOBODY: Final = "0x" + "00" * 20

_PARAMETERS: Final = (
    "(string,string,uint8,uint8,uint8,int16,bool,uint16,uint64,uint48,uint48,bytes32,string,string)"
)
_LIMITS: Final = "(uint64,uint48,uint48)"
_PASSKEY: Final = "(bytes32,bytes32,bytes32,bytes32,bytes,string,uint256,uint256)"


class Event(NamedTuple):
    """A log of ours: its name and its arguments in the order of the declaration."""

    name: str
    args: tuple[Any, ...]


class Call(NamedTuple):
    """A call of one of our functions: its name and its arguments."""

    name: str
    args: tuple[Any, ...]


# An argument is indexed where its type is marked with `*`.
_PROGRAM_EVENTS: Final = (
    "Transfer(address*,address*,uint256)",
    "BatchApplied(uint64*,bytes32,uint256,uint256,uint256)",
    "Lapsed(address*,uint256)",
    "Restored(address*,uint256,uint256)",
    "ReturnShort(address*,uint256,uint256)",
    "Rebound(address*,address*,uint256)",
    "Redeemed(address*,uint256,bytes32*)",
    "SignedOnlySet(address*,bool,uint256)",
    "MintPauseSet(bool)",
    "LimitsChanged(uint64,uint48,uint48)",
    "LimitsAnnounced(uint64,uint48,uint48,uint256)",
    "TermsAnnounced(bytes32*,string,uint256)",
    "ClosingAnnounced(uint256)",
)
_OTHER_EVENTS: Final = (
    "ProgramCreated(address*,address*,bytes32*,uint32,string,string,uint8)",
    f"ProgramRulesSet(address*,{_PARAMETERS})",
    "OperatorAdded(address*)",
    "OperatorActive(address*,uint256)",
    "OperatorRemoved(address*)",
    "GuardianNamed(address*,uint256)",
    "GuardianChanged(address*,address*)",
    "AdminTransferStarted(address*,address*)",
    "AdminChanged(address*,address*)",
    "ProgramPaused(address*,address*)",
    "ProgramUnpaused(address*,address*)",
)
_SETTLEMENT_CALLS: Final = (
    "settle((address,uint64,bytes32,uint256[])[])",
    "rebind(address,uint64,bytes32,address,address,uint256,bytes)",
    f"setLimits(address,{_LIMITS})",
    "announceTerms(address,bytes32,string,uint256)",
    "announceClosing(address,uint256)",
    "pause(address)",
    "unpause(address)",
)
_PROGRAM_CALLS: Final = (
    "redeem(address,uint256,bytes32,uint256,bytes)",
    "redeemBatch((address,uint256,bytes32,uint256,bytes)[])",
    f"redeemPasskey(uint256,bytes32,uint256,{_PASSKEY})",
    "setSignedOnly(bool)",
    "setSignedOnlyWithSignature(address,bool,uint256,bytes)",
    "expire(address[])",
)


class _EventShape(NamedTuple):
    name: str
    types: tuple[str, ...]
    indexed: tuple[bool, ...]


def _split(declaration: str) -> tuple[str, list[str]]:
    """Name and top-level argument types of a declaration."""
    name, _, rest = declaration.partition("(")
    types, depth, current = [], 0, ""
    for char in rest[:-1]:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            types.append(current)
            current = ""
        else:
            current += char
    return name, [*types, current] if current else types


def _event_shapes(declarations: tuple[str, ...]) -> dict[str, _EventShape]:
    shapes = {}
    for declaration in declarations:
        name, types = _split(declaration)
        topic = "0x" + keccak(text=declaration.replace("*", "")).hex()
        plain = tuple(each.rstrip("*") for each in types)
        shapes[topic] = _EventShape(name, plain, tuple(each.endswith("*") for each in types))
    return shapes


def _call_shapes(declarations: tuple[str, ...]) -> dict[str, tuple[str, list[str]]]:
    return {keccak(text=each)[:4].hex(): _split(each) for each in declarations}


_EVENTS: Final = _event_shapes(_PROGRAM_EVENTS + _OTHER_EVENTS)
_CALLS_OF_SETTLEMENT: Final = _call_shapes(_SETTLEMENT_CALLS)
_CALLS_OF_PROGRAM: Final = _call_shapes(_PROGRAM_CALLS)
_TRANSFER: Final = next(topic for topic, shape in _EVENTS.items() if shape.name == "Transfer")


def event_of(log: Log) -> Event | None:
    """The event of a log; None for one that no contract of ours declares."""
    topics = log.topics
    if topics and topics[0] == _TRANSFER and len(topics) == 3:
        # Nearly all logs are of this kind: decoded by hand, it costs a tenth.
        return Event("Transfer", ("0x" + topics[1][26:], "0x" + topics[2][26:], int(log.data, 16)))
    shape = _EVENTS.get(topics[0]) if topics else None
    if shape is None or len(topics) != 1 + sum(shape.indexed):
        return None
    plain = [kind for kind, indexed in zip(shape.types, shape.indexed, strict=True) if not indexed]
    try:
        values = iter(decode(plain, bytes.fromhex(log.data[2:])))
        rest = iter(topics[1:])
        return Event(
            shape.name,
            tuple(
                decode([kind], bytes.fromhex(next(rest)[2:]))[0] if indexed else next(values)
                for kind, indexed in zip(shape.types, shape.indexed, strict=True)
            ),
        )
    except (DecodingError, ValueError):
        return None


def settlement_call(data: str) -> Call | None:
    """A call of the settlement contract that reaches programs; None for any other."""
    return _call(_CALLS_OF_SETTLEMENT, data)


def program_call(data: str) -> Call | None:
    """A call of a program that changes members; None for any other."""
    return _call(_CALLS_OF_PROGRAM, data)


def _call(shapes: dict[str, tuple[str, list[str]]], data: str) -> Call | None:
    shape = shapes.get(data[2:10])
    if shape is None:
        return None
    name, types = shape
    try:
        return Call(name, decode(types, bytes.fromhex(data[10:])))
    except (DecodingError, ValueError):
        return None


def call_data(signature: str, *arguments: Any) -> str:
    """Calldata of a view, for `eth_call`."""
    from eth_abi.abi import encode

    _, types = _split(signature)
    return "0x" + (keccak(text=signature)[:4] + encode(types, arguments)).hex()


def decoder(*types: str) -> Callable[[str], tuple[Any, ...]]:
    """Decodes what a view answered; DecodingError for what it cannot have."""

    def decoded(answer: str) -> tuple[Any, ...]:
        values: tuple[Any, ...] = decode(types, bytes.fromhex(re.sub("^0x", "", answer)))
        return values

    return decoded
