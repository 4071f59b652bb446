"""Refusals about tiers and paid clubs, in the families of errors.py."""

from __future__ import annotations

from backend.core.errors import Conflict, InvalidInput, NotFound


class TierUnknown(InvalidInput):
    code = "tier_unknown"


class PlanUnknown(InvalidInput):
    code = "plan_unknown"


class FeeMismatch(InvalidInput):
    code = "fee_mismatch"


class UnknownSubscription(NotFound):
    code = "unknown_subscription"


class SubscriptionNotRunning(Conflict):
    code = "subscription_not_running"


class SubscriptionPaidAhead(Conflict):
    code = "subscription_paid_ahead"
