"""What a program was born with, and the limits that hold at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from auditor.calendar import Calendar


class Limits(NamedTuple):
    """Most in circulation, most minted a day, most debited by the operator a day, in points."""

    supply_cap: int
    mint_per_day: int
    debit_per_day: int


@dataclass(frozen=True, slots=True)
class Rules:
    """`ProgramCreated` and `ProgramRulesSet` of one program."""

    address: str
    issuer: str
    salt: bytes
    version: int
    created_block: int
    name: str
    symbol: str
    decimals: int
    period_months: int
    validity_periods: int
    utc_offset_minutes: int
    signed_only: bool
    notice_days: int
    limits: Limits
    terms_hash: bytes
    terms_uri: str
    contract_uri: str

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.period_months, self.utc_offset_minutes)

    @property
    def notice_s(self) -> int:
        return self.notice_days * 86_400

    @classmethod
    def of(cls, created: tuple[Any, ...], parameters: tuple[Any, ...], block: int) -> Rules:
        """From the arguments of the two events."""
        address, issuer, salt, version, *_ = created
        name, symbol, decimals, months, validity, offset, signed, notice = parameters[:8]
        return cls(
            address=address,
            issuer=issuer,
            salt=salt,
            version=version,
            created_block=block,
            name=name,
            symbol=symbol,
            decimals=decimals,
            period_months=months,
            validity_periods=validity,
            utc_offset_minutes=offset,
            signed_only=signed,
            notice_days=notice,
            limits=Limits(*parameters[8:11]),
            terms_hash=parameters[11],
            terms_uri=parameters[12],
            contract_uri=parameters[13],
        )


@dataclass(slots=True)
class LimitsInForce:
    """The limits over time: what gets lower holds at once, what gets higher after the notice."""

    birth: Limits
    written: bool = False
    now: Limits = field(default=Limits(0, 0, 0))
    wanted: Limits = field(default=Limits(0, 0, 0))
    raise_at: int = 0

    def at(self, timestamp_s: int) -> Limits:
        if not self.written:
            return self.birth
        if self.raise_at and timestamp_s >= self.raise_at:
            return self.wanted
        return self.now

    def change(self, wanted: Limits, timestamp_s: int, notice_s: int) -> None:
        """What `setLimits(wanted)` must do."""
        before = self.at(timestamp_s)
        lowered = Limits(*(min(pair) for pair in zip(before, wanted, strict=True)))
        self.record(lowered)
        self.wanted = wanted
        if lowered != wanted:
            self.raise_at = timestamp_s + notice_s

    def record(self, now: Limits) -> None:
        """What `LimitsChanged(now)` says; `LimitsAnnounced` may follow."""
        self.written = True
        self.now = self.wanted = now
        self.raise_at = 0
