"""Memory of purchases that were made before a program had rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from backend.core.engine.context import month_key
from backend.core.engine.standing import MONTHS_MAX, Standing


def with_past_purchase(standing: Standing, day: date, spend_minor: int, points: int) -> Standing:
    """The standing after a purchase of `day` that earned so many points; nothing is given for it.

    Of purchases that come out of order, one between known days counts as no new visit.
    """
    first, last = standing.first_day or day, standing.last_day or day
    visit = int(standing.last_day is None or not first <= day <= last)
    months = dict(standing.months)
    earned, spent, visits = months.get(month_key(day), (0, 0, 0))
    months[month_key(day)] = (earned + points, spent + spend_minor, visits + visit)
    return replace(
        standing,
        purchase_count=standing.purchase_count + 1,
        visit_days=standing.visit_days + visit,
        spend_minor=standing.spend_minor + spend_minor,
        earned_points=standing.earned_points + points,
        first_day=min(first, day),
        last_day=max(last, day),
        months={key: months[key] for key in sorted(months)[-MONTHS_MAX:]},
    )
