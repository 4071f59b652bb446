"""What a merchant says its points cost, or else what its rules say."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from backend.core.liability import MARGIN, MONEY, SETTING, SPEND, PointCost
from backend.core.spending import SpendPolicy
from backend.ledger.columns import table_of
from backend.ledger.figure_tables import FigureSettings
from backend.ledger.loading import ProgramState
from backend.ledger.rule_sets import rules_of

_SETTINGS = table_of(FigureSettings)


@dataclass(frozen=True, slots=True)
class Settings:
    """None where nothing was said."""

    cost_points: int | None = None
    cost_minor: int | None = None
    used_bp: int | None = None


def settings_of(connection: Connection, program_id: str) -> Settings:
    columns = [_SETTINGS.c[name] for name in Settings.__slots__]
    found = select(*columns).where(_SETTINGS.c.program_id == program_id)
    row = connection.execute(found).first()
    return Settings(*row) if row else Settings()


def point_cost(
    connection: Connection, program: ProgramState, settings: Settings
) -> PointCost | None:
    """The merchant's own word first, then the rules'; None where neither says anything."""
    if settings.cost_points and settings.cost_minor is not None:
        return PointCost(settings.cost_points, settings.cost_minor, SETTING)
    rules = rules_of(connection, program)
    policy: SpendPolicy | None = rules.sections.get("spend")
    if policy is not None:
        return PointCost(policy.points, policy.worth_minor, SPEND)
    if rules.unit == "money":
        return PointCost(1, 1, MONEY)
    if rules.margin is not None:
        return PointCost(rules.margin.points, rules.margin.worth_minor, MARGIN)
    return None
