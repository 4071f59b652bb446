"""The events of our contracts as mirror rows.

An event's fields stand in the order of its row, so that an event is its own row. Hashes and
addresses are lower-case hex with 0x, as the mirror keeps them; `tx_hash` is raw bytes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from backend.chain.codec import (
    BATCH_APPLIED_TOPIC,
    PROGRAM_CREATED_TOPIC,
    TRANSFER_TOPIC,
    decode_batch_applied,
    decode_program_created,
)
from backend.chain.port import Log
from backend.chain.program_events import (
    LAPSED_TOPIC,
    PROGRAM_RULES_TOPIC,
    REBOUND_TOPIC,
    REDEEMED_TOPIC,
    RESTORED_TOPIC,
    RETURN_SHORT_TOPIC,
    SIGNED_ONLY_TOPIC,
    MemberEvent,
    decode_member_event,
    decode_program_rules,
)
from backend.core.calendar import Calendar
from backend.core.operations import POINTS_MAX
from backend.ledger.mirror_tables import NoteKind
from indexer.errors import MalformedLog

NOTE_KINDS: Final = {
    LAPSED_TOPIC: NoteKind.LAPSED,
    RESTORED_TOPIC: NoteKind.RESTORED,
    REDEEMED_TOPIC: NoteKind.REDEEMED,
    REBOUND_TOPIC: NoteKind.REBOUND,
    SIGNED_ONLY_TOPIC: NoteKind.SIGNED_ONLY,
    RETURN_SHORT_TOPIC: NoteKind.RETURN_SHORT,
}
PROGRAM_TOPICS: Final = (TRANSFER_TOPIC, BATCH_APPLIED_TOPIC, *NOTE_KINDS)
TOPICS: Final = (*PROGRAM_TOPICS, PROGRAM_CREATED_TOPIC, PROGRAM_RULES_TOPIC)

_NOBODY: Final = bytes(32)
_INT32_MAX: Final = 2**31 - 1
_INT64_MAX: Final = 2**63 - 1


class Transfer(NamedTuple):
    """Points minted (positive) or burned (negative)."""

    block_number: int
    log_index: int
    program: str
    member: str
    points: int
    tx_hash: bytes


class BatchApplied(NamedTuple):
    program: str
    seq: int
    receipts_root: str
    word_count: int
    minted_points: int
    burned_points: int
    block_number: int
    tx_hash: bytes


class ProgramCreated(NamedTuple):
    address: str
    issuer: str
    salt: str
    version: int
    name: str
    symbol: str
    decimals: int
    block_number: int


class RulesSet(NamedTuple):
    """What of a program's rules can never change."""

    address: str
    calendar: Calendar
    signed_only: bool
    notice_days: int


class Note(NamedTuple):
    """One of the events that say what a Transfer does not; see `mirror_tables.notes`."""

    block_number: int
    log_index: int
    program: str
    member: str
    kind: int
    points: int
    number: int
    other: str | None
    tx_hash: bytes


Event = Transfer | BatchApplied | ProgramCreated | RulesSet | Note


def decode(log: Log) -> Event:
    """The event that `log` carries; raises MalformedLog."""
    topic = log.topics[0] if log.topics else b""
    if topic == TRANSFER_TOPIC:
        return _transfer(log)
    try:
        if topic == BATCH_APPLIED_TOPIC:
            return _batch_applied(log)
        if topic in NOTE_KINDS:
            return _note(log)
        if topic == PROGRAM_CREATED_TOPIC:
            return _program_created(log)
        if topic == PROGRAM_RULES_TOPIC:
            return _rules_set(log)
    except ValueError as error:
        raise MalformedLog(log, str(error)) from error
    raise MalformedLog(log, f"unknown topic 0x{topic.hex()}")


def _transfer(log: Log) -> Transfer:
    # Almost every log is one of these, so it is read here without the codec's intermediate object.
    topics = log.topics
    if len(topics) != 3 or len(log.data) != 32:
        raise MalformedLog(log, "a Transfer has three topics and one word of data")
    _, sender, receiver = topics
    points = int.from_bytes(log.data, "big")
    if points > POINTS_MAX:
        raise MalformedLog(log, f"a Transfer of {points} points")
    if sender == _NOBODY and receiver != _NOBODY:
        member = receiver
    elif receiver == _NOBODY and sender != _NOBODY:
        member, points = sender, -points
    else:
        raise MalformedLog(log, "a Transfer that neither mints nor burns")
    return Transfer(
        log.block_number,
        log.log_index,
        "0x" + log.address.hex(),
        "0x" + member[12:].hex(),
        points,
        log.tx_hash,
    )


def _batch_applied(log: Log) -> BatchApplied:
    batch = decode_batch_applied(log)
    if max(batch.seq, batch.minted_points, batch.burned_points) > _INT64_MAX:
        raise ValueError("a number beyond 2^63 in a BatchApplied")
    if batch.word_count > _INT32_MAX:
        raise ValueError(f"a batch of {batch.word_count} words")
    return BatchApplied(
        program="0x" + batch.program.hex(),
        seq=batch.seq,
        receipts_root="0x" + batch.receipts_root.hex(),
        word_count=batch.word_count,
        minted_points=batch.minted_points,
        burned_points=batch.burned_points,
        block_number=log.block_number,
        tx_hash=log.tx_hash,
    )


def _program_created(log: Log) -> ProgramCreated:
    created = decode_program_created(log)
    if created.version > _INT32_MAX or created.decimals > 255:
        raise ValueError("a program's version or decimals are out of range")
    return ProgramCreated(
        address="0x" + created.program.hex(),
        issuer="0x" + created.issuer.hex(),
        salt="0x" + created.salt.hex(),
        version=created.version,
        name=_storable(created.name),
        symbol=_storable(created.symbol),
        decimals=created.decimals,
        block_number=log.block_number,
    )


def _rules_set(log: Log) -> RulesSet:
    rules = decode_program_rules(log)
    calendar = Calendar(rules.period_months, rules.validity_periods, rules.utc_offset_minutes)
    return RulesSet("0x" + rules.program.hex(), calendar, rules.signed_only, rules.notice_days)


def _note(log: Log) -> Note:
    event = decode_member_event(log)
    kind = NOTE_KINDS[event.topic]
    points, number, other = event.numbers[0], 0, None
    if kind is NoteKind.SIGNED_ONLY:
        points, number = 0, event.numbers[1]
        kind = NoteKind.SIGNED_ONLY if event.numbers[0] else NoteKind.SIGNED_ONLY_ENDED
    elif len(event.numbers) == 2:
        number = event.numbers[1]
    if event.other is not None:
        other = _other(kind, event)
    if max(points, number) > _INT64_MAX:
        raise ValueError(f"a number beyond 2^63 in a {kind.name}")
    return Note(
        log.block_number,
        log.log_index,
        "0x" + log.address.hex(),
        "0x" + event.member.hex(),
        int(kind),
        points,
        number,
        other,
        log.tx_hash,
    )


def _other(kind: NoteKind, event: MemberEvent) -> str:
    other = event.other or b""
    return "0x" + (other[12:] if kind is NoteKind.REBOUND else other).hex()


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    return text.replace("\0", "\ufffd")
