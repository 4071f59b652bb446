"""A program's history from its logs alone, held to what its specification promises."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from auditor.abi import NOBODY, Event
from auditor.findings import Findings
from auditor.rules import Limits, LimitsInForce, Rules
from auditor.word import MAX_BALANCE, Member


class Applied(NamedTuple):
    """A batch as the chain logged it."""

    root: bytes
    word_count: int
    block: int


@dataclass(slots=True)
class _Tally:
    """What was minted and burned since the last batch of the same transaction."""

    minted: int = 0
    burned: int = 0
    lapsed: int = 0
    rebound: bool = False


@dataclass(slots=True)
class Terms:
    """Slots of the terms: those in force once replaced, and those announced."""

    hash: bytes = bytes(32)
    uri: str = ""
    next_from: int = 0
    next_hash: bytes = bytes(32)
    next_uri: str = ""
    longest_uri: int = 0
    """In bytes: a shorter one clears what is behind it."""


@dataclass
class ProgramFold:
    """Members, supply and state of a program, as its logs add up."""

    rules: Rules
    findings: Findings
    members: dict[str, Member] = field(default_factory=dict)
    batches: dict[int, Applied] = field(default_factory=dict)
    rebinds: dict[str, list[str]] = field(default_factory=dict)
    redeemed: Counter[tuple[str, int, bytes]] = field(default_factory=Counter)
    """By member, points and reference, what members redeemed with their signature."""
    terms: Terms = field(default_factory=Terms)
    last_seq: int = 0
    supply: int = 0
    day: int = 0
    minted_today: int = 0
    debited_today: int = 0
    paused: bool = False
    redemption_until: int = 0
    minted: int = 0
    burned: int = 0
    lapsed: int = 0

    def __post_init__(self) -> None:
        self.limits = LimitsInForce(self.rules.limits)
        self._calendar = self.rules.calendar
        self._validity = self.rules.validity_periods
        self._at = (0, 0, 0)

    def apply(self, events: list[Event], block: int, timestamp_s: int) -> None:
        """One transaction's events of this program, in order."""
        self._at = (block, timestamp_s, self._calendar.period(timestamp_s))
        tally = _Tally()
        at = 0
        while at < len(events):
            at += self._one(events, at, tally)
        if tally.minted:
            self._found("mint_outside_batch", f"{tally.minted} points")
        if tally.burned:
            self._found("burn_outside_batch", f"{tally.burned} points")

    def member(self, address: str) -> Member:
        found = self.members.get(address)
        if found is None:
            found = self.members[address] = Member()
        return found

    def later_addresses(self, address: str) -> set[str]:
        """The address and all that its points were rebound to."""
        found, waiting = set(), [address]
        while waiting:
            each = waiting.pop()
            found.add(each)
            waiting += [new for new in self.rebinds.get(each, []) if new not in found]
        return found

    def _found(self, code: str, what: str) -> None:
        self.findings.add(code, self.rules.address, what, self._at[0])

    def _one(self, events: list[Event], at: int, tally: _Tally) -> int:
        """Take the event at `at`, and those that belong to it; how many there were."""
        event = events[at]
        if event.name == "Transfer":
            return self._transfer(events, at, tally)
        if event.name == "BatchApplied":
            self._batch_applied(event, tally)
        elif event.name == "Rebound":
            self._rebound(event, tally)
        elif event.name == "ReturnShort":
            member = self._touched(event.args[0])
            # Else the rest had expired, which the books know.
            member.short_points += event.args[2] if member.signed_only else 0
        elif event.name == "SignedOnlySet":
            self._signed_only_set(*event.args)
        elif event.name == "MintPauseSet":
            self.paused = event.args[0]
        elif event.name == "LimitsChanged":
            self._limits_changed(Limits(*event.args))
        elif event.name == "LimitsAnnounced":
            self._limits_announced(Limits(*event.args[:3]), event.args[3])
        elif event.name == "TermsAnnounced":
            self._terms_announced(*event.args)
        elif event.name == "ClosingAnnounced":
            self._closing_announced(event.args[0])
        else:  # Lapsed, Restored and Redeemed belong to the Transfer before them.
            self._found("unknown_event", f"{event.name} without its transfer")
        return 1

    def _transfer(self, events: list[Event], at: int, tally: _Tally) -> int:
        sender, receiver, points = events[at].args
        after = events[at + 1] if at + 1 < len(events) else Event("", ())
        if sender != NOBODY and receiver != NOBODY:
            self._found("points_moved", f"{points} points from {sender} to {receiver}")
            return 1
        if sender == NOBODY:
            restored = after.name == "Restored" and after.args[:2] == (receiver, points)
            self._mint(receiver, points, after.args[2] if restored else 0, tally)
            return 2 if restored else 1
        if after.name == "Lapsed" and after.args == (sender, points):
            self._lapse(sender, points, tally)
            return 2
        rebound = events[at + 2] if at + 2 < len(events) else Event("", ())
        if after.name == "Transfer" and rebound.args == (sender, after.args[1], points):
            self._rebound(rebound, tally)
            return 3
        redeemed = after.name == "Redeemed" and after.args[:2] == (sender, points)
        if redeemed:
            self.redeemed[sender, points, after.args[2]] += 1
        self._burn(sender, points, tally, by_signature=redeemed)
        return 2 if redeemed else 1

    def _touched(self, address: str) -> Member:
        """The member in the block's period. What lapsed must have been logged before."""
        member = self.member(address)
        left = member.touch(self._at[2], self._validity)
        if left:
            self._found("lapse_missing", f"member {address}: {left} points")
        return member

    def _mint(self, address: str, points: int, age: int, tally: _Tally) -> None:
        member = self._touched(address)
        if age > self._validity:
            self._found("lapse_wrong", f"member {address}: restored at age {age}, above validity")
            age = 0
        member.mint(points, age)
        if member.points > MAX_BALANCE:
            self._found("balance_too_large", f"member {address}: {member.points}")
        tally.minted += points
        self.supply += points
        self.minted += points

    def _lapse(self, address: str, points: int, tally: _Tally) -> None:
        lapsed = self.member(address).touch(self._at[2], self._validity)
        if lapsed != points:
            self._found("lapse_wrong", f"member {address}: {points} logged, {lapsed} had expired")
        tally.lapsed += points
        self.supply -= points
        self.burned += points
        self.lapsed += points

    def _burn(self, address: str, points: int, tally: _Tally, *, by_signature: bool) -> None:
        member = self._touched(address)
        if by_signature:
            member.nonce += 1
        else:
            tally.burned += points
            if member.signed_only or self.rules.signed_only:
                self._found("consent_missing", f"member {address}: {points} points")
        try:
            member.burn(points)
        except ValueError as short:
            self._found("burn_above_balance", f"member {address}: {short}")
        self.supply -= points
        self.burned += points

    def _rebound(self, event: Event, tally: _Tally) -> None:
        old_address, new_address, points = event.args
        old = self._touched(old_address)
        if points != old.points:
            self._found(
                "burn_above_balance", f"member {old_address}: rebound {points} of {old.points}"
            )
        if self.member(new_address).word:
            self._found("points_moved", f"rebound to {new_address}, which was used before")
        if old.signed_only or self.rules.signed_only:
            # Its signature used a nonce; that there was one shows in the calldata.
            old.nonce += 1
        moved = Member(old.period, 0, old.signed_only, old.lots, old.short_points)
        self.members[new_address] = moved
        self.rebinds.setdefault(old_address, []).append(new_address)
        old.lots, old.short_points = {}, 0
        tally.minted += points
        tally.burned += points
        tally.rebound = True
        self.minted += points
        self.burned += points

    def _signed_only_set(self, address: str, wanted: bool, nonce: int) -> None:
        member = self._touched(address)
        if not member.nonce <= nonce <= member.nonce + 1:
            self._found("consent_missing", f"member {address}: nonce {nonce} after {member.nonce}")
        member.signed_only, member.nonce = wanted, nonce

    def _batch_applied(self, event: Event, tally: _Tally) -> None:
        seq, root, word_count, minted, burned = event.args
        block, timestamp_s, _ = self._at
        if seq != self.last_seq + 1:
            self._found("sequence_gap", f"batch {seq} after {self.last_seq}")
        if (minted, burned) != (tally.minted, tally.burned + tally.lapsed):
            said, summed = f"{minted} and {burned}", f"{tally.minted} and"
            self._found(
                "batch_sums",
                f"batch {seq} says {said} minted and burned, its transfers say {summed}"
                f" {tally.burned + tally.lapsed}",
            )
        self.last_seq = seq
        self.batches[seq] = Applied(root, word_count, block)
        self._hold_to_limits(seq, 0 if tally.rebound else tally.minted, tally.burned)
        if self.redemption_until and timestamp_s > self.redemption_until:
            self._found("settled_after_close", f"batch {seq}")
        tally.minted = tally.burned = tally.lapsed = 0
        tally.rebound = False

    def _hold_to_limits(self, seq: int, minted: int, debited: int) -> None:
        timestamp_s = self._at[1]
        today, limits = self._calendar.day(timestamp_s), self.limits.at(timestamp_s)
        if today != self.day:
            self.day, self.minted_today, self.debited_today = today, 0, 0
        self.minted_today += minted
        self.debited_today += debited
        if minted and self.minted_today > limits.mint_per_day:
            self._found(
                "mint_budget_exceeded",
                f"batch {seq}: {self.minted_today} that day, {limits.mint_per_day} allowed",
            )
        if debited and self.debited_today > limits.debit_per_day:
            self._found(
                "debit_budget_exceeded",
                f"batch {seq}: {self.debited_today} that day, {limits.debit_per_day} allowed",
            )
        if minted and self.supply > limits.supply_cap:
            self._found("cap_exceeded", f"batch {seq}: {self.supply}, cap {limits.supply_cap}")
        if minted and self.paused:
            self._found("minted_while_paused", f"batch {seq}: {minted} points")
        if minted and self.redemption_until:
            self._found("minted_while_closing", f"batch {seq}: {minted} points")

    def _limits_changed(self, now: Limits) -> None:
        before = self.limits.at(self._at[1])
        if any(new > old for new, old in zip(now, before, strict=True)):
            self._found("limit_raised_at_once", f"{tuple(before)} to {tuple(now)}")
        self.limits.record(now)

    def _limits_announced(self, wanted: Limits, effective_at: int) -> None:
        self._hold_to_notice("limits", effective_at)
        self.limits.wanted, self.limits.raise_at = wanted, effective_at

    def _terms_announced(self, terms_hash: bytes, uri: str, effective_at: int) -> None:
        self._hold_to_notice("terms", effective_at)
        terms = self.terms
        if terms.next_from and terms.next_from <= self._at[1]:
            terms.hash, terms.uri = terms.next_hash, terms.next_uri
        terms.longest_uri = max(terms.longest_uri, len(uri.encode()))
        terms.next_from, terms.next_hash, terms.next_uri = effective_at, terms_hash, uri

    def _closing_announced(self, until: int) -> None:
        self._hold_to_notice("closing", until)
        if self.redemption_until:
            self._found("notice_too_short", "closing announced a second time")
        self.redemption_until = until

    def _hold_to_notice(self, what: str, effective_at: int) -> None:
        earliest = self._at[1] + self.rules.notice_s
        if effective_at < earliest:
            self._found("notice_too_short", f"{what} from {effective_at}, not before {earliest}")
