"""How a standing changes: by a purchase, an event, a return, a merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from backend.core.engine.context import month_key
from backend.core.engine.draft import Draft
from backend.core.engine.standing import MONTHS_MAX, Standing

Months = Mapping[str, tuple[int, int, int]]


def after_purchase(draft: Draft) -> Standing:
    """The standing after a purchase that earned: it counts, and so does its day."""
    draft.finish()
    context, before = draft.context, draft.context.standing
    day = context.day
    visit = int(context.new_visit)
    return Standing(
        purchase_count=before.purchase_count + 1,
        visit_days=before.visit_days + visit,
        spend_minor=before.spend_minor + context.basis_minor,
        earned_points=before.earned_points + draft.points,
        first_day=day if before.first_day is None else min(day, before.first_day),
        last_day=day if before.last_day is None else max(day, before.last_day),
        months=_added(before.months, day, (draft.points, context.basis_minor, visit)),
        remainders=draft.remainders,
        stamps=draft.stamps,
        used=draft.used,
        streaks=draft.streaks,
        given=draft.given,
        labels=before.labels,
    )


def after_event(draft: Draft) -> Standing:
    """The standing after an event: points were earned, nothing was bought."""
    draft.finish()
    before = draft.context.standing
    months = before.months
    if draft.points:
        months = _added(months, draft.context.day, (draft.points, 0, 0))
    return replace(
        before,
        earned_points=before.earned_points + draft.points,
        months=months,
        remainders=draft.remainders,
        stamps=draft.stamps,
        used=draft.used,
        streaks=draft.streaks,
        given=draft.given,
    )


def merged(kept: Standing, archived: Standing) -> Standing:
    """One standing of two accounts of the same person; nothing is counted twice or lost.

    What one of them was given once is not given again, and stamps of both are on one card.
    """
    days = [day for day in (kept.first_day, archived.first_day) if day is not None]
    lasts = [day for day in (kept.last_day, archived.last_day) if day is not None]
    months = dict(kept.months)
    for key, row in archived.months.items():
        points, spend_minor, visits = months.get(key, (0, 0, 0))
        months[key] = (points + row[0], spend_minor + row[1], visits + row[2])
    return Standing(
        purchase_count=kept.purchase_count + archived.purchase_count,
        visit_days=kept.visit_days + archived.visit_days,
        spend_minor=kept.spend_minor + archived.spend_minor,
        earned_points=kept.earned_points + archived.earned_points,
        first_day=min(days, default=None),
        last_day=max(lasts, default=None),
        months=_newest(months),
        remainders=_fractions(kept.remainders, archived.remainders),
        stamps=_sums(kept.stamps, archived.stamps),
        used=_sums(kept.used, archived.used),
        streaks={
            rule: max(kept.streaks.get(rule, (0, 0)), archived.streaks.get(rule, (0, 0)))
            for rule in {*kept.streaks, *archived.streaks}
        },
        given={
            rule: max(kept.given.get(rule, ""), archived.given.get(rule, ""), key=_later)
            for rule in {*kept.given, *archived.given}
        },
        labels=kept.labels | archived.labels,
    )


def _added(months: Months, day: date, row: tuple[int, int, int]) -> Months:
    key = month_key(day)
    changed = dict(months)
    points, spend_minor, visits = changed.get(key, (0, 0, 0))
    changed[key] = (
        max(0, points + row[0]),
        max(0, spend_minor + row[1]),
        visits + row[2],
    )
    if changed[key] == (0, 0, 0):
        del changed[key]
    return _newest(changed)


def _newest(months: Months) -> Months:
    if len(months) <= MONTHS_MAX:
        return months
    return {key: months[key] for key in sorted(months)[-MONTHS_MAX:]}


def _sums(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {*one, *other}}


def _fractions(
    one: Mapping[str, tuple[int, int]], other: Mapping[str, tuple[int, int]]
) -> dict[str, tuple[int, int]]:
    summed: dict[str, tuple[int, int]] = {}
    for rule in {*one, *other}:
        num, den = one.get(rule, (0, 1))
        more, of = other.get(rule, (0, 1))
        summed[rule] = (num * of + more * den, den * of)
    return summed


def _later(occasion: str) -> tuple[int, str]:
    """Milestones count marks, everything else names windows that sort as text."""
    return (len(occasion) if occasion.isdigit() else 0, occasion)
