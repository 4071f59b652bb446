"""The three events of our contracts as mirror rows.

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
from indexer.errors import MalformedLog

TOPICS: Final = (TRANSFER_TOPIC, BATCH_APPLIED_TOPIC, PROGRAM_CREATED_TOPIC)

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


Event = Transfer | BatchApplied | ProgramCreated


def decode(log: Log) -> Event:
    """The event that `log` carries; raises MalformedLog."""
    topic = log.topics[0] if log.topics else b""
    if topic == TRANSFER_TOPIC:
        return _transfer(log)
    try:
        if topic == BATCH_APPLIED_TOPIC:
            return _batch_applied(log)
        if topic == PROGRAM_CREATED_TOPIC:
            return _program_created(log)
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
    if points > _INT64_MAX:
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


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    return text.replace("\0", "\ufffd")
