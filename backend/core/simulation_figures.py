"""A simulation's figures as a document: amounts in minor units, shares in basis points."""

from __future__ import annotations

from typing import Any, Final

from backend.core.engine.rule_set import RuleSet
from backend.core.simulation import Simulated, Worth
from backend.core.spending import SpendPolicy

PERCENTILES: Final = (50, 90, 99, 100)


def worth_of(rules: RuleSet) -> Worth | None:
    """What the rules themselves say a point is worth; None where they do not."""
    policy: SpendPolicy | None = rules.sections.get("spend")
    if policy is not None:
        return Worth(policy.points, policy.worth_minor)
    return Worth(1, 1) if rules.unit == "money" else None


def figures(done: Simulated, worth: Worth | None) -> dict[str, Any]:
    """Everything that is shown of a simulation; costs are None where points have no worth."""
    cost_minor = None if worth is None else worth.cost_minor_ceil(done.points)
    share_bp = None
    if cost_minor is not None and done.spend_minor:
        share_bp = 10_000 * cost_minor // done.spend_minor
    return {
        "purchases": done.purchases,
        "members": done.members,
        "spend_minor": done.spend_minor,
        "basis_minor": done.basis_minor,
        "points": done.points,
        "points_pending": done.points_pending,
        "cost_minor": cost_minor,
        "cost_share_bp": share_bp,
        "members_rewarded": done.members_rewarded,
        "members_rewarded_bp": done.rewarded_bp,
        "points_by_rule": dict(done.points_by_rule),
        "rewards": dict(done.rewards),
        "points_per_member": {f"p{p}": done.percentile_points(p) for p in PERCENTILES},
        "tiers": dict(done.members_by_tier),
        "campaigns": dict(done.campaign_used),
        "withheld_by_caps": done.withheld,
    }
