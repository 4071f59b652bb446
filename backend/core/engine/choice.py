"""Which of the rules that apply are given: exclusion groups and rules that stand alone."""

from __future__ import annotations

from typing import Final

from backend.core.engine.draft import Draft
from backend.core.engine.effects import RATES
from backend.core.engine.rule import Rule

Candidate = tuple[Rule, tuple[int, ...]]
_WHOLE: Final = frozenset({-1})


def chosen(draft: Draft, candidates: list[Candidate]) -> list[Candidate]:
    """The candidates that are given, each with the lines left to it, by phase and precedence.

    In a group a line earns by one rule only: the first by precedence, or the one worth most where
    the group says so. A bonus for the whole purchase and another one in its group exclude each
    other. A rule that is not stackable is given alone among the bonuses.
    """
    if not any(rule.group or not rule.stackable for rule, _ in candidates):
        return candidates
    kept: list[Candidate] = []
    claimed: dict[str, frozenset[int]] = {}
    alone = False
    for rule, places in _ordered(draft, candidates):
        if alone or (kept and not rule.stackable):
            continue
        if rule.group is not None:
            taken = claimed.get(rule.group, frozenset())
            whole = rule.selector is None and rule.effect.phase != RATES
            if taken & _WHOLE or (whole and taken):
                continue
            places = tuple(place for place in places if place not in taken)
            if not places and not whole:
                continue
            claimed[rule.group] = taken | (_WHOLE if whole else frozenset(places))
        kept.append((rule, places))
        alone = not rule.stackable
    # Multipliers before bonuses, whichever was chosen first.
    return sorted(kept, key=lambda one: one[0].effect.phase)


def _ordered(draft: Draft, candidates: list[Candidate]) -> list[Candidate]:
    """By precedence over all phases; in a group of the best, the one worth most first."""
    ordered = sorted(candidates, key=lambda one: one[0].precedence)
    best = draft.rules.best_groups
    for group in sorted({rule.group for rule, _ in ordered if rule.group in best and rule.group}):
        slots = [place for place, (rule, _) in enumerate(ordered) if rule.group == group]
        members = [ordered[slot] for slot in slots]
        members.sort(key=lambda one: (-one[0].effect.worth(draft, one[1]), *one[0].precedence))
        for slot, member in zip(slots, members, strict=True):
            ordered[slot] = member
    return ordered
