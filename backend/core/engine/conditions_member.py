"""Conditions about the member: what was bought before, status, segments, days of the year."""

from __future__ import annotations

from typing import Final, Literal

from backend.core.club import LABEL
from backend.core.engine.conditions import Condition, Parser, Scope
from backend.core.engine.context import Context, yearly_distance
from backend.core.engine.reading import NUMBER_MAX, Reading, bounds, whole
from backend.core.engine.standing import MONTHS_MAX

OFFSET_DAYS_MAX: Final = 180


def _tier(reading: Reading, scope: Scope) -> Condition:
    tiers = reading.texts(Reading.identifier)
    if scope.tiers is not None and not tiers <= scope.tiers:
        raise reading.refuse("there is no such tier in the section tiers.")
    return lambda context: context.tier in tiers


def _label_name(reading: Reading) -> str:
    """A segment that a merchant put members in, or the label of a paid club."""
    value = reading.value
    if isinstance(value, str) and value.startswith(LABEL):
        return LABEL + Reading(value.removeprefix(LABEL), reading.pointer).identifier()
    return reading.identifier()


def _label(reading: Reading, _: Scope) -> Condition:
    labels = reading.texts(_label_name)
    return lambda context: not labels.isdisjoint(context.labels)


def _segment(reading: Reading, scope: Scope) -> Condition:
    if scope.of == "member":
        raise reading.refuse("a segment is not made of other segments.")
    segments = sorted(reading.texts(Reading.identifier))
    if not scope.segments.issuperset(segments):
        raise reading.refuse("there is no such segment in the section segments.")
    if len(segments) == 1:
        (only,) = segments

        def holds(context: Context) -> bool:
            known = context.members.get(only)
            return context.in_segment(only) if known is None else known

        return holds
    return lambda context: any(context.in_segment(segment) for segment in segments)


def _past(what: Literal["points", "spend_minor", "visits"]) -> Parser:
    """{"min", "max", "months"}: over so many months, or all of the past without them."""
    place = ("points", "spend_minor", "visits").index(what)

    def parse(reading: Reading, _: Scope) -> Condition:
        reading.fields("min", "max", "months")
        months = reading.get("months", whole(1, MONTHS_MAX - 1), 0)
        low, high = _bounds_of(reading)
        if months:
            return lambda context: low <= context.activity(months)[place] <= high
        if what == "points":
            return lambda context: low <= context.standing.earned_points <= high
        if what == "visits":
            return lambda context: low <= context.standing.visit_days <= high
        return lambda context: low <= context.standing.spend_minor <= high

    return parse


def _bounds_of(reading: Reading) -> tuple[int, int]:
    """The `min` and `max` of an object that has other members too."""
    low = reading.get("min", whole(), 0)
    high = reading.get("max", whole(), NUMBER_MAX)
    if not (reading.has("min") or reading.has("max")) or high < low:
        raise reading.refuse("min, max or both are expected here, min first.")
    return low, high


def _purchases(reading: Reading, _: Scope) -> Condition:
    low, high = bounds(reading)
    return lambda context: low <= context.standing.purchase_count <= high


def _idle_days(reading: Reading, _: Scope) -> Condition:
    low, high = bounds(reading)
    return lambda context: context.idle_days is not None and low <= context.idle_days <= high


def _member_days(reading: Reading, _: Scope) -> Condition:
    low, high = bounds(reading)
    return lambda context: context.member_days is not None and low <= context.member_days <= high


def _around(reading: Reading) -> tuple[int, int]:
    reading.fields("before_days", "after_days")
    before = reading.get("before_days", whole(0, OFFSET_DAYS_MAX), 0)
    return -before, reading.get("after_days", whole(0, OFFSET_DAYS_MAX), 0)


def _birthday(reading: Reading, _: Scope) -> Condition:
    low, high = _around(reading)
    return lambda context: (
        context.facts.birthday is not None
        and low <= yearly_distance(context.day, *context.facts.birthday)[0] <= high
    )


def _anniversary(reading: Reading, _: Scope) -> Condition:
    """Around the day of the year the member enrolled on, from the first year on."""
    low, high = _around(reading)

    def holds(context: Context) -> bool:
        since = context.facts.enrolled_on
        if since is None:
            return False
        distance, occasion = yearly_distance(context.day, since.month, since.day)
        return occasion.year > since.year and low <= distance <= high

    return holds


def _rfm(reading: Reading, _: Scope) -> Condition:
    reading.fields("recency", "frequency", "monetary")
    asked = [
        (place, *bounds(reading.child(name), 1))
        for place, name in enumerate(("recency", "frequency", "monetary"))
        if reading.has(name)
    ]
    if not asked:
        raise reading.refuse("name at least one of recency, frequency, monetary.")

    def holds(context: Context) -> bool:
        scores = context.rfm
        for place, low, high in asked:  # noqa: SIM110 - as in `conditions`
            if not low <= scores[place] <= high:
                return False
        return True

    return holds


MEMBER: Final[dict[str, Parser]] = {
    "segment": _segment,
    "rfm": _rfm,
    "birthday": _birthday,
    "anniversary": _anniversary,
    "points": _past("points"),
    "spend_minor": _past("spend_minor"),
    "visits": _past("visits"),
    "idle_days": _idle_days,
    "member_days": _member_days,
    "label": _label,
    "purchases": _purchases,
    "tier": _tier,
}
