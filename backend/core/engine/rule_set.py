"""A program's rules as one value: parsed once, evaluated for every purchase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from backend.core.engine.basis import BasisTerms
from backend.core.engine.caps import EVERY_RULE, Campaign, Cap, Limits, Margin
from backend.core.engine.context import Context
from backend.core.engine.plan import Plan
from backend.core.engine.rule import PendingTerms, Rule
from backend.core.engine.segments import Segments
from backend.core.engine.selection import SelectorIndex
from backend.core.rules import BaseRule

_DAYS_KEPT: Final = 64
"""Of how many days active rules and caps are remembered: a till asks for today's, a replay for one
after the other."""


@dataclass(frozen=True)
class RuleSet:
    """The rules of one version of a program. `hash` is what receipts commit to.

    `unit` is "points", or "money" where a point is a minor unit of the currency. `sections` are
    the parts that others evaluate (tiers, returns, spend, referral), parsed, by name.
    """

    currency: str
    hash: str
    base_rule: BaseRule | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    unit: str = "points"
    carries: bool = False
    basis: BasisTerms = field(default_factory=BasisTerms)
    rules: tuple[Rule, ...] = ()
    best_groups: frozenset[str] = frozenset()
    segments: Segments = field(default_factory=Segments)
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    caps: Limits = field(default_factory=Limits)
    margin: Margin | None = None
    pending: PendingTerms | None = None
    sections: Mapping[str, Any] = field(default_factory=dict)
    selectors: SelectorIndex = field(default_factory=SelectorIndex)
    by_event: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    _caps: dict[date, list[Cap]] = field(default_factory=dict, compare=False, repr=False)
    _plans: dict[tuple[str, date], Plan] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def base(cls, points: int, per_amount_minor: int, currency: str) -> RuleSet:
        """The rules of a program without a document: `points` for every `per_amount_minor`.

        Such rules remember nothing of a member. Raises RuleInvalid.
        """
        rule = BaseRule(points, per_amount_minor, currency)
        return cls(currency, rule.rule_hash, rule)

    @classmethod
    def parse(cls, document: object) -> RuleSet:
        """The rules of a document; raises RuleInvalid, whose fact `pointer` says where."""
        from backend.core.engine.document import parse_document

        return parse_document(document)

    @property
    def remembers(self) -> bool:
        """Whether evaluating changes the member's standing, so that it must be stored."""
        return self.base_rule is None

    def day_caps(self, day: date) -> list[Cap]:
        """The program's caps on a day."""
        found = self._caps.get(day)
        if found is None:
            if len(self._caps) >= _DAYS_KEPT:
                self._caps.clear()
            found = self._caps[day] = self.caps.caps(EVERY_RULE, "the cap", day)
        return found

    def plan(self, event: str, day: date) -> Plan:
        """The rules that an event of that day can set off, by phase and precedence."""
        found = self._plans.get((event, day))
        if found is None:
            if len(self._plans) >= _DAYS_KEPT:
                self._plans.clear()
            those = self.by_event.get(event, ())
            found = Plan.of(rule for rule in those if rule.in_force(day))
            self._plans[event, day] = found
        return found

    @property
    def events(self) -> frozenset[str]:
        """The events that set a rule off, "purchase" included."""
        return frozenset(self.by_event)

    def margin_points(self, context: Context) -> int | None:
        """The most points that the purchase may earn by its margin; None for no such cap."""
        if self.margin is None or context.basket is None:
            return None
        return self.margin.points_floor(context, tax_included=self.basis.tax_included)

    def tier_multiplier(self, tier: str | None) -> tuple[int, int]:
        """Numerator and denominator of what a tier multiplies rates by; 1, 1 without one."""
        policy = self.sections.get("tiers")
        return policy.multiplier(tier) if policy is not None else (1, 1)
