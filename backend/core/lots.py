"""A member's lots as the chain will have them: what is on it already, then what is on its way.

Points can expire between the moment an operation is accepted and the block that applies it. Then
the ledger and the contract must still end with the same lots. `project` folds what was applied,
each operation in the period of its block, and applies what is pending in the present period. An
order that was placed in time is honoured: points that expired after a debit or a hold was accepted
and before it reached the chain count towards it (it is *covered* by them), and its batch word
takes only the rest. What expired and covers nothing has lapsed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord, restore_age
from backend.core.operations import Kind

_FIRST_PERIOD: Final = 0


@dataclass(frozen=True, slots=True)
class Move:
    """An accepted operation of one member.

    `accepted_period` is when its points were promised: a capture's is that of its hold.
    `covered_points` are known not to be in its word; those of a credit are all of it or none: what
    a restore lost. `earned_period` is where a RESTORE goes back to, `age` the one its word was
    sealed with. `sealed` says that its word cannot change any more, `applied_period` is that of
    its block, None while there is none.
    """

    operation_id: str
    kind: Kind
    points: int
    accepted_period: int
    covered_points: int = 0
    earned_period: int | None = None
    age: int = 0
    sealed: bool = False
    applied_period: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Points promised to a redemption that is still running."""

    redemption_id: str
    points: int
    accepted_period: int


@dataclass(slots=True)
class Projection:
    """`word` in the present period; `lapsed_points` is all that ever lapsed, covered points not
    counted; `covered` says how much of each pending debit and running hold is covered, `lost`
    which pending restores came too late; `spent` which lots (period, points) each debit took.
    `overdrawn_points` are those that debits, but for returns, were to take and did not find;
    `expired_points` all that time took away, covered or not.
    """

    word: MemberWord
    lapsed_points: int = 0
    overdrawn_points: int = 0
    expired_points: int = 0
    covered: dict[str, int] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    spent: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)


def project(
    calendar: Calendar,
    applied: Sequence[Move],
    pending: Sequence[Move],
    holds: Iterable[Hold],
    now_period: int,
    base: MemberWord | None = None,
) -> Projection:
    """The member's lots: `applied` in the order of the chain, `pending` in that of acceptance,
    `holds` the oldest first. `base` is the word to start from, if not that of nobody."""
    fold = _Fold(calendar, base or MemberWord(period=_FIRST_PERIOD))
    for move in pending:
        if move.kind.is_credit and move.covered_points:
            fold.lose(move)
    for move in applied:
        fold.apply(move)
    fold.age(now_period)
    for move in pending:
        fold.expect(move)
    for hold in holds:
        fold.cover(hold.redemption_id, hold.points, hold.accepted_period)
    return fold.result


class _Fold:
    def __init__(self, calendar: Calendar, word: MemberWord) -> None:
        self._calendar = calendar
        self._expired: dict[int, int] = {}
        self.result = Projection(word)

    def age(self, period: int) -> None:
        """Moves to `period`, unless that is past; remembers what expires by where it came from."""
        word = self.result.word
        if period <= word.period:
            return
        after = word.aged(self._calendar, period)
        if after.balance != word.balance:
            self.result.lapsed_points += word.balance - after.balance
            self.result.expired_points += word.balance - after.balance
            for age, points in enumerate(word.buckets):
                if points and self._calendar.lapsed(word.period - age, period):
                    earned = word.period - age
                    self._expired[earned] = self._expired.get(earned, 0) + points
        self.result.word = after

    def apply(self, move: Move) -> None:
        """An operation that is on the chain."""
        if move.applied_period is not None:
            self.age(move.applied_period)
        if move.kind.is_credit:
            self.result.word = self.result.word.minted(move.points, move.age)
        else:
            self._claim(move.covered_points, move.accepted_period)
            self._take(move, move.covered_points)

    def expect(self, move: Move) -> None:
        """An operation that is on its way, or that needed no word."""
        if move.kind.is_credit:
            self._credit(move)
            return
        covered = move.covered_points
        self._claim(covered, move.accepted_period)
        if not move.sealed:
            covered += self._claim(move.points - covered, move.accepted_period)
        self.result.covered[move.operation_id] = covered
        self._take(move, covered)

    def cover(self, redemption_id: str, points: int, accepted_period: int) -> None:
        covered = self._claim(points, accepted_period)
        self.result.covered[redemption_id] = covered
        self.result.lapsed_points -= covered

    def lose(self, move: Move) -> None:
        """A restore that came too late: what it would have given back covers what was promised."""
        self.result.lost.add(move.operation_id)
        self.result.lapsed_points += move.points
        if (earned := move.earned_period) is not None:
            self._expired[earned] = self._expired.get(earned, 0) + move.points

    def _credit(self, move: Move) -> None:
        if move.operation_id in self.result.lost:
            return
        age: int | None = 0
        if move.sealed:
            age = move.age
        elif move.earned_period is not None:
            age = restore_age(self._calendar, move.earned_period, self.result.word.period)
        if age is None:
            self.lose(move)
        else:
            self.result.word = self.result.word.minted(move.points, age)

    def _take(self, move: Move, covered: int) -> None:
        word, wanted = self.result.word, move.points - covered
        # A RETURN takes what there is. Nothing else was ever accepted or applied beyond it, but for
        # what others brought on chain while it was accepted.
        taken = min(wanted, word.balance)
        if move.kind is not Kind.RETURN:
            self.result.overdrawn_points += wanted - taken
        self.result.spent[move.operation_id] = word.spent_lots(taken)
        self.result.word = word.consumed(taken)
        self.result.lapsed_points -= move.points - taken

    def _claim(self, points: int, accepted_period: int) -> int:
        """How many of `points` expired points cover, the oldest first: those that could still be
        spent in `accepted_period`. They are used up."""
        claimed = 0
        for earned in sorted(self._expired):
            if not self._calendar.lapsed(earned, accepted_period):
                taken = min(points - claimed, self._expired[earned])
                self._expired[earned] -= taken
                claimed += taken
        return claimed
