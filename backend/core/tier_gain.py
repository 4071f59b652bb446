"""Whether a gain can change a tier at all: most purchases cannot, and need no judging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from backend.core.tier_policy import TierPolicy, WindowKind, month_of


def stays(
    policy: TierPolicy,
    months: Mapping[str, Sequence[int]],
    lifetime: Sequence[int],
    level: str | None,
    *,
    day: date,
    today: date,
) -> bool:
    """Whether a member whose `level` has not lapsed keeps it after more happened on `day`.

    What is left unjudged is found whenever the member is judged next. The months are named as in
    `Activity.of`. It is not for what takes away, as returns do.
    """
    above = policy.place(level) + 1
    if above == len(policy.levels):
        return True
    threshold, place = policy.levels[above].threshold, policy.measure.place
    if policy.window.kind is WindowKind.LIFETIME:
        return lifetime[place] < threshold
    first = ""
    if month_of(day) == month_of(today):
        first = _first_month(policy, month_of(today))
    # What came late may have counted in any window, and in none did more than all there is.
    return sum([row[place] for name, row in months.items() if name >= first]) < threshold


def _first_month(policy: TierPolicy, month: int) -> str:
    window = policy.window
    back = window.months if window.kind is WindowKind.ROLLING else month % 12
    year, month0 = divmod(month - back, 12)
    return f"{year:04}-{month0 + 1:02}"
