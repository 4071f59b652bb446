"""What a program's contract is created with: how points expire, limits, consent, terms.

None of it can be changed here afterwards: expiry and consent are in the contract's code, and
limits and terms move by the contract's own rules, after notice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backend.core.calendar import PERIOD_MONTHS, VALIDITY_MAX, Calendar, safe_utc_offset
from backend.core.errors import (
    ExpiryInvalid,
    LimitInvalid,
    NoticeInvalid,
    TermsInvalid,
    TimezoneUnknown,
)

SUPPLY_CAP_MAX: Final = 2**53 - 1
"""The largest integer that every JSON reader takes exactly; the contract would take 2^64 - 1."""

PER_DAY_MAX: Final = 2**48 - 1
NOTICE_DAYS_MAX: Final = 3650
TERMS_URI_MAX: Final = 500

_ZONE: Final = re.compile(r"UTC|(?!posix/|right/)[A-Za-z]+(/[A-Za-z0-9_+-]+){1,2}")
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+")
_HASH: Final = re.compile(r"0x[0-9a-f]{64}")
_YEARS_AHEAD: Final = 50
_MEAN_YEAR_MS: Final = 31_556_952_000


def _zone(name: str) -> ZoneInfo:
    # A name without an area may be the server's own zone, which is nobody's business here.
    if len(name) > 64 or not _ZONE.fullmatch(name):
        raise TimezoneUnknown("timezone is an IANA name such as Europe/Paris, or UTC.")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimezoneUnknown("There is no such timezone; use an IANA name.") from None


@dataclass(frozen=True, slots=True)
class Expiry:
    """How long points live: `validity_periods` whole periods of `period_months` calendar months
    after the one they were earned in. 0 and 0 for points that never expire.

    `timezone` is an IANA name; months and the limits' days begin in its time. Raises
    ExpiryInvalid or TimezoneUnknown.
    """

    period_months: int = 0
    validity_periods: int = 0
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        endless = self.period_months == 0 and self.validity_periods == 0
        periodic = self.period_months in PERIOD_MONTHS
        if not endless and not (periodic and 1 <= self.validity_periods <= VALIDITY_MAX):
            raise ExpiryInvalid(
                "A period has 1, 3, 6 or 12 months and points are valid for 1 to "
                f"{VALIDITY_MAX} more periods; both are 0 where points never expire."
            )
        _zone(self.timezone)

    def utc_offset_minutes(self, now_ms: int) -> int:
        """The offset that puts no month's end before the zone's midnight, for decades to come."""
        year = 1970 + now_ms // _MEAN_YEAR_MS
        return safe_utc_offset(_zone(self.timezone), range(year, year + _YEARS_AHEAD))


@dataclass(frozen=True, slots=True)
class Limits:
    """The most in circulation, minted in a day and debited in a day; None for no limit.

    Raises LimitInvalid.
    """

    supply_cap_points: int | None = None
    mint_per_day_points: int | None = None
    debit_per_day_points: int | None = None

    def __post_init__(self) -> None:
        for name, points, most in (
            ("supply_cap_points", self.supply_cap_points, SUPPLY_CAP_MAX),
            ("mint_per_day_points", self.mint_per_day_points, PER_DAY_MAX),
            ("debit_per_day_points", self.debit_per_day_points, PER_DAY_MAX),
        ):
            if points is not None and not 1 <= points <= most:
                raise LimitInvalid(f"{name} is 1 to {most} points, or left out for no limit.")


@dataclass(frozen=True, slots=True)
class Terms:
    """Where the terms are, and the hash of their text (0x and 64 hex digits, lower case).

    Raises TermsInvalid.
    """

    uri: str
    hash: str

    def __post_init__(self) -> None:
        if len(self.uri) > TERMS_URI_MAX or not _URI.fullmatch(self.uri):
            raise TermsInvalid(f"terms.uri is an address of at most {TERMS_URI_MAX} characters.")
        if not _HASH.fullmatch(self.hash):
            raise TermsInvalid("terms.hash is 0x and 64 lower-case hexadecimal digits.")


@dataclass(frozen=True, slots=True)
class ProgramRules:
    """All of it. Raises NoticeInvalid."""

    expiry: Expiry = Expiry()
    limits: Limits = Limits()
    signed_only: bool = False
    notice_days: int = 30
    terms: Terms | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.notice_days <= NOTICE_DAYS_MAX:
            raise NoticeInvalid(f"notice_days is 1 to {NOTICE_DAYS_MAX}.")

    def columns(self, now_ms: int) -> dict[str, int | str | None]:
        """The columns of the program's row for a program created now."""
        expiry, limits = self.expiry, self.limits
        offset_minutes = expiry.utc_offset_minutes(now_ms)
        Calendar(expiry.period_months, expiry.validity_periods, offset_minutes)
        return {
            "period_months": expiry.period_months,
            "validity_periods": expiry.validity_periods,
            "timezone": expiry.timezone,
            "utc_offset_minutes": offset_minutes,
            "signed_only": self.signed_only,
            "notice_days": self.notice_days,
            "supply_cap_points": limits.supply_cap_points,
            "mint_per_day_points": limits.mint_per_day_points,
            "debit_per_day_points": limits.debit_per_day_points,
            "terms_uri": self.terms.uri if self.terms else None,
            "terms_hash": self.terms.hash if self.terms else None,
        }


DEFAULT_RULES: Final = ProgramRules()
"""Points that never expire, limits nobody meets, no terms on chain."""
