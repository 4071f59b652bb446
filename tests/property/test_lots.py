"""A ledger that runs ahead of its chain, over period ends: both come to the same lots.

The chain here is the model that the contract is tested against (`MemberWord`): it ages a member
when a word is applied, and refuses a burn that finds too little. The ledger keeps one row per
member, as the real one does, and folds the history only where points expire or cross a boundary.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord, restore_age
from backend.core.lots import Hold, Move, Projection, project
from backend.core.operations import Kind

CALENDARS = [Calendar(1, 1), Calendar(3, 4, 60), Calendar(12, 2, -300), Calendar(6, 3)]
POINTS = st.sampled_from([1, 5, 10, 30])


@dataclass
class Promise:
    number: int
    points: int
    period: int


@dataclass
class Member:
    """What the ledger has of one member; `row` is the balance row's word."""

    row: MemberWord = field(default_factory=MemberWord)
    applied: list[Move] = field(default_factory=list)
    pending: list[Move] = field(default_factory=list)
    holds: list[Promise] = field(default_factory=list)
    covered: dict[str, int] = field(default_factory=dict)
    run_out_covered: int = 0
    posted_lapse: int = 0
    account: int = 0


class TwoBooks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.calendar = CALENDARS[0]
        self.period = 0
        self.member = Member()
        self.chain = MemberWord()
        self.numbers = 0
        self.refunded: set[str] = set()

    @initialize(calendar=st.sampled_from(CALENDARS))
    def open(self, calendar: Calendar) -> None:
        self.calendar, self.period = calendar, calendar.period_at(1_767_225_600)

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def projected(self) -> Projection:
        holds = [Hold(str(h.number), h.points, h.period) for h in self.member.holds]
        member = self.member
        return project(self.calendar, member.applied, member.pending, holds, self.period)

    def rebase(self) -> None:
        """As `backend.ledger.rebase` does."""
        projection, member = self.projected(), self.member
        member.row = projection.word
        member.account -= projection.lapsed_points - member.posted_lapse
        member.posted_lapse = projection.lapsed_points
        member.covered = {str(h.number): projection.covered[str(h.number)] for h in member.holds}
        member.run_out_covered = 0

    def touch(self) -> None:
        """What every operation of the ledger does first."""
        row = self.member.row
        if self.member.run_out_covered:
            self.rebase()
        elif self.period > row.period:
            aged = row.aged(self.calendar, self.period)
            if aged.balance == row.balance:
                self.member.row = aged
            else:
                self.rebase()

    def available(self) -> int:
        held = sum(h.points for h in self.member.holds)
        return self.member.row.balance - held + sum(self.member.covered.values())

    def accept(
        self,
        kind: Kind,
        points: int,
        *,
        promised: int | None = None,
        covered_points: int = 0,
        earned_period: int | None = None,
    ) -> None:
        accepted = self.period if promised is None else promised
        name = f"op{self.number()}"
        move = Move(name, kind, points, accepted, covered_points, earned_period)
        member = self.member
        if kind.is_credit:
            age = 0 if move.earned_period is None else self.period - move.earned_period
            member.row = member.row.minted(points, age)
            member.account += points
        else:
            member.row = member.row.consumed(points - move.covered_points)
            member.account -= points
        if move.covered_points == points:
            move = replace(move, sealed=True)
        member.pending.append(move)

    @rule(points=POINTS)
    def earn(self, points: int) -> None:
        self.touch()
        self.accept(Kind.ACCRUE, points)

    @rule(points=POINTS, kind=st.sampled_from([Kind.REDEEM, Kind.RETURN]))
    def spend(self, points: int, kind: Kind) -> None:
        self.touch()
        if points <= self.available():
            self.accept(kind, points)

    @rule(points=POINTS)
    def hold(self, points: int) -> None:
        self.touch()
        if points <= self.available():
            self.member.holds.append(Promise(self.number(), points, self.period))

    @precondition(lambda self: self.member.holds)
    @rule(data=st.data(), capture=st.booleans())
    def close(self, data: st.DataObject, capture: bool) -> None:
        self.end_hold(data.draw(st.sampled_from(self.member.holds)), capture)

    def end_hold(self, hold: Promise, capture: bool) -> None:
        self.touch()
        self.member.holds.remove(hold)
        reallocate = any(self.member.covered.values())
        covered = self.member.covered.pop(str(hold.number), 0)
        if capture:
            self.accept(Kind.REDEEM, hold.points, covered_points=covered, promised=hold.period)
        if reallocate:
            self.rebase()

    @precondition(lambda self: self.member.holds)
    @rule(data=st.data())
    def run_out(self, data: st.DataObject) -> None:
        """Time ends a hold; nobody writes anything, the next operation finds it."""
        self.let_run_out(data.draw(st.sampled_from(self.member.holds)))

    def let_run_out(self, hold: Promise) -> None:
        self.member.holds.remove(hold)
        self.member.run_out_covered += self.member.covered.pop(str(hold.number), 0)

    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        """Gives back what a debit on chain took, lot by lot, where it can still be spent."""
        self.touch()
        spent = self.projected().spent
        taken = [
            move
            for move in self.member.applied
            if move.kind is Kind.REDEEM and move.operation_id not in self.refunded
        ]
        if not taken:
            return
        move = data.draw(st.sampled_from(taken))
        self.refunded.add(move.operation_id)
        for earned, points in spent[move.operation_id]:
            if restore_age(self.calendar, earned, self.period) is not None:
                self.accept(Kind.RESTORE, points, earned_period=earned)

    @rule(periods=st.sampled_from([1, 1, 2, 5]))
    def wait(self, periods: int) -> None:
        self.period += periods

    @precondition(lambda self: self.member.pending)
    @rule(count=st.integers(1, 4), late=st.sampled_from([0, 0, 0, 1]))
    def settle(self, count: int, late: int) -> None:
        """The settler seals the oldest, and a block applies them, sometimes a period late."""
        projection = self.projected()
        batch, self.member.pending = self.member.pending[:count], self.member.pending[count:]
        sealed_in = self.period
        sealed = []
        for move in batch:
            if move.kind is Kind.RESTORE and move.earned_period is not None:
                age = restore_age(self.calendar, move.earned_period, sealed_in)
                covered = move.points if age is None else 0
                sealed.append(replace(move, age=age or 0, covered_points=covered, sealed=True))
            else:
                covered = projection.covered.get(move.operation_id, 0)
                sealed.append(replace(move, covered_points=covered, sealed=True))
        # Only what no period's end can spoil is ever sealed so late that it may cross one.
        crosses = all(m.kind is Kind.ACCRUE for m in sealed)
        self.period += late if crosses else 0
        done = [m for m in sealed if m.covered_points == m.points]
        crossed = bool(done)
        for move in sealed:
            if move in done:
                continue
            crossed |= move.accepted_period != self.period
            self.apply(move)
            self.member.applied.append(replace(move, applied_period=self.period))
        self.member.pending = done + self.member.pending
        if crossed:
            self.rebase()

    def apply(self, move: Move) -> None:
        """As the contract does: it reverts rather than burn more than there is."""
        self.chain = self.chain.aged(self.calendar, self.period)
        if move.kind.is_credit:
            self.chain = self.chain.minted(move.points, move.age)
        else:
            self.chain = self.chain.consumed(move.points - move.covered_points)

    @invariant()
    def the_row_is_the_fold(self) -> None:
        self.touch()
        projection = self.projected()
        assert self.member.row.balance == projection.word.balance
        assert self.member.posted_lapse == projection.lapsed_points
        assert self.available() >= 0

    @invariant()
    def no_point_is_lost(self) -> None:
        self.touch()
        covered = sum(self.member.covered.values())
        assert self.member.account == self.member.row.balance + covered

    @invariant()
    def ledger_and_chain_agree(self) -> None:
        """Ledger live = chain live + what is on its way; the same lots once nothing is."""
        self.touch()
        chain = self.chain.aged(self.calendar, self.period)
        projection = self.projected()
        on_its_way = 0
        for move in self.member.pending:
            if move.kind.is_credit:
                lost = move.operation_id in projection.lost
                on_its_way += 0 if lost else move.points
            else:
                on_its_way -= move.points - projection.covered[move.operation_id]
        assert self.member.row.balance == chain.balance + on_its_way
        if all(m.covered_points == m.points for m in self.member.pending):
            assert projection.word.buckets == chain.buckets
            assert self.member.row.buckets == chain.buckets


def two_holds_and_one_point_each() -> TwoBooks:
    """One point is on chain, one on its way when the first expires: the older hold keeps it."""
    books = TwoBooks()
    books.open(Calendar(1, 1))
    books.earn(1)
    books.settle(1, 0)
    books.earn(1)
    books.hold(1)
    books.hold(1)
    books.wait(2)
    books.touch()
    assert list(books.member.covered.values()) == [1, 0]
    return books


def agree(books: TwoBooks) -> None:
    for holds in (books.the_row_is_the_fold, books.no_point_is_lost, books.ledger_and_chain_agree):
        holds()


@pytest.mark.parametrize("end", ["cancel", "run_out"])
def test_what_a_hold_kept_goes_to_the_next_claim_when_it_ends(end: str) -> None:
    books = two_holds_and_one_point_each()
    older = books.member.holds[0]
    books.let_run_out(older) if end == "run_out" else books.end_hold(older, capture=False)
    agree(books)
    assert (books.available(), books.member.posted_lapse) == (1, 0)
    books.end_hold(books.member.holds[0], capture=False)
    agree(books)
    assert (books.available(), books.member.posted_lapse) == (1, 1)


def test_a_capture_takes_expired_points_before_a_hold_keeps_them() -> None:
    books = two_holds_and_one_point_each()
    books.end_hold(books.member.holds[1], capture=True)
    agree(books)
    assert list(books.member.covered.values()) == [0]
    books.end_hold(books.member.holds[0], capture=False)
    agree(books)
    assert (books.available(), books.member.posted_lapse) == (1, 0)


TestTwoBooks = TwoBooks.TestCase
EXAMPLES = int(os.environ.get("MEREAU_EXAMPLES", "60"))
TestTwoBooks.settings = settings(max_examples=EXAMPLES, stateful_step_count=40)
