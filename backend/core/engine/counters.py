"""What counts over time: stamps, milestones, streaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from backend.core.engine.effects import COUNTERS, Award, Places
from backend.core.engine.standing import Standing
from backend.core.engine.windows import window_key, window_number

if TYPE_CHECKING:
    from backend.core.engine.context import Context
    from backend.core.engine.draft import Draft
    from backend.core.engine.rule import Rule

DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class Stamps:
    """A card of `size` stamps, in `per`: a purchase, a visit (a day), a unit of the lines, an
    amount of the basis, an event. A full card gives the award.

    With a `window` the card is a new one in each (the challenge of the month). Without `repeat`
    there is one full card at most, per window if there are windows. Stamps for an amount are
    counted in minor units, so that nothing is lost between purchases: `size` is then a card's
    stamps times `amount_minor`.
    """

    phase: ClassVar[int] = COUNTERS
    per: str
    card: int
    amount_minor: int
    award: Award
    window: str | None
    repeat: bool

    @property
    def size(self) -> int:
        return self.card * self.amount_minor

    def worth(self, _draft: Draft, _places: Places, /) -> int:
        return 0

    def apply(self, draft: Draft, rule: Rule, places: Places) -> None:
        key, done = self.keys(rule.id, draft.context)
        if not self.repeat and draft.given.get(rule.id, "") >= done:
            return
        total = draft.stamps.get(key, 0) + self._added(draft, places)
        cards, rest = divmod(total, self.size)
        if cards and not self.repeat:
            cards, rest = 1, 0
            draft.given[rule.id] = done
        self._keep(draft, rule, key, rest)
        if cards:
            times = "" if cards == 1 else f", {cards} times"
            text = f"{rule.title} ({self.card} stamps{times})"
            self.award.times(draft, rule, cards, places, text)

    def keys(self, rule_id: str, context: Context) -> tuple[str, str]:
        """Where the stamps are kept, and what is noted when a card without repeat is full."""
        if self.window is None:
            return rule_id, DONE
        window = window_key(self.window, context.day)
        return f"{rule_id}|{window}", window

    def _added(self, draft: Draft, places: Places) -> int:
        if self.per == "visit":
            return int(draft.context.new_visit)
        if self.per == "unit":
            return sum(draft.lines[place].quantity for place in places) if draft.lines else 1
        if self.per == "amount":
            return sum(draft.line_basis[place] for place in places)
        return 1

    def _keep(self, draft: Draft, rule: Rule, key: str, rest: int) -> None:
        if self.window is not None and key not in draft.stamps:
            prefix = f"{rule.id}|"
            for old in [old for old in draft.stamps if old.startswith(prefix) and old < key]:
                del draft.stamps[old]
        if rest:
            draft.stamps[key] = rest
        else:
            draft.stamps.pop(key, None)


@dataclass(frozen=True, slots=True)
class Milestone:
    """An award for every mark that all of a member's purchases, visits, spend or points reach.

    Marks are `at`, or all multiples of `every`. What was passed before the rule is not awarded.
    """

    phase: ClassVar[int] = COUNTERS
    of: str
    at: tuple[int, ...]
    every: int
    award: Award

    def worth(self, _draft: Draft, _places: Places, /) -> int:
        return 0

    def apply(self, draft: Draft, rule: Rule, places: Places) -> None:
        before = standing_total(draft.context.standing, self.of)
        reached = self.marks(before + self._added(draft))
        noted = draft.given.get(rule.id)
        if noted is None:
            known = self.marks(before) if draft.context.standing.purchase_count else 0
        else:
            known = int(noted)
        if noted is None or reached > known:
            draft.given[rule.id] = str(max(reached, known))
        if reached <= known:
            return
        text = f"{rule.title} ({self.mark(reached)} {_NOUNS[self.of]})"
        self.award.times(draft, rule, reached - known, places, text)

    def marks(self, total: int) -> int:
        """How many marks a total has reached."""
        if self.every:
            return total // self.every
        return sum(1 for mark in self.at if mark <= total)

    def mark(self, number: int) -> int:
        """The number-th mark, counted from 1."""
        return number * self.every if self.every else self.at[number - 1]

    def _added(self, draft: Draft) -> int:
        """What this purchase or event adds to the total."""
        if self.of == "spend_minor":
            return draft.context.basis_minor
        if self.of == "points":
            return draft.points
        if draft.context.basket is None:
            return 0
        return 1 if self.of == "purchases" else int(draft.context.new_visit)


@dataclass(frozen=True, slots=True)
class Streak:
    """An award for something in `length` days, weeks or months in a row; with `repeat` for every
    further `length` of them too."""

    phase: ClassVar[int] = COUNTERS
    every: str
    length: int
    award: Award
    repeat: bool

    def worth(self, _draft: Draft, _places: Places, /) -> int:
        return 0

    def apply(self, draft: Draft, rule: Rule, places: Places) -> None:
        period = window_number(self.every, draft.context.day)
        last, run = draft.streaks.get(rule.id, (0, 0))
        if run and period <= last:
            return
        run = run + 1 if run and period == last + 1 else 1
        draft.streaks[rule.id] = (period, run)
        if run % self.length == 0 and (self.repeat or run == self.length):
            text = f"{rule.title} ({run} {self.every}s in a row)"
            self.award.times(draft, rule, 1, places, text)


_NOUNS: Final = {
    "purchases": "purchases",
    "visits": "visits",
    "spend_minor": "minor units spent",
    "points": "points earned",
}


def standing_total(standing: Standing, of: str) -> int:
    """All of a member's purchases, visits, spend or points before now."""
    if of == "spend_minor":
        return standing.spend_minor
    if of == "points":
        return standing.earned_points
    return standing.purchase_count if of == "purchases" else standing.visit_days
