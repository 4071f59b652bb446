"""What the auditor expects: every member's points, from the requests alone and by its own rules.

Shares no code with the ledger. `expect` says what a request must be answered, and remembers what
it did once the auditor knows that it was committed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Facts = dict[str, int | str]


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
    members: list[str] = field(default_factory=list)


@dataclass
class MemberBook:
    program: str
    points: int = 0
    credited: int = 0
    debited: int = 0


@dataclass(frozen=True)
class Expected:
    """A refusal's code, or what the answer must say."""

    refusal: str | None = None
    facts: Facts = field(default_factory=dict)


@dataclass
class Books:
    programs: dict[str, ProgramBook] = field(default_factory=dict)
    members: dict[str, MemberBook] = field(default_factory=dict)
    identifiers: dict[tuple[str, str], str] = field(default_factory=dict)
    purchases: dict[str, Purchase] = field(default_factory=dict)
    receipts: set[tuple[str, str]] = field(default_factory=set)
    holds: dict[str, Hold] = field(default_factory=dict)
    operations: int = 0

    def held(self, member: str, now_ms: int) -> int:
        return sum(
            hold.points
            for hold in self.holds.values()
            if hold.member == member and hold.state == "held" and hold.ends_ms > now_ms
        )

    def available(self, member: str, now_ms: int) -> int:
        return self.members[member].points - self.held(member, now_ms)

    def shown(self, member: str, now_ms: int) -> Facts:
        """What any answer about the member says of the balance."""
        return {"available": self.available(member, now_ms), "held": self.held(member, now_ms)}

    def enrol(self, program: str, external_id: str, answered_id: str | None) -> Expected:
        """`answered_id` is the member's id where the request was answered with one."""
        if (program, external_id) in self.identifiers:
            return Expected("member_already_enrolled")
        if answered_id is not None:
            self.identifiers[program, external_id] = answered_id
            self.members[answered_id] = MemberBook(program)
            self.programs[program].members.append(answered_id)
        return Expected()

    def buy(
        self, member: str, receipt: str, amount_minor: int, answered_id: str | None, now_ms: int
    ) -> Expected:
        book = self.members[member]
        if (book.program, receipt) in self.receipts:
            return Expected("receipt_already_recorded")
        terms = self.programs[book.program]
        points = amount_minor * terms.earn_points // terms.per_minor
        if answered_id is not None:
            place = (book.program, receipt)
            self.receipts.add(place)
            self.purchases[answered_id] = Purchase(member, points, place)
            self._credit(member, points)
        return Expected(facts={"points": points, **self.shown(member, now_ms)})

    def take_back(self, purchase: str, answered_id: str | None, now_ms: int) -> Expected:
        bought = self.purchases[purchase]
        if bought.returned:
            return Expected("purchase_already_returned")
        points = min(bought.points, self.available(bought.member, now_ms))
        if answered_id is not None:
            bought.returned = True
            self._debit(bought.member, points)
        return Expected(facts={"points": points, **self.shown(bought.member, now_ms)})

    def redeem(
        self, member: str, points: int, capture: bool, answered_id: str | None, now_ms: int
    ) -> Expected:
        if points > self.available(member, now_ms):
            return Expected("insufficient_points")
        if answered_id is not None:
            ends_ms = now_ms + self.programs[self.members[member].program].hold_ttl_ms
            state = "captured" if capture else "held"
            self.holds[answered_id] = Hold(member, points, ends_ms, state)
            if capture:
                self._debit(member, points)
        return Expected(facts={"points": points, **self.shown(member, now_ms)})

    def close(
        self, redemption: str, capture: bool, answered_id: str | None, now_ms: int
    ) -> Expected:
        hold = self.holds[redemption]
        if hold.state != "held" or hold.ends_ms <= now_ms:
            return Expected("redemption_not_held")
        if answered_id is not None:
            hold.state = "captured" if capture else "cancelled"
            if capture:
                self._debit(hold.member, hold.points)
        return Expected(facts={"points": hold.points, **self.shown(hold.member, now_ms)})

    def _credit(self, member: str, points: int) -> None:
        book = self.members[member]
        book.points += points
        book.credited += points
        self.operations += points > 0

    def _debit(self, member: str, points: int) -> None:
        book = self.members[member]
        book.points -= points
        book.debited += points
        self.operations += points > 0
