"""What the auditor expects: every member's points, from the requests alone and by its own rules.

Shares no code with the ledger. Each method takes what a request was answered (the answer's facts,
or the code of a refusal), says whether that could be right, and remembers what it did. Points that
never expire are predicted exactly; points that do, between what is certainly alive and what was
ever credited, because the block that mints them decides how long they live.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backend.core.calendar import Calendar
from tests.sim.call_book import CallBook, Parked

Outcome = dict[str, Any] | str
"""The facts of an answer, or the code of a refusal."""


@dataclass
class Hold:
    member: str
    points: int
    ends_ms: int
    state: str = "held"


@dataclass
class Purchase:
    member: str
    points: int
    receipt: tuple[str, str]
    returned: bool = False


@dataclass
class ProgramBook:
    """A program's terms, and its members in the order they came."""

    earn_points: int
    per_minor: int
    hold_ttl_ms: int
    calendar: Calendar
    signed_only: bool = False
    debit_limited: bool = False
    members: list[str] = field(default_factory=list)


@dataclass
class MemberBook:
    """`earned` is what purchases credited, by the period in which they were accepted; `debited`
    has what was `returned`."""

    program: str
    earned: dict[int, int] = field(default_factory=dict)
    restored: int = 0
    debited: int = 0
    returned: int = 0
    operations: int = 0

    @property
    def credited(self) -> int:
        return sum(self.earned.values()) + self.restored


def served(outcome: Outcome) -> dict[str, Any]:
    """The facts of an answer; fails for a refusal."""
    assert isinstance(outcome, dict), f"refused: {outcome}"
    return outcome


def must_refuse(outcome: Outcome, code: str) -> None:
    assert outcome == code, f"{outcome}, not {code}"


@dataclass
class Books:
    calls: CallBook
    programs: dict[str, ProgramBook] = field(default_factory=dict)
    members: dict[str, MemberBook] = field(default_factory=dict)
    identifiers: dict[tuple[str, str], str] = field(default_factory=dict)
    purchases: dict[str, Purchase] = field(default_factory=dict)
    receipts: set[tuple[str, str]] = field(default_factory=set)
    holds: dict[str, Hold] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)

    def held(self, member: str, now_ms: int) -> int:
        return sum(
            hold.points
            for hold in self.holds.values()
            if hold.member == member and hold.state == "held" and hold.ends_ms > now_ms
        )

    def points(self, member: str, now_ms: int) -> tuple[int, int]:
        """The least and the most that the member can own now, held points included."""
        book = self.members[member]
        calendar = self.programs[book.program].calendar
        now_period = calendar.period_at(now_ms // 1000)
        owned = book.credited - book.debited
        if not calendar.expires:
            return owned, owned
        # The contract takes back what there is, and some may have expired by then.
        most = owned + book.returned
        oldest = now_period - calendar.validity_periods
        alive = sum(points for period, points in book.earned.items() if period >= oldest)
        return max(0, alive - book.debited), most

    def available(self, member: str, now_ms: int) -> tuple[int, int]:
        """The least and the most that the member can have to spend."""
        least, most = self.points(member, now_ms)
        held = self.held(member, now_ms)
        expires = self.programs[self.members[member].program].calendar.expires
        return max(0, least - held), most if expires else most - held

    def agrees(self, member: str, said: dict[str, Any], now_ms: int) -> None:
        """Whether a balance that was told can be right."""
        assert said["held"] == self.held(member, now_ms), f"{member}: {said}"
        least, most = self.available(member, now_ms)
        assert least <= said["available"] <= most, f"{member}: {said}, not {least}…{most}"

    def must_sign(self, member: str) -> bool:
        """Whether only the member's signature can burn their points."""
        program = self.programs[self.members[member].program]
        return program.signed_only or self.calls.must_sign(member)

    def may_have_to_sign(self, member: str) -> bool:
        """Whether that is so, or was and need not be known to be over."""
        program = self.programs[self.members[member].program]
        return program.signed_only or self.calls.may_have_to_sign(member)

    def enrol(self, program: str, external_id: str, outcome: Outcome) -> None:
        if (program, external_id) in self.identifiers:
            must_refuse(outcome, "member_already_enrolled")
            return
        member = served(outcome)["id"]
        self.identifiers[program, external_id] = member
        self.members[member] = MemberBook(program)
        self.programs[program].members.append(member)

    def buy(
        self, member: str, receipt: str, amount_minor: int, outcome: Outcome, now_ms: int
    ) -> None:
        book = self.members[member]
        place = (book.program, receipt)
        if place in self.receipts:
            must_refuse(outcome, "receipt_already_recorded")
            return
        terms = self.programs[book.program]
        points = amount_minor * terms.earn_points // terms.per_minor
        said = served(outcome)
        assert said["points"] == points, f"{said}, not {points}"
        self.receipts.add(place)
        self.purchases[said["id"]] = Purchase(member, points, place)
        period = terms.calendar.period_at(now_ms // 1000)
        book.earned[period] = book.earned.get(period, 0) + points
        book.operations += points > 0
        self.agrees(member, said, now_ms)

    def take_back(self, purchase: str, outcome: Outcome, now_ms: int) -> None:
        bought = self.purchases[purchase]
        if bought.returned:
            must_refuse(outcome, "purchase_already_returned")
            return
        said = served(outcome)
        least, most = self.available(bought.member, now_ms)
        if self.may_have_to_sign(bought.member):
            # Nothing is taken back from who has to sign.
            least, most = 0, 0 if self.must_sign(bought.member) else most
        assert min(bought.points, least) <= said["points"] <= min(bought.points, most)
        bought.returned = True
        self.members[bought.member].returned += said["points"]
        self._debit(bought.member, said["points"])
        self.agrees(bought.member, said, now_ms)

    def redeem(
        self,
        member: str,
        points: int,
        capture: bool,
        outcome: Outcome,
        now_ms: int,
        *,
        signed: bool = False,
    ) -> None:
        least, most = self.available(member, now_ms)
        if outcome == "signature_required":
            assert self.may_have_to_sign(member), f"{member} need not sign"
            return
        if outcome == "insufficient_points":
            assert points > least, f"refused {points} of at least {least}"
            return
        said = served(outcome)
        assert signed or not self.must_sign(member), f"{member} did not sign"
        assert said["points"] == points <= most, f"{said} of at most {most}"
        ends_ms = now_ms + self.programs[self.members[member].program].hold_ttl_ms
        state = "captured" if capture else "held"
        self.holds[said["id"]] = Hold(member, points, ends_ms, state)
        if capture:
            self._debit(member, points)
        self.agrees(member, said, now_ms)

    def close(self, redemption: str, capture: bool, outcome: Outcome, now_ms: int) -> None:
        hold = self.holds[redemption]
        if hold.state != "held" or hold.ends_ms <= now_ms:
            must_refuse(outcome, "redemption_not_held")
            return
        if capture and outcome == "signature_required":
            assert self.may_have_to_sign(hold.member), f"{hold.member} need not sign"
            return
        if capture and outcome == "insufficient_points":
            least, _ = self.points(hold.member, now_ms)
            assert hold.points > least, f"refused {hold.points} of at least {least}"
            return
        said = served(outcome)
        assert not capture or not self.must_sign(hold.member), f"{hold.member} did not sign"
        assert said["points"] == hold.points
        hold.state = "captured" if capture else "cancelled"
        if capture:
            self._debit(hold.member, hold.points)
        self.agrees(hold.member, said, now_ms)

    def refund(self, redemption: str, outcome: Outcome, now_ms: int) -> None:
        hold = self.holds[redemption]
        if hold.state != "captured":
            must_refuse(outcome, "redemption_not_captured")
            return
        if outcome == "consent_in_flight":
            assert redemption in self.calls.burned_by, f"{redemption} was not signed for"
            return
        said = served(outcome)
        book = self.members[hold.member]
        restored = said["points"]
        if not self.programs[book.program].calendar.expires:
            assert restored == hold.points, f"{said}, not {hold.points}"
        assert 0 <= restored <= hold.points
        hold.state = "refunded"
        book.restored += restored
        book.operations += restored > 0
        self.agrees(hold.member, said, now_ms)

    def park(self, call: Parked) -> None:
        """The house gave a call up; what its redemption took comes back."""
        self.calls.park(call)
        if call.source is None:
            return
        hold = self.holds[call.source]
        assert hold.state == "captured", f"{call.source} was {hold.state} and then given back"
        hold.state = "cancelled"
        book = self.members[hold.member]
        book.debited -= hold.points
        book.operations -= 1

    def leave(self, undone: str, member: str, points: int) -> None:
        """A return found less than the till knew of: others were faster, and the member kept it."""
        if undone not in self.left:
            self.left.add(undone)
            self.members[member].debited -= points

    def _debit(self, member: str, points: int) -> None:
        self.members[member].debited += points
        self.members[member].operations += points > 0
