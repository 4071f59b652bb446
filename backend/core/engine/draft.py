"""An evaluation in the making: credits pass their caps here, and memory changes are collected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backend.core.engine.allocation import largest_remainder
from backend.core.engine.caps import cap_key, outdated
from backend.core.engine.context import Context
from backend.core.engine.outcome import Credit, Grant
from backend.core.engine.rule import Rule
from backend.core.errors import PointsOutOfRange
from backend.core.operations import POINTS_MAX

if TYPE_CHECKING:
    from backend.core.engine.rule_set import RuleSet

Exact = tuple[tuple[int, ...], int]
"""Points per line before rounding: numerators, and the denominator of all of them."""


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
        self.margin_left = rules.margin_points(context)

    def weights(self, places: tuple[int, ...]) -> list[int]:
        """The basis of these lines, 0 for the others."""
        if len(places) == len(self.line_basis):
            return list(self.line_basis)
        weights = [0] * len(self.line_basis)
        for place in places:
            weights[place] = self.line_basis[place]
        return weights

    def credit(self, rule: Rule, points: int, weights: list[int], text: str) -> tuple[int, ...]:
        """Gives points as far as every cap allows, shared out over the lines by weight.

        Returns what each line got.
        """
        if points <= 0:
            return ()
        allowed, cap = self._allowed(rule, points)
        if allowed < points:
            self.notes.append(f"{text}: {points - allowed} points above {cap} were not given")
            text = f"{text}, limited by {cap}"
        if allowed <= 0:
            return ()
        self._count(rule, allowed)
        shares = largest_remainder(allowed, weights)
        day = self.context.day
        terms = rule.pending
        self.credits.append(
            Credit(
                rule.id,
                allowed,
                text,
                shares if self.lines else (),
                None if terms is None else terms.release(day),
                rule.campaign,
            )
        )
        self.points += allowed
        if self.points > POINTS_MAX:
            raise PointsOutOfRange(
                f"One purchase earns at most {POINTS_MAX} points.", points_max=POINTS_MAX
            )
        return shares

    def grant(self, rule: Rule, reward: str, quantity: int, text: str) -> None:
        """Gives a reward of the catalogue."""
        self.grants.append(Grant(rule.id, reward, quantity, text))

    def _allowed(self, rule: Rule, points: int) -> tuple[int, str]:
        """How many of the points every cap lets through, and the tightest cap in words."""
        left, cap = points, ""
        for owner, limits in ((rule.id, rule.limits.points), ("*", self.rules.caps.points)):
            for window, limit in limits.items():
                used = self._used(owner, window)
                if limit - used < left:
                    per = "the cap" if owner == "*" else f"{rule.title}'s cap"
                    left, cap = limit - used, f"{per} of {limit} per {window}"
        if rule.campaign is not None:
            budget = self.rules.campaigns[rule.campaign].budget_points
            room = budget - self.campaign_used.get(rule.campaign, 0)
            if room < left:
                left, cap = room, f"the budget of {rule.campaign}"
        if self.margin_left is not None and self.margin_left < left:
            left, cap = self.margin_left, "the cap by margin"
        return max(0, left), cap

    def _used(self, owner: str, window: str) -> int:
        if window == "purchase":
            if owner == "*":
                return self.points
            return sum(credit.points for credit in self.credits if credit.rule == owner)
        return self.used.get(cap_key(owner, window, self.context.day), 0)

    def _count(self, rule: Rule, points: int) -> None:
        day = self.context.day
        for owner, limits in ((rule.id, rule.limits.points), ("*", self.rules.caps.points)):
            for window in limits:
                if window == "purchase":
                    continue
                key = cap_key(owner, window, day)
                if key not in self.used:
                    for old in outdated(self.used, owner, window, day):
                        del self.used[old]
                self.used[key] = self.used.get(key, 0) + points
        if rule.campaign is not None:
            used = self.campaign_used.get(rule.campaign, 0)
            self.campaign_used[rule.campaign] = used + points
        if self.margin_left is not None:
            self.margin_left -= points
