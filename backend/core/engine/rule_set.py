"""A program's rules as one value: parsed once, evaluated for every purchase."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.rules import BaseRule


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one version of a program. `hash` is what receipts commit to."""

    currency: str
    hash: str
    base_rule: BaseRule

    @classmethod
    def base(cls, points: int, per_amount_minor: int, currency: str) -> RuleSet:
        """The rules of a program without a document: `points` for every `per_amount_minor`.

        Such rules remember nothing of a member. Raises RuleInvalid.
        """
        rule = BaseRule(points, per_amount_minor, currency)
        return cls(currency, rule.rule_hash, rule)

    @property
    def remembers(self) -> bool:
        """Whether evaluating changes the member's standing, so that it must be stored."""
        return False
