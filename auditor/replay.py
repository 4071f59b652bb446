"""What the calls in the calldata must do to a program: the events, and the members after them.

From contracts/interfaces: the batch word is `member:160 | kind:8 | age:8 | reason:16 | zero:24 |
amount:40`. Limits, pauses and roles are not looked at here; auditor/fold.py holds the logs to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from eth_utils.crypto import keccak

from auditor.abi import NOBODY, Call, Event
from auditor.rules import Limits, LimitsInForce, Rules
from auditor.word import MAX_BALANCE, Member

ACCRUE, BONUS, REDEEM, RETURN, RESTORE, ADJUST_CREDIT, ADJUST_DEBIT = range(1, 8)
MINTS: Final = frozenset({ACCRUE, BONUS, RESTORE, ADJUST_CREDIT})
BURNS: Final = frozenset({REDEEM, RETURN, ADJUST_DEBIT})
_LAST_MOMENT: Final = 2**40 - 1


class Refused(Exception):
    """The contract as specified reverts this call; the message says why."""


@dataclass(slots=True)
class _Sums:
    minted: int = 0
    burned: int = 0


@dataclass
class ProgramReplay:
    """A program driven by calls. `members` is what the calls make of them; `touched` names those
    that the last calls were about."""

    rules: Rules
    members: dict[str, Member] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    """Addresses that were swept without ever having been members."""

    def __post_init__(self) -> None:
        self._limits = LimitsInForce(self.rules.limits)
        self._validity = self.rules.validity_periods
        self._period = 0

    def expected(self, calls: Iterable[Call], timestamp_s: int, sender: str) -> list[Event]:
        """The events of these calls in a block of that time. Raises Refused."""
        self._period = self.rules.calendar.period(timestamp_s)
        self.touched.clear()
        events: list[Event] = []
        for call in calls:
            events += self._events(call, timestamp_s, sender)
        return events

    def member(self, address: str) -> Member:
        self.touched.add(address)
        found = self.members.get(address)
        if found is None:
            found = self.members[address] = Member()
        return found

    def _events(self, call: Call, timestamp_s: int, sender: str) -> Iterator[Event]:
        name, args = call
        if name == "applyBatch":
            yield from self._batch(*args)
        elif name == "rebind":
            yield from self._rebind(*args)
        elif name == "redeem":
            yield from self._redeem(*args[:3])
        elif name == "redeemBatch":
            for each in args[0]:
                yield from self._redeem(*each[:3])
        elif name == "redeemPasskey":
            amount, redemption_id, _, passkey = args
            yield from self._redeem(passkey_member(*passkey[:2]), amount, redemption_id)
        elif name == "setSignedOnly":
            yield from self._set_signed_only(sender, args[0])
        elif name == "setSignedOnlyWithSignature":
            self.member(args[0]).nonce += 1
            yield from self._set_signed_only(*args[:2])
        elif name == "expire":
            yield from self._expire(args[0])
        else:
            yield from self._life(name, args, timestamp_s)

    def _batch(self, seq: int, root: bytes, words: tuple[int, ...]) -> Iterator[Event]:
        sums = _Sums()
        for index, word in enumerate(words):
            yield from self._word(index, word, sums)
        yield Event("BatchApplied", (seq, root, len(words), sums.minted, sums.burned))

    def _word(self, index: int, word: int, sums: _Sums) -> Iterator[Event]:
        address, kind, age, amount = _fields(index, word, self._validity)
        member = self.member(address)
        for event in self._swept(address, member):
            sums.burned += event.args[2] if event.name == "Transfer" else 0
            yield event
        if kind in MINTS:
            if member.points + amount > MAX_BALANCE:
                raise Refused(f"word {index} lifts a balance above the largest")
            member.mint(amount, age)
            sums.minted += amount
            yield Event("Transfer", (NOBODY, address, amount))
            if kind == RESTORE:
                yield Event("Restored", (address, amount, age))
            return
        untouchable = member.signed_only or self.rules.signed_only
        taken = 0 if untouchable else min(amount, member.points)
        if taken < amount:
            if kind != RETURN:
                raise Refused(f"word {index} takes {amount} of {member.points}")
            yield Event("ReturnShort", (address, amount, amount - taken))
        if taken:
            member.burn(taken)
            sums.burned += taken
            yield Event("Transfer", (address, NOBODY, taken))

    def _swept(self, address: str, member: Member) -> Iterator[Event]:
        lapsed = member.touch(self._period, self._validity)
        if lapsed:
            yield Event("Transfer", (address, NOBODY, lapsed))
            yield Event("Lapsed", (address, lapsed))

    def _rebind(
        self, seq: int, root: bytes, old_address: str, new_address: str, _: int, signature: bytes
    ) -> Iterator[Event]:
        old = self.member(old_address)
        if new_address == NOBODY or self.member(new_address).word:
            raise Refused(f"rebind to {new_address}, which is zero or was used before")
        if old.signed_only or self.rules.signed_only:
            if not signature:
                raise Refused(f"rebind of {old_address} without its signature")
            old.nonce += 1
        burned = 0
        for event in self._swept(old_address, old):
            burned += event.args[2] if event.name == "Transfer" else 0
            yield event
        moved = old.points
        self.members[new_address] = Member(old.period, 0, old.signed_only, old.lots)
        old.lots = {}
        if moved:
            yield Event("Transfer", (old_address, NOBODY, moved))
            yield Event("Transfer", (NOBODY, new_address, moved))
        yield Event("Rebound", (old_address, new_address, moved))
        yield Event("BatchApplied", (seq, root, 1, moved, burned + moved))

    def _redeem(self, address: str, amount: int, redemption_id: bytes) -> Iterator[Event]:
        member = self.member(address)
        member.nonce += 1
        yield from self._swept(address, member)
        try:
            member.burn(amount)
        except ValueError as short:
            raise Refused(f"redemption of {short}") from None
        yield Event("Transfer", (address, NOBODY, amount))
        yield Event("Redeemed", (address, amount, redemption_id))

    def _set_signed_only(self, address: str, wanted: bool) -> Iterator[Event]:
        member = self.member(address)
        yield from self._swept(address, member)
        member.signed_only = wanted
        yield Event("SignedOnlySet", (address, wanted, member.nonce))

    def _expire(self, addresses: tuple[str, ...]) -> Iterator[Event]:
        for address in addresses:
            # Without lapsed points nothing is written: not even the period moves.
            member = self.members.get(address)
            if member is None:
                self.unknown.add(address)
            elif member.expired(self._period, self._validity):
                yield from self._swept(address, member)

    def _life(self, name: str, args: tuple[Any, ...], timestamp_s: int) -> Iterator[Event]:
        if name == "setLimits":
            self._limits.change(Limits(*args[0]), timestamp_s, self.rules.notice_s)
            yield Event("LimitsChanged", tuple(self._limits.now))
            if self._limits.raise_at:
                wanted = tuple(self._limits.wanted)
                yield Event("LimitsAnnounced", (*wanted, self._limits.raise_at))
        elif name == "announceTerms":
            yield Event("TermsAnnounced", args)
        elif name == "announceClosing":
            yield Event("ClosingAnnounced", (min(args[0], _LAST_MOMENT),))
        elif name in {"pause", "unpause"}:
            yield Event("MintPauseSet", (name == "pause",))


def _fields(index: int, word: int, validity: int) -> tuple[str, int, int, int]:
    """Member, kind, age and amount of a batch word. Raises Refused for a malformed one."""
    raw = word.to_bytes(32, "big")
    member, kind, age = raw[:20], raw[20], raw[21]
    reason, zero = int.from_bytes(raw[22:24], "big"), raw[24:27]
    amount = int.from_bytes(raw[27:], "big")
    wrong = (
        kind not in MINTS | BURNS
        or not any(member)
        or not amount
        or any(zero)
        or age > (validity if kind == RESTORE else 0)
        or (kind in {ADJUST_CREDIT, ADJUST_DEBIT} and not reason)
    )
    if wrong:
        raise Refused(f"word {index} is malformed: {word:#066x}")
    return "0x" + member.hex(), kind, age, amount


def passkey_member(x: bytes, y: bytes) -> str:
    """The member address of a passkey."""
    return "0x" + keccak(b"mereau/passkey/1" + x + y)[-20:].hex()
