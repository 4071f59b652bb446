"""Reading how a program stands: limits, budgets, terms and the end, several programs at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from backend.chain.codec import TOTAL_SUPPLY
from backend.chain.keccak import selector
from backend.chain.port import ChainReader, ChainUnavailable, Header
from backend.core.limits import Limits, Standing, Terms

_QUESTIONS: Final = (
    selector("limits()"),
    selector("announcedLimits()"),
    selector("budgetsLeft()"),
    TOTAL_SUPPLY,
    selector("mintPaused()"),
    selector("redemptionUntil()"),
    selector("noticePeriod()"),
    selector("utcOffsetMinutes()"),
    selector("terms()"),
    selector("announcedTerms()"),
)


def read_standings(
    chain: ChainReader, contracts: Sequence[bytes], head: Header
) -> dict[bytes, Standing]:
    """How each contract stands as of `head`, by its address; without those that are not there,
    because a fork undid their creation.

    Raises ChainUnavailable, also when a contract does not answer as a program does.
    """
    questions = [(contract, data) for contract in contracts for data in _QUESTIONS]
    answers = chain.call_many(questions, head.number)
    size = len(_QUESTIONS)
    try:
        return {
            contract: _standing(answers[size * at : size * (at + 1)], head)
            for at, contract in enumerate(contracts)
            if any(answers[size * at : size * (at + 1)])
        }
    except ValueError as error:
        raise ChainUnavailable(f"a program's views answer nonsense: {error}") from error


def _standing(answers: Sequence[bytes], head: Header) -> Standing:
    limits, announced, budgets, supply, paused, until, notice, offset, terms, next_terms = answers
    offset_minutes = int.from_bytes(offset, "big", signed=True)
    mint_left, debit_left, renews_at_s = _words(budgets, 3)
    terms_hash = terms[:32]
    return Standing(
        block_number=head.number,
        at_s=head.timestamp_s,
        limits=Limits(*_words(limits, 3)),
        announced_limits=Limits(*_words(announced, 3)),
        limits_from_s=_words(announced, 4)[3],
        supply_points=_words(supply, 1)[0],
        mint_left_points=mint_left,
        debit_left_points=debit_left,
        renews_at_s=renews_at_s,
        utc_offset_minutes=offset_minutes,
        notice_seconds=_words(notice, 1)[0],
        mint_paused=_words(paused, 1)[0] != 0,
        redemption_until_s=_words(until, 1)[0],
        terms=Terms(f"0x{terms_hash.hex()}", _text(terms, 1)),
        announced_terms=Terms(f"0x{next_terms[:32].hex()}", _text(next_terms, 1)),
        terms_from_s=_words(next_terms, 3)[2],
    )


def _words(data: bytes, count: int) -> list[int]:
    if len(data) < 32 * count:
        raise ValueError(f"{len(data)} bytes where {count} words belong")
    return [int.from_bytes(data[32 * at : 32 * at + 32], "big") for at in range(count)]


def _text(data: bytes, position: int) -> str:
    """The string whose offset is the word at `position`; bytes that are no UTF-8 are replaced."""
    at = _words(data, position + 1)[position]
    size = _words(data[at:], 1)[0]
    text = data[at + 32 : at + 32 + size]
    if len(text) != size:
        raise ValueError("string cut short")
    return text.decode("utf-8", "replace")
