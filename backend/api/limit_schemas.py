"""What the API answers about a program's limits, and about operations that wait for them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from backend.api.fields import Answered


class LimitSet(Answered):
    """Null is no limit."""

    supply_cap_points: int | None
    mint_per_day_points: int | None
    debit_per_day_points: int | None


class AnnouncedLimitsOut(LimitSet):
    effective_at: str


class LimitWarningOut(Answered):
    limit: Literal["supply_cap", "mint_per_day", "debit_per_day"]
    used_points: int
    limit_points: int
    used_percent: int


class LimitsOut(LimitSet):
    """In force as the contract says at `as_of_block`; as created until it is on chain."""

    mint_left_today_points: int | None = None
    debit_left_today_points: int | None = None
    renews_at: str | None = Field(default=None, description="When both budgets are whole again.")
    announced: AnnouncedLimitsOut | None = None
    warnings: list[LimitWarningOut] = Field(
        default=[], description="Limits used up to 80 % or more, or for which something waits."
    )
    as_of_block: int | None = None


class WaitingOut(Answered):
    """Why an accepted operation is not on its way yet."""

    reason: Literal["mint_budget", "debit_budget", "supply_cap", "paused", "closing"]
    settles_on: str | None = Field(
        description="The day, in the program's time, on which it fits under the limits in force;"
        " null where that does not depend on time alone."
    )
