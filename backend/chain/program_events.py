"""The rarer events of a program, and the rules it was born with; codec.py has the frequent ones.

Decoders raise ValueError on a log that is not what the event's signature says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.chain.keccak import keccak256
from backend.chain.port import Log

PROGRAM_RULES_TOPIC: Final = keccak256(
    b"ProgramRulesSet(address,(string,string,uint8,uint8,uint8,int16,bool,uint16,"
    b"uint64,uint48,uint48,bytes32,string,string))"
)
LAPSED_TOPIC: Final = keccak256(b"Lapsed(address,uint256)")
RESTORED_TOPIC: Final = keccak256(b"Restored(address,uint256,uint256)")
REDEEMED_TOPIC: Final = keccak256(b"Redeemed(address,uint256,bytes32)")
REBOUND_TOPIC: Final = keccak256(b"Rebound(address,address,uint256)")
SIGNED_ONLY_TOPIC: Final = keccak256(b"SignedOnlySet(address,bool,uint256)")
RETURN_SHORT_TOPIC: Final = keccak256(b"ReturnShort(address,uint256,uint256)")

_SHAPES: Final = {
    LAPSED_TOPIC: (2, 1),
    RESTORED_TOPIC: (2, 2),
    REDEEMED_TOPIC: (3, 1),
    REBOUND_TOPIC: (3, 1),
    SIGNED_ONLY_TOPIC: (2, 2),
    RETURN_SHORT_TOPIC: (2, 2),
}
"""Topics and words of data of each event about one member."""

_ADDRESS_PAD: Final = bytes(12)


@dataclass(frozen=True, slots=True)
class BirthRules:
    """What of a program's rules can never change."""

    program: bytes
    period_months: int
    validity_periods: int
    utc_offset_minutes: int
    signed_only: bool
    notice_days: int


@dataclass(frozen=True, slots=True)
class MemberEvent:
    """An event about one member: the raw topic behind the member, if any, and the words of data."""

    topic: bytes
    program: bytes
    member: bytes
    other: bytes | None
    numbers: tuple[int, ...]


def decode_member_event(log: Log) -> MemberEvent:
    """A log whose first topic is one of the six events about a member."""
    topics, words = _SHAPES[log.topics[0]]
    if len(log.topics) != topics or len(log.data) != 32 * words:
        raise ValueError("an event about a member with too much or too little in it")
    return MemberEvent(
        topic=log.topics[0],
        program=log.address,
        member=_address(log.topics[1]),
        other=log.topics[2] if topics == 3 else None,
        numbers=tuple(_uint(log.data, at) for at in range(words)),
    )


def decode_program_rules(log: Log) -> BirthRules:
    """The factory's `ProgramRulesSet`, without names, limits and terms."""
    if len(log.topics) != 2 or log.topics[0] != PROGRAM_RULES_TOPIC:
        raise ValueError("not a ProgramRulesSet of ours")
    # One argument, a struct with strings in it: an offset, then its fourteen fields.
    start = _uint(log.data, 0) // 32
    fields = [_uint(log.data, start + field) for field in range(14)]
    offset = fields[5]
    return BirthRules(
        program=_address(log.topics[1]),
        period_months=fields[3],
        validity_periods=fields[4],
        utc_offset_minutes=offset - 2**256 if offset >> 255 else offset,
        signed_only=fields[6] != 0,
        notice_days=fields[7],
    )


def _address(topic: bytes) -> bytes:
    if topic[:12] != _ADDRESS_PAD:
        raise ValueError("expected an address")
    return topic[12:]


def _uint(data: bytes, position: int) -> int:
    word = data[32 * position : 32 * position + 32]
    if len(word) != 32:
        raise ValueError("data cut short")
    return int.from_bytes(word, "big")
