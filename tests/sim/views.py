"""What programs answer: every view that the house asks for, and those that tests compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from eth_abi.abi import encode

from backend.chain.codec import BALANCE_OF, MINT_PAUSED, NEXT_SEQ, TOTAL_SUPPLY
from backend.chain.keccak import selector
from tests.sim.evm import word
from tests.sim.program import UNTOUCHED, Program

LEDGER_BALANCE_OF: Final = selector("ledgerBalanceOf(address)")
MEMBER_WORD: Final = selector("memberWord(address)")
BUCKETS_OF: Final = selector("bucketsOf(address)")
BUDGETS_LEFT: Final = selector("budgetsLeft()")
LIMITS: Final = selector("limits()")
NONCES: Final = selector("nonces(address)")
IS_SIGNED_ONLY: Final = selector("isSignedOnly(address)")
ANNOUNCED_LIMITS: Final = selector("announcedLimits()")
REDEMPTION_UNTIL: Final = selector("redemptionUntil()")
NOTICE_PERIOD: Final = selector("noticePeriod()")
UTC_OFFSET: Final = selector("utcOffsetMinutes()")
TERMS: Final = selector("terms()")
ANNOUNCED_TERMS: Final = selector("announcedTerms()")


def _buckets(program: Program, member: bytes, now: int) -> bytes:
    held = program.word_now(member, now)
    return word(program.calendar.period_at(now)) + b"".join(map(word, held.buckets))


def _terms(program: Program, _member: bytes, _now: int) -> bytes:
    return encode(["bytes32", "string"], [program.rules.terms_hash, program.rules.terms_uri])


def _words(*values: int) -> bytes:
    return b"".join(map(word, values))


_NO_TERMS: Final = encode(["bytes32", "string", "uint256"], [bytes(32), "", 0])
PROGRAM_VIEWS: Final[dict[bytes, Callable[[Program, bytes, int], bytes]]] = {
    NEXT_SEQ: lambda program, *_: word(program.last_seq + 1),
    TOTAL_SUPPLY: lambda program, *_: word(program.supply),
    MINT_PAUSED: lambda program, *_: word(program.paused),
    BALANCE_OF: lambda program, member, now: word(program.word_now(member, now).balance),
    LEDGER_BALANCE_OF: lambda program, member, _: word(
        program.words.get(member, UNTOUCHED).balance
    ),
    MEMBER_WORD: lambda program, member, _: word(program.words.get(member, UNTOUCHED).encode()),
    BUCKETS_OF: _buckets,
    NONCES: lambda program, member, _: word(program.words.get(member, UNTOUCHED).nonce),
    IS_SIGNED_ONLY: lambda program, member, _: word(
        program.rules.signed_only or program.words.get(member, UNTOUCHED).signed_only
    ),
    BUDGETS_LEFT: lambda program, _, now: _words(*program.budgets_left(now)),
    LIMITS: lambda program, _, now: _words(*program.limits_at(now)),
    ANNOUNCED_LIMITS: lambda program, _, now: _words(*program.announced_limits(now)),
    REDEMPTION_UNTIL: lambda *_: word(0),
    NOTICE_PERIOD: lambda program, *_: word(86_400 * program.rules.notice_days),
    UTC_OFFSET: lambda program, *_: word(program.rules.utc_offset_minutes),
    TERMS: _terms,
    ANNOUNCED_TERMS: lambda *_: _NO_TERMS,
}

VIEWS_OF_A_MEMBER: Final = (
    BALANCE_OF, LEDGER_BALANCE_OF, MEMBER_WORD, BUCKETS_OF, NONCES, IS_SIGNED_ONLY
)  # fmt: skip
VIEWS_OF_A_PROGRAM: Final = [view for view in PROGRAM_VIEWS if view not in VIEWS_OF_A_MEMBER]
