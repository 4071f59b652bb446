"""Returns that took less than they were to, known for good once their batch is final.

A return never fails: it takes what the member has, and nothing from who answers to signatures
only. Where points expire the ledger knows by itself what was left (docs/adr/0013). Where the member
told the contract while the return was on its way, or redeemed past every till what the return was
to take, what was not taken is given back.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.chain.ask import ask_uint
from backend.chain.port import ChainRefused
from backend.chain.program_calls import encode_is_signed_only
from backend.chain.program_events import RETURN_SHORT_TOPIC, MemberEvent, decode_member_event
from backend.chain.quantities import read_bytes
from backend.core.operations import Kind
from backend.ledger import settlements
from backend.ledger.rebase import calendar_of
from backend.ledger.settlements import Purpose, Slot
from backend.settlement.lanes import Parts

_WORD = 32
_AMOUNT = 2**40 - 1


@dataclass(frozen=True, slots=True)
class ShortWord:
    """A return that left so many points of what it was to take. They `come_back` from a member who
    signs, or who cannot have lost them to time; else the ledger finds what became of them."""

    batch_id: str
    index: int
    points: int
    come_back: bool


def short_words(parts: Parts, slot: Slot) -> list[ShortWord]:
    """Those of an included slot. The chain is asked only where the slot has returns."""
    if slot.purpose != Purpose.SETTLE or slot.included_block_hash is None:
        return []
    with parts.engine.connect() as connection:
        batches = settlements.batches_of(connection, slot.id)
        returns = {
            batch.id: _returns(settlements.words_of(connection, batch.id)) for batch in batches
        }
        expiring = {
            batch.id for batch in batches if calendar_of(connection, batch.program_id).expires
        }
    contracts = {
        read_bytes(batch.contract_address or "", 20): batch.id
        for batch in batches
        if returns[batch.id]
    }
    if not contracts:
        return []
    logs = parts.chain.logs_of_block(
        read_bytes(slot.included_block_hash, 32), list(contracts), [RETURN_SHORT_TOPIC]
    )
    found = []
    # From the end: of two equal returns the later one found less.
    for log in reversed([log for log in logs if log.tx_hash == _hash(slot)]):
        event = decode_member_event(log)
        batch_id = contracts[event.program]
        asked, left = event.numbers
        words = returns[batch_id]
        index = max(at for at, one in words.items() if one == (event.member, asked))
        del words[index]
        come_back = batch_id not in expiring or _signs(parts, slot, event)
        found.append(ShortWord(batch_id, index, left, come_back))
    return found


def _signs(parts: Parts, slot: Slot, event: MemberEvent) -> bool:
    """Whether the member took signatures only by then; by now, where the node has no such state."""
    question = encode_is_signed_only(event.member)
    try:
        return ask_uint(parts.chain, event.program, question, slot.included_block) != 0
    except ChainRefused:
        return ask_uint(parts.chain, event.program, question) != 0


def _returns(words: bytes) -> dict[int, tuple[bytes, int]]:
    """Member and points of each return among the words, by index."""
    found = {}
    for at in range(0, len(words), _WORD):
        word = words[at : at + _WORD]
        if word[20] == Kind.RETURN:
            found[at // _WORD] = (word[:20], int.from_bytes(word) & _AMOUNT)
    return found


def _hash(slot: Slot) -> bytes:
    return read_bytes(slot.included_tx_hash or "", 32)
