"""What a program is created with on chain, besides its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ProgramRules:
    """What a program is created with besides its name: see `IProgramFactory.Parameters`.

    The defaults are points that never expire and limits nobody meets.
    """

    period_months: int = 0
    validity_periods: int = 0
    utc_offset_minutes: int = 0
    signed_only: bool = False
    notice_days: int = 30
    supply_cap: int = 2**64 - 1
    mint_per_day: int = 2**48 - 1
    debit_per_day: int = 2**48 - 1
    terms_hash: bytes = bytes(32)
    terms_uri: str = ""
    contract_uri: str = ""


DEFAULT_RULES: Final = ProgramRules()
