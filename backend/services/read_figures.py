"""Read what an overview of a program shows: figures of a period, the series, the cohorts.

Whatever was kept is completed with what came since, in one view of the database: the figures are
those of this moment, however far the duty that keeps them has come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from backend.core.errors import UnknownProgram
from backend.core.figures import Day, Figures, cohort_changes
from backend.core.liability import Liability, liability_of
from backend.core.periods import Period, period_between, period_named, step_start
from backend.core.tier_policy import Level
from backend.ledger import figures, mirror
from backend.ledger.figure_settings import Settings, point_cost, settings_of
from backend.ledger.figures import Mark
from backend.ledger.loading import ProgramState
from backend.ledger.members_counted import members_counted, waiting_of
from backend.ledger.mirror_words import head_time_s
from backend.ledger.rule_sets import rules_of
from backend.services.house import House
from backend.services.judge_tier import policy_of
from backend.services.read_supply import read_supply
from backend.services.read_tiers import read_tiers

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Sums:
    """A period's figures. `active` members bought something in it, `joined` are new."""

    day: Day
    active: int
    joined: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How the program stands now, whatever the period. `lag_ms` is the age of the newest block
    that was read, None without a chain."""

    members: int
    outstanding_points: int
    liability: Liability | None
    waiting: int
    parked: int
    in_flight_points: int
    block_number: int | None
    lag_ms: int | None
    tiers: list[tuple[Level, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Overview:
    period: Period
    now: Sums
    before: Sums | None
    standing: Standing
    settings: Settings


@dataclass(frozen=True, slots=True)
class Cohorts:
    """`cells` are members by (month of the first purchase, month), months counted from year 0."""

    cells: dict[tuple[int, int], int]


def require_owner(program: ProgramState, merchant_id: str) -> None:
    """Figures of a coalition are its owner's: they say what was sold at everybody's tills."""
    if program.merchant_id != merchant_id:
        raise UnknownProgram("The figures of a coalition are those of who runs it.")


def today_of(house: House, program: ProgramState) -> date:
    """Today, where the program is."""
    return datetime.fromtimestamp(house.now_ms() // 1000, ZoneInfo(program.timezone)).date()


async def find_period(
    house: House, program: ProgramState, name: str, first: date | None, last: date | None
) -> Period:
    """The period asked for; all of it begins with the first day that has figures. Raises
    PeriodInvalid."""
    today = today_of(house, program)
    if name == "custom" and first is not None and last is not None:
        return period_between(first, last)
    if name != "all":
        return period_named(name, today)

    def span(connection: Connection, since: Figures) -> tuple[int, int]:
        kept = figures.kept_span(connection, program.id)
        days = [*(kept or ()), *since.days, today.toordinal()]
        return min(days), max(days)

    begin, end = await _reading(house, program, span)
    return Period("all", date.fromordinal(begin), date.fromordinal(end), None)


async def read_overview(house: House, program: ProgramState, period: Period) -> Overview:
    """The tiles; the program is the asking merchant's."""

    def read(
        connection: Connection, since: Figures
    ) -> tuple[Sums, Sums | None, Settings, Liability | None]:
        now = _sums(connection, program, since, period.first, period.last)
        before = _sums(connection, program, since, *period.before) if period.before else None
        settings = settings_of(connection, program.id)
        cost = point_cost(connection, program, settings)
        points = program.net_points
        owed = None if cost is None else liability_of(points, cost, settings.used_bp)
        return now, before, settings, owed

    now, before, settings, owed = await _reading(house, program, read)
    standing = await _standing(house, program, owed)
    return Overview(period, now, before, standing, settings)


async def read_series(
    house: House, program: ProgramState, period: Period, step: str
) -> list[tuple[date, Day]]:
    """The figures by day, week or month, those without any among them."""

    def read(connection: Connection, since: Figures) -> dict[int, Day]:
        days = _days(connection, program, since, period.first, period.last)
        found: dict[int, Day] = {}
        for day in range(period.first.toordinal(), period.last.toordinal() + 1):
            on = found.setdefault(step_start(day, step), Day())
            if day in days:
                on.add(days[day])
        return found

    found = await _reading(house, program, read)
    return [(date.fromordinal(day), sums) for day, sums in sorted(found.items())]


async def read_cohorts(house: House, program: ProgramState) -> Cohorts:
    """Members by month of their first purchase, and how many of them bought again when."""

    def read(connection: Connection, since: Figures) -> Cohorts:
        cells = figures.kept_cells(connection, program.id)
        before = figures.kept_days_of(connection, since.bought)
        for cell, change in cohort_changes(before, since.bought).items():
            cells[cell] = cells.get(cell, 0) + change
        return Cohorts({cell: members for cell, members in cells.items() if members})

    return await _reading(house, program, read)


async def _reading(
    house: House, program: ProgramState, read: Callable[[Connection, Figures], Found]
) -> Found:
    def whole(connection: Connection) -> Found:
        figures.as_of_one_moment(connection)
        kept = figures.kept_until(connection, program.id) or Mark()
        until = figures.happened_until(connection, program.id)
        since = figures.figures_between(connection, program.id, program.timezone, kept, until)
        return read(connection, since)

    return await house.ledger.run_aside(whole)


def _days(
    connection: Connection, program: ProgramState, since: Figures, first: date, last: date
) -> dict[int, Day]:
    span = first.toordinal(), last.toordinal()
    days = figures.kept_days(connection, program.id, *span)
    for day, sums in since.days.items():
        if span[0] <= day <= span[1]:
            days.setdefault(day, Day()).add(sums)
    return days


def _sums(
    connection: Connection, program: ProgramState, since: Figures, first: date, last: date
) -> Sums:
    whole = Day()
    for sums in _days(connection, program, since, first, last).values():
        whole.add(sums)
    span = first.toordinal(), last.toordinal()
    active = figures.kept_active(connection, program.id, *span)
    fresh = {m for m, days in since.bought.items() if any(span[0] <= d <= span[1] for d in days)}
    known = figures.kept_days_of(connection, fresh)
    active += sum(1 for m in fresh if not any(span[0] <= d <= span[1] for d in known.get(m, ())))
    joined = members_counted(connection, program.id, program.timezone, first, last)
    return Sums(whole, active, joined)


async def _standing(house: House, program: ProgramState, owed: Liability | None) -> Standing:
    supply = await read_supply(house, program.merchant_id, program.id)
    cursor = await house.mirror.run(mirror.cursor)
    head_s = await house.mirror.run(head_time_s)
    members, waiting, has_tiers = await house.ledger.run_aside(
        lambda connection: (
            members_counted(connection, program.id),
            waiting_of(connection, program.id),
            bool(policy_of(rules_of(connection, program)).levels),
        )
    )
    tiers: list[tuple[Level, int]] = []
    if has_tiers:
        found = await read_tiers(house, program.merchant_id, program.id)
        tiers = [(level, found.members.get(level.id, 0)) for level in found.policy.levels]
    return Standing(
        members=members,
        outstanding_points=program.net_points,
        liability=owed,
        waiting=waiting,
        parked=supply.parked_count,
        in_flight_points=supply.in_flight_points,
        block_number=cursor.block_number if head_s is not None else None,
        lag_ms=None if head_s is None else max(0, house.now_ms() - head_s * 1000),
        tiers=tiers,
    )
