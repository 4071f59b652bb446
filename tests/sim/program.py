"""One loyalty program as its contract keeps it, on top of backend.core.expiry.

The order of checks and of logs is the contract's: tests/sim/test_fake_contracts.py holds the two
together, transaction by transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from backend.chain.keccak import keccak256
from backend.chain.program_rules import ProgramRules
from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord
from backend.core.operations import POINTS_MAX
from tests.sim.evm import NOBODY, Event, Reverted, word

ACCRUE, BONUS, REDEEM, RETURN, RESTORE, ADJUST_CREDIT, ADJUST_DEBIT = range(1, 8)
MINTS = frozenset({ACCRUE, BONUS, RESTORE, ADJUST_CREDIT})
BATCH_WORDS_MAX = 600

TRANSFER = keccak256(b"Transfer(address,address,uint256)")
BATCH_APPLIED = keccak256(b"BatchApplied(uint64,bytes32,uint256,uint256,uint256)")
LAPSED = keccak256(b"Lapsed(address,uint256)")
RETURN_SHORT = keccak256(b"ReturnShort(address,uint256,uint256)")
RESTORED = keccak256(b"Restored(address,uint256,uint256)")
MINT_PAUSE_SET = keccak256(b"MintPauseSet(bool)")
LIMITS_CHANGED = keccak256(b"LimitsChanged(uint64,uint48,uint48)")
LIMITS_ANNOUNCED = keccak256(b"LimitsAnnounced(uint64,uint48,uint48,uint256)")

UNTOUCHED = MemberWord()
Limits = tuple[int, int, int]
"""Supply cap, points minted in a day, points debited in a day."""


@dataclass(slots=True)
class Tally:
    """What a transaction has done to one program so far."""

    period: int
    minted: int = 0
    burned: int = 0
    debited: int = 0
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class Program:
    """The state of one program. `copy` before every transaction: a revert undoes everything."""

    address: bytes
    issuer: bytes
    rules: ProgramRules
    calendar: Calendar
    words: dict[bytes, MemberWord] = field(default_factory=dict)
    last_seq: int = 0
    supply: int = 0
    day: int = 0
    minted_today: int = 0
    debited_today: int = 0
    paused: bool = False
    lowered: Limits | None = None
    wanted: Limits = (0, 0, 0)
    raise_at: int = 0

    def copy(self) -> Program:
        return replace(self, words=dict(self.words))

    def word_now(self, member: bytes, now: int) -> MemberWord:
        """The member's word aged to `now` (Unix seconds)."""
        held = self.words.get(member, UNTOUCHED)
        return held.aged(self.calendar, max(held.period, self.calendar.period_at(now)))

    def apply_batch(
        self, caller: bytes, seq: int, root: bytes, words: Sequence[int], now: int
    ) -> list[Event]:
        if caller != self.issuer:
            raise Reverted("NotIssuer()")
        self.take_sequence(seq)
        if not words:
            raise Reverted("EmptyBatch()")
        if len(words) > BATCH_WORDS_MAX:
            raise Reverted("BatchTooLarge(uint256,uint256)", len(words), BATCH_WORDS_MAX)
        tally = Tally(self.calendar.period_at(now))
        for index, each in enumerate(words):
            self._apply_word(index, each, tally)
        self.settle(tally, now)
        self.log(
            tally,
            (BATCH_APPLIED, word(seq)),
            root, word(len(words)), word(tally.minted), word(tally.burned),
        )  # fmt: skip
        return tally.events

    def expire(self, members: Sequence[bytes], now: int) -> list[Event]:
        """Anyone sweeps."""
        tally = Tally(self.calendar.period_at(now))
        for member in members:
            burned = tally.burned
            current = self.swept(member, tally)
            if tally.burned != burned:
                self.words[member] = current
        self.supply -= tally.burned
        return tally.events

    def set_mint_paused(self, caller: bytes, paused: bool) -> list[Event]:
        if caller != self.issuer:
            raise Reverted("NotIssuer()")
        self.paused = paused
        return [Event(self.address, (MINT_PAUSE_SET,), word(paused))]

    def limits_at(self, now: int) -> Limits:
        if self.lowered is None:
            return self.rules.supply_cap, self.rules.mint_per_day, self.rules.debit_per_day
        return self.wanted if self.raise_at and now >= self.raise_at else self.lowered

    def announced_limits(self, now: int) -> tuple[int, int, int, int]:
        """What is to hold later, and from when; zeros for nothing."""
        return (0, 0, 0, 0) if self.raise_at <= now else (*self.wanted, self.raise_at)

    def set_limits(self, caller: bytes, wanted: Limits, now: int) -> list[Event]:
        """Lower ones at once, higher ones after the notice."""
        if caller != self.issuer:
            raise Reverted("NotIssuer()")
        current = self.limits_at(now)
        raises = any(new > old for new, old in zip(wanted, current, strict=True))
        cap, mint, debit = map(min, wanted, current)
        self.lowered, self.wanted = (cap, mint, debit), wanted
        self.raise_at = now + 86_400 * self.rules.notice_days if raises else 0
        tally = Tally(0)
        self.log(tally, (LIMITS_CHANGED,), *map(word, self.lowered))
        if raises:
            self.log(tally, (LIMITS_ANNOUNCED,), *map(word, wanted), word(self.raise_at))
        return tally.events

    def budgets_left(self, now: int) -> tuple[int, int, int]:
        """Points that may still be minted and debited today, and when tomorrow begins."""
        today = self.calendar.day_at(now)
        minted, debited = (self.minted_today, self.debited_today) if self.day == today else (0, 0)
        renews_at = (today + 1) * 86_400 - 60 * self.calendar.utc_offset_minutes
        _, mint_per_day, debit_per_day = self.limits_at(now)
        return max(0, mint_per_day - minted), max(0, debit_per_day - debited), renews_at

    def take_sequence(self, seq: int) -> None:
        if seq != self.last_seq + 1:
            raise Reverted("BadSequence(uint64,uint64)", self.last_seq + 1, seq)
        self.last_seq = seq

    def _apply_word(self, index: int, each: int, tally: Tally) -> None:
        member = (each >> 96).to_bytes(20, "big")
        kind, age, reason = (each >> 88) & 0xFF, (each >> 80) & 0xFF, (each >> 64) & 0xFFFF
        points, zero = each & (2**40 - 1), (each >> 40) & 0xFFFFFF
        if not 1 <= kind <= 7 or not points or member == NOBODY:
            raise Reverted("MalformedWord(uint256)", index)
        aged = kind == RESTORE and age <= self.calendar.validity_periods
        if zero or (age and not aged) or (kind >= ADJUST_CREDIT and not reason):
            raise Reverted("MalformedWord(uint256)", index)
        if kind in MINTS:
            self._mint(index, member, kind, points, age, tally)
        else:
            self._burn(index, member, kind, points, tally)

    def _mint(
        self, index: int, member: bytes, kind: int, points: int, age: int, tally: Tally
    ) -> None:
        if self.paused:
            raise Reverted("MintPaused(uint256)", index)
        held = self.swept(member, tally)
        if held.balance + points > POINTS_MAX:
            raise Reverted("BalanceOverflow(uint256,address)", index, member)
        self.words[member] = held.minted(points, age)
        tally.minted += points
        self.log(tally, (TRANSFER, word(0), word(member)), word(points))
        if kind == RESTORE:
            self.log(tally, (RESTORED, word(member)), word(points), word(age))

    def _burn(self, index: int, member: bytes, kind: int, points: int, tally: Tally) -> None:
        silent = self.rules.signed_only or self.words.get(member, UNTOUCHED).signed_only
        held = self.swept(member, tally)
        balance, taken = held.balance, points
        if silent or points > balance:
            if kind != RETURN:
                if silent:
                    raise Reverted("SignatureRequired(uint256,address)", index, member)
                raise Reverted(
                    "InsufficientBalance(uint256,address,uint256,uint256)",
                    index, member, balance, points,
                )  # fmt: skip
            taken = 0 if silent else balance
            self.log(tally, (RETURN_SHORT, word(member)), word(points), word(points - taken))
        self.words[member] = held.consumed(taken)
        if taken:
            tally.burned += taken
            tally.debited += taken
            self.log(tally, (TRANSFER, word(member), word(0)), word(taken))

    def swept(self, member: bytes, tally: Tally) -> MemberWord:
        held = self.words.get(member, UNTOUCHED)
        current = held.aged(self.calendar, max(held.period, tally.period))
        lapsed = held.balance - current.balance
        if lapsed:
            tally.burned += lapsed
            self.log(tally, (TRANSFER, word(member), word(0)), word(lapsed))
            self.log(tally, (LAPSED, word(member)), word(lapsed))
        return current

    def settle(self, tally: Tally, now: int) -> None:
        """Budgets and cap."""
        today = self.calendar.day_at(now)
        if self.day != today:
            self.day, self.minted_today, self.debited_today = today, 0, 0
        mint_left, debit_left, _ = self.budgets_left(now)
        if tally.minted and tally.minted > mint_left:
            raise Reverted("MintBudgetExceeded(uint256,uint256)", mint_left, tally.minted)
        if tally.debited and tally.debited > debit_left:
            raise Reverted("DebitBudgetExceeded(uint256,uint256)", debit_left, tally.debited)
        self.minted_today += tally.minted
        self.debited_today += tally.debited
        supply = self.supply + tally.minted - tally.burned
        supply_cap, _, _ = self.limits_at(now)
        if tally.minted and supply > supply_cap:
            raise Reverted("SupplyCapExceeded(uint256,uint256)", supply_cap, supply)
        self.supply = supply

    def log(self, tally: Tally, topics: tuple[bytes, ...], *data: bytes) -> None:
        tally.events.append(Event(self.address, topics, b"".join(data)))
