"""Reads of members' subscriptions to paid clubs; writing them is the unit of work's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from backend.core.club import Membership, add_months
from backend.ledger.columns import table_of
from backend.ledger.tier_tables import Subscription, SubscriptionTerm

Row = dict[str, Any]

_SUBSCRIPTIONS, _TERMS = table_of(Subscription), table_of(SubscriptionTerm)


@dataclass(frozen=True, slots=True)
class DueMonth:
    """A month of a subscription that has begun and whose benefits were not given yet; months are
    counted from 1."""

    subscription_id: str
    member_id: str
    plan: str
    month: int

    @property
    def key(self) -> str:
        """The same for ever, and for no other month."""
        return f"{self.subscription_id}:{self.month}"


def subscriptions_of(connection: Connection, member_id: str) -> dict[str, Row]:
    """All of a member's, by id, the oldest first."""
    rows = connection.execute(
        select(_SUBSCRIPTIONS)
        .where(_SUBSCRIPTIONS.c.member_id == member_id)
        .order_by(_SUBSCRIPTIONS.c.id)
    )
    return {row.id: dict(row._mapping) for row in rows}


def terms_of(connection: Connection, member_id: str) -> list[Row]:
    """Every payment of a member for a club, the oldest first."""
    rows = connection.execute(
        select(_TERMS)
        .join(_SUBSCRIPTIONS, _SUBSCRIPTIONS.c.id == _TERMS.c.subscription_id)
        .where(_SUBSCRIPTIONS.c.member_id == member_id)
        .order_by(_TERMS.c.recorded_at_ms, _TERMS.c.from_on)
    )
    return [dict(row._mapping) for row in rows]


def paid_already(connection: Connection, program_id: str, receipt_id: str) -> str | None:
    """The subscription that a payment went to."""
    return connection.execute(
        select(_TERMS.c.subscription_id).where(
            _TERMS.c.program_id == program_id, _TERMS.c.receipt_id == receipt_id
        )
    ).scalar()


def members_by_plan(connection: Connection, program_id: str, today: date) -> dict[str, int]:
    """How many members are in each club today."""
    counted = (
        select(_SUBSCRIPTIONS.c.plan, func.count())
        .where(_SUBSCRIPTIONS.c.program_id == program_id, _SUBSCRIPTIONS.c.ends_on > str(today))
        .group_by(_SUBSCRIPTIONS.c.plan)
    )
    return {row[0]: row[1] for row in connection.execute(counted)}


def subscriptions_due(
    connection: Connection, program_id: str, today: date, limit: int
) -> list[DueMonth]:
    """The next month's benefits of up to `limit` subscriptions that are behind with them.

    Give them under `DueMonth.key` and write `rewarded(row)` in the same commit. What is paid is
    given, also when nobody looked before the subscription ended.
    """
    rows = connection.execute(
        select(_SUBSCRIPTIONS)
        .where(
            _SUBSCRIPTIONS.c.program_id == program_id,
            _SUBSCRIPTIONS.c.reward_due_on <= str(today),
        )
        .order_by(_SUBSCRIPTIONS.c.reward_due_on, _SUBSCRIPTIONS.c.id)
        .limit(limit)
    )
    return [DueMonth(row.id, row.member_id, row.plan, row.rewarded_months + 1) for row in rows]


def rewarded(row: Row) -> Row:
    """The row once the benefits of one more month are given."""
    return row | columns_of(membership_of(row), row["rewarded_months"] + 1)


def membership_of(row: Mapping[str, Any]) -> Membership:
    """What a row of a subscription says is paid."""
    return Membership(
        started_on=date.fromisoformat(row["started_on"]),
        paid_months=row["paid_months"],
        grace_days=row["grace_days"],
        cancelled=row["cancelled_at_ms"] is not None,
    )


def columns_of(membership: Membership, rewarded_months: int) -> Row:
    """The columns that follow from what is paid and what was given for it."""
    due_on = None
    if rewarded_months < membership.paid_months:
        due_on = str(add_months(membership.started_on, rewarded_months))
    return {
        "started_on": str(membership.started_on),
        "paid_months": membership.paid_months,
        "grace_days": membership.grace_days,
        "renews_on": str(membership.renews_on),
        "ends_on": str(membership.ends_on),
        "rewarded_months": rewarded_months,
        "reward_due_on": due_on,
    }


def running(rows: Iterable[Row], plan: str, today: date) -> Row | None:
    """The subscription of a plan that a payment made today prolongs."""
    standing = [row for row in rows if row["plan"] == plan and str(today) < row["ends_on"]]
    return standing[-1] if standing else None
