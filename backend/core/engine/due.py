"""Which events of the calendar are due for a member today."""

from __future__ import annotations

from backend.core.engine.context import Context
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.schedule import SCHEDULED
from backend.core.engine.standing import MemberFacts


def due_events(rules: RuleSet, facts: MemberFacts) -> tuple[str, ...]:
    """Names to pass to `evaluate_event`, once each: birthday, anniversary, idle, period.

    An event stays due for a few days, until the standing says that its rules were given; one that
    was missed is made up for. Rules whose own conditions do not hold give nothing, and stay due.
    """
    context = Context(facts, rules.segments)
    given = facts.standing.given
    due = set()
    for event in SCHEDULED:
        for rule in rules.by_event.get(event, ()):
            occasion = rule.trigger.occasion(context)
            in_force = rule.first_day <= context.day <= rule.last_day
            if in_force and occasion is not None and given.get(rule.id, "") < occasion:
                due.add(event)
    return tuple(event for event in SCHEDULED if event in due)
