"""An evaluation in the making: credits pass their caps here, and memory changes are collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backend.core.engine.allocation import largest_remainder
from backend.core.engine.caps import Cap, outdated
from backend.core.engine.context import Context
from backend.core.engine.outcome import Credit, Grant
from backend.core.engine.rule import Rule
from backend.core.errors import PointsOutOfRange
from backend.core.operations import POINTS_MAX

if TYPE_CHECKING:
    from backend.core.engine.rule_set import RuleSet

Exact = tuple[Sequence[int], int, int]
"""Points per line before rounding: a weight of each line, times a numerator, by a denominator."""


class Draft:
    """What has been given so far. Rules are applied to it one after the other."""

    def __init__(self, rules: RuleSet, context: Context, campaign_used: Mapping[str, int]) -> None:
        self.rules = rules
        self.context = context
        self.line_basis = context.line_basis
        self.lines = context.basket.lines if context.basket is not None else ()
        self.credits: list[Credit] = []
        self.grants: list[Grant] = []
        self.notes: list[str] = []
        self.points = 0
        self.base: list[Exact] = []
        self.base_points = [0] * len(context.line_basis)
        self.campaign_used = dict(campaign_used)
        standing = context.standing
        self.used = dict(standing.used)
        self.remainders = dict(standing.remainders)
        self.stamps = dict(standing.stamps)
        self.streaks = dict(standing.streaks)
        self.given = dict(standing.given)
        self._whole_shares: dict[int, tuple[int, ...]] = {}
        self._caps = rules.day_caps(context.day)
        self._room, self._tightest = self._program_room()

    def weights(self, places: tuple[int, ...]) -> Sequence[int]:
        """The basis of these lines, 0 for the others."""
        if len(places) == len(self.line_basis):
            return self.line_basis
        weights = [0] * len(self.line_basis)
        for place in places:
            weights[place] = self.line_basis[place]
        return weights

    def credit(self, rule: Rule, points: int, weights: Sequence[int], text: str) -> tuple[int, ...]:
        """Gives points as far as every cap allows, shared out over the lines by weight.

        Returns what each line got.
        """
        if points <= 0:
            return ()
        if points > self._room or rule.limits.points or rule.campaign is not None:
            points, text = self._capped(rule, points, text)
            if not points:
                return ()
        self._room -= points
        shares = self._shares(points, weights)
        terms = rule.pending
        self.credits.append(
            Credit(
                rule.id,
                points,
                text,
                shares if self.lines else (),
                None if terms is None else terms.release(self.context.day),
                rule.campaign,
            )
        )
        self.points += points
        if self.points > POINTS_MAX:
            raise PointsOutOfRange(
                f"One purchase earns at most {POINTS_MAX} points.", points_max=POINTS_MAX
            )
        return shares

    def _shares(self, points: int, weights: Sequence[int]) -> tuple[int, ...]:
        """Points shared out by weight; bonuses of equal points for the whole basket are many."""
        if weights is not self.line_basis:
            return largest_remainder(points, weights)
        known = self._whole_shares.get(points)
        if known is None:
            known = self._whole_shares[points] = largest_remainder(points, weights)
        return known

    def grant(self, rule: Rule, reward: str, quantity: int, text: str) -> None:
        """Gives a reward of the catalogue."""
        self.grants.append(Grant(rule.id, reward, quantity, text))

    def _capped(self, rule: Rule, points: int, text: str) -> tuple[int, str]:
        """The points that every cap lets through, counted in the rule's own, and the words."""
        left, tightest = points, ""
        if self._room < left:
            left, tightest = self._room, self._tightest
        own = self._own_caps(rule) if rule.limits.points else []
        for cap in own:
            room = cap.limit - self._used(cap)
            if room < left:
                left, tightest = room, cap.words
        campaign = rule.campaign
        if campaign is not None:
            budget = self.rules.campaigns[campaign].budget_points
            room = budget - self.campaign_used.get(campaign, 0)
            if room < left:
                left, tightest = room, f"the budget of {campaign}"
        left = max(0, left)
        if left < points:
            self.notes.append(f"{text}: {points - left} points above {tightest} were not given")
            text = f"{text}, limited by {tightest}"
        if left:
            for cap in own:
                self._count(cap, left)
            if campaign is not None:
                self.campaign_used[campaign] = self.campaign_used.get(campaign, 0) + left
        return left, text

    def _own_caps(self, rule: Rule) -> list[Cap]:
        return rule.limits.caps(rule.id, f"{rule.title}'s cap", self.context.day)

    def finish(self) -> None:
        """Counts all points in the windows of the program's caps."""
        if self.points:
            for cap in self._caps:
                self._count(cap, self.points)

    def _count(self, cap: Cap, points: int) -> None:
        if cap.window == "purchase":
            return
        if cap.key not in self.used:
            for old in outdated(self.used, cap.owner, cap.window, self.context.day):
                del self.used[old]
        self.used[cap.key] = self.used.get(cap.key, 0) + points

    def _used(self, cap: Cap) -> int:
        if cap.window != "purchase":
            return self.used.get(cap.key, 0)
        return sum(credit.points for credit in self.credits if credit.rule == cap.owner)

    def _program_room(self) -> tuple[int, str]:
        """What the tightest of the program's caps leaves, and its words: every credit counts in
        all of them, so it stays the tightest."""
        # Past a full balance `credit` refuses the purchase, rather than cutting it.
        room, words = POINTS_MAX + 1, "a full balance"
        for cap in self._caps:
            left = cap.limit - self._used(cap)
            if left < room:
                room, words = left, cap.words
        margin = self.rules.margin_points(self.context)
        if margin is not None and margin < room:
            room, words = margin, "the cap by margin"
        return room, words
