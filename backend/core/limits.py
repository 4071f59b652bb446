"""What a program may still do today, which operations have to wait for more, and until when.

The contract holds three limits: a supply cap, a mint budget and a budget for debits by the
operator, both per day of the program's time. The rule of waiting (docs/adr/0016): mints queue for
the mint budget and the cap, debits for the debit budget, each queue strictly in order. The first
that does not fit closes its queue, so that smaller ones cannot starve it; one that is larger than
a whole day's budget, or than the cap, could never fit and lets the others pass. Nothing ever
overtakes an earlier operation of the same member.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Protocol, TypeVar

SUPPLY_CAP_MAX: Final = 2**64 - 1
PER_DAY_MAX: Final = 2**48 - 1
"""What the contract's fields hold; a limit at its maximum is no limit."""

WARN_FROM_PERCENT: Final = 80
_EPOCH: Final = date(1970, 1, 1)
_DAY_SECONDS: Final = 86_400
_DAYS_MAX: Final = 3_660
"""Ten years: a date beyond says nothing to anybody."""


class WaitReason(StrEnum):
    """Why an accepted operation is not in a batch yet."""

    MINT_BUDGET = "mint_budget"
    DEBIT_BUDGET = "debit_budget"
    SUPPLY_CAP = "supply_cap"
    PAUSED = "paused"
    CLOSING = "closing"


class LimitName(StrEnum):
    SUPPLY_CAP = "supply_cap"
    MINT_PER_DAY = "mint_per_day"
    DEBIT_PER_DAY = "debit_per_day"


@dataclass(frozen=True, slots=True)
class Limits:
    supply_cap_points: int
    mint_per_day_points: int
    debit_per_day_points: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What members agreed to: a hash (0x hex) and where the text is."""

    hash: str
    uri: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A program as its contract says as of a block.

    `at_s` is the block's time; `renews_at_s` the second in which both budgets are whole again;
    `redemption_until_s` 0 unless the program is closing. What is announced holds from the second
    beside it, 0 for nothing announced.
    """

    block_number: int
    at_s: int
    limits: Limits
    announced_limits: Limits
    limits_from_s: int
    supply_points: int
    mint_left_points: int
    debit_left_points: int
    renews_at_s: int
    utc_offset_minutes: int
    notice_seconds: int
    mint_paused: bool
    redemption_until_s: int
    terms: Terms
    announced_terms: Terms
    terms_from_s: int

    @property
    def cap_left_points(self) -> int:
        return max(0, self.limits.supply_cap_points - self.supply_points)

    @property
    def day(self) -> int:
        """Days since 1970-01-01 in the program's time; budgets are per such day."""
        return (self.at_s + 60 * self.utc_offset_minutes) // _DAY_SECONDS

    @property
    def renewal_day(self) -> date:
        """The calendar day, in the program's time, on which both budgets are whole again."""
        local_s = self.renews_at_s + 60 * self.utc_offset_minutes
        return _EPOCH + timedelta(days=local_s // _DAY_SECONDS)


class Queued(Protocol):
    """An operation that waits: its place in the journal, its member, its effect."""

    @property
    def entry_no(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def points(self) -> int: ...
    @property
    def is_credit(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Hold:
    """A closed queue: everything in it from `entry_no` on waits for `reason`."""

    reason: WaitReason
    entry_no: int


@dataclass(frozen=True, slots=True)
class Holds:
    """The two queues of a program, None for an open one."""

    mints: Hold | None = None
    debits: Hold | None = None

    def of(self, *, credit: bool) -> Hold | None:
        return self.mints if credit else self.debits


OPEN: Final = Holds()
Q = TypeVar("Q", bound=Queued)


def select(queued: Sequence[Q], standing: Standing) -> tuple[list[Q], Holds]:
    """What of `queued` (in journal order) fits now, and the queues that closed on the way.

    Burns of the same batch make no room below the cap here: a return may burn less than it asks.
    """
    chosen: list[Q] = []
    held: dict[bool, Hold] = {}
    behind: set[str] = set()
    mint_left, debit_left = standing.mint_left_points, standing.debit_left_points
    cap_left = standing.cap_left_points
    for one in queued:
        if one.address in behind:
            continue
        credit = one.is_credit
        closed = held.get(credit)
        reason = closed.reason if closed else never_fits(one, standing)
        if reason is None:
            if credit and one.points > mint_left:
                reason = WaitReason.MINT_BUDGET
            elif credit and one.points > cap_left:
                reason = WaitReason.SUPPLY_CAP
            elif not credit and one.points > debit_left:
                reason = WaitReason.DEBIT_BUDGET
            if reason is not None:
                held[credit] = Hold(reason, one.entry_no)
        if reason is not None:
            # A mint that never comes holds nothing up: what its member has can be redeemed.
            if reason is not WaitReason.CLOSING or not credit:
                behind.add(one.address)
            continue
        chosen.append(one)
        if credit:
            mint_left -= one.points
            cap_left -= one.points
        else:
            debit_left -= one.points
    return chosen, Holds(held.get(True), held.get(False))


def never_fits(one: Queued, standing: Standing) -> WaitReason | None:
    """Why the operation cannot settle as long as the program stands as it does; None if it can."""
    limits, until_s = standing.limits, standing.redemption_until_s
    if not one.is_credit:
        if until_s and standing.at_s > until_s:
            return WaitReason.CLOSING
        return WaitReason.DEBIT_BUDGET if one.points > limits.debit_per_day_points else None
    if until_s:
        return WaitReason.CLOSING
    if standing.mint_paused:
        return WaitReason.PAUSED
    if one.points > limits.mint_per_day_points:
        return WaitReason.MINT_BUDGET
    return WaitReason.SUPPLY_CAP if one.points > limits.supply_cap_points else None


def is_shut(standing: Standing, holds: Holds, *, credit: bool) -> bool:
    """Whether no further operation of this queue can settle now."""
    if holds.of(credit=credit) is not None:
        return True
    return credit and (standing.mint_paused or standing.redemption_until_s != 0)


def waiting_for(one: Queued, standing: Standing, holds: Holds) -> WaitReason | None:
    """Why this operation waits; None when it is only a matter of seconds."""
    reason = never_fits(one, standing)
    hold = holds.of(credit=one.is_credit)
    if reason is None and hold is not None and one.entry_no >= hold.entry_no:
        return hold.reason
    return reason


def settles_on(reason: WaitReason, queue_points: Iterable[int], standing: Standing) -> date | None:
    """The day, in the program's time, on which the last of `queue_points` fits into its budget.

    `queue_points` is its queue, in order, the operation itself last. None when that depends on
    more than time: the cap, a pause, the end of the program, an amount above a whole day's budget.
    """
    if reason is WaitReason.MINT_BUDGET:
        per_day, left = standing.limits.mint_per_day_points, standing.mint_left_points
    elif reason is WaitReason.DEBIT_BUDGET:
        per_day, left = standing.limits.debit_per_day_points, standing.debit_left_points
    else:
        return None
    days, last = 0, 0
    for last in queue_points:
        if last > per_day:
            continue
        if last > left:
            days, left = days + 1, per_day
        left -= last
    if last > per_day or days > _DAYS_MAX:
        return None
    # Renewal is the first of those days; 0 days means that it fits into what is left of today.
    return standing.renewal_day + timedelta(days=days - 1)


@dataclass(frozen=True, slots=True)
class NearLimit:
    """A limit that is used up to `used_percent` (rounded down), 80 at least."""

    limit: LimitName
    used_points: int
    limit_points: int

    @property
    def used_percent(self) -> int:
        return 100 * self.used_points // self.limit_points if self.limit_points else 100


def warnings(standing: Standing, holds: Holds = OPEN) -> list[NearLimit]:
    """Limits from which at least 80 % is used, or for which something waits."""
    limits = standing.limits
    reasons = {hold.reason for hold in (holds.mints, holds.debits) if hold}
    used = (
        (LimitName.SUPPLY_CAP, WaitReason.SUPPLY_CAP, standing.supply_points,
         limits.supply_cap_points),
        (LimitName.MINT_PER_DAY, WaitReason.MINT_BUDGET,
         limits.mint_per_day_points - standing.mint_left_points, limits.mint_per_day_points),
        (LimitName.DEBIT_PER_DAY, WaitReason.DEBIT_BUDGET,
         limits.debit_per_day_points - standing.debit_left_points, limits.debit_per_day_points),
    )  # fmt: skip
    found = []
    for name, reason, used_points, limit_points in used:
        warning = NearLimit(name, used_points, limit_points)
        if limit_points and (reason in reasons or warning.used_percent >= WARN_FROM_PERCENT):
            found.append(warning)
    return found
