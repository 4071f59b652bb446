"""Clearing adds up, whatever happened: to each merchant's points, and to the journal."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.core.clearing import Movement, clear
from backend.core.operations import Kind, Reason
from backend.core.statements import statement_of

MERCHANTS = st.sampled_from(["mer_a", "mer_b", "mer_c"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["earn", "redeem", "refund", "return", "lapse", "move", "close"]),
        st.integers(0, 2),
        MERCHANTS,
        st.integers(1, 30),
    ),
    max_size=40,
)


@dataclass
class Story:
    """Movements that a ledger could have written, and who has how much at their end."""

    points: list[int] = field(default_factory=lambda: [0, 0, 0])
    movements: list[Movement] = field(default_factory=list)
    spent: list[tuple[int, int, str]] = field(default_factory=list)
    counted_from: int = 0

    def write(
        self, kind: Kind, who: int, merchant: str, points: int, group: str = "", reason: int = 0
    ) -> None:
        number = len(self.movements)
        self.points[who] += points if kind.is_credit else -points
        self.movements.append(
            Movement(kind, reason, f"mem_{who}", merchant, points, group, number // 5,
                     number >= self.counted_from)
        )  # fmt: skip

    def step(self, what: str, who: int, merchant: str, points: int) -> None:
        at_most = min(points, self.points[who])
        number = str(len(self.movements))
        if what == "earn":
            self.write(Kind.ACCRUE, who, merchant, points)
        elif what == "refund" and self.spent:
            owner, spent, group = self.spent.pop()
            self.write(Kind.RESTORE, owner, merchant, min(points, spent), group)
        elif what == "move" and self.points[who]:
            moved = self.points[who]
            self.write(Kind.ADJUST_DEBIT, who, merchant, moved, number, Reason.MOVED)
            self.write(Kind.RESTORE, (who + 1) % 3, merchant, moved, number, Reason.MOVED)
        elif what in {"redeem", "return", "lapse", "close"} and at_most:
            kinds = {"redeem": Kind.REDEEM, "return": Kind.RETURN, "lapse": Kind.LAPSE,
                     "close": Kind.ADJUST_DEBIT}  # fmt: skip
            reason = Reason.CLOSED if what == "close" else 0
            self.write(kinds[what], who, merchant, at_most, number, reason)
            if what == "redeem":
                self.spent.append((who, at_most, number))


@given(steps=STEPS, counted_from=st.integers(0, 40))
@settings(max_examples=300)
def test_every_account_adds_up_and_all_of_them_are_what_members_have(
    steps: list[tuple[str, int, str, int]], counted_from: int
) -> None:
    story = Story(counted_from=counted_from)
    for step in steps:
        story.step(*step)
    cleared = clear(story.movements)
    for account in cleared.accounts.values():
        assert account.balanced
        assert min(account.opening_points, account.closing_points) >= 0
    assert sum(a.closing_points for a in cleared.accounts.values()) == sum(story.points)
    for issuer, account in cleared.accounts.items():
        cells = [p for (gave, _), p in cleared.redeemed.items() if gave == issuer]
        assert sum(cells) == account.redeemed_points


@given(steps=STEPS, split=st.integers(0, 40))
def test_periods_that_follow_each_other_meet(
    steps: list[tuple[str, int, str, int]], split: int
) -> None:
    """What one period closes with, the next one opens with."""
    story = Story(counted_from=split)
    for step in steps:
        story.step(*step)
    first = clear(m for m in story.movements if not m.counted)
    second = clear(story.movements)
    for issuer, account in second.accounts.items():
        before = first.accounts.get(issuer)
        assert account.opening_points == (before.closing_points if before else 0)


def test_points_given_here_and_redeemed_there_are_owed_to_there() -> None:
    story = Story()
    story.write(Kind.ACCRUE, 0, "mer_a", 30)
    story.write(Kind.ACCRUE, 0, "mer_b", 20)
    story.write(Kind.REDEEM, 0, "mer_b", 40, "red_1")
    story.write(Kind.RESTORE, 0, "mer_a", 5, "red_1")
    cleared = clear(story.movements)
    # The oldest went first: all of a's, ten of b's; five of b's came back.
    assert cleared.redeemed == {("mer_a", "mer_b"): 30, ("mer_b", "mer_b"): 5}
    assert cleared.accounts["mer_b"].closing_points == 15


def test_a_return_takes_the_points_of_who_gave_them() -> None:
    story = Story()
    story.write(Kind.ACCRUE, 0, "mer_a", 30)
    story.write(Kind.ACCRUE, 0, "mer_b", 20)
    story.write(Kind.RETURN, 0, "mer_b", 25)
    cleared = clear(story.movements)
    assert cleared.accounts["mer_b"].closing_points == 0
    assert cleared.accounts["mer_a"].taken_back_points == 5


SUMS = st.lists(st.tuples(st.sampled_from(list(Kind)), st.sampled_from([0, 1, 2, 3]),
                          st.integers(1, 1000)))  # fmt: skip


@given(opening=st.integers(0, 10_000), sums=SUMS)
def test_a_statement_adds_up_to_every_entry(
    opening: int, sums: list[tuple[Kind, int, int]]
) -> None:
    signed = sum(points if kind.is_credit else -points for kind, _, points in sums)
    assert statement_of(opening, sums).closing_points == opening + signed
