"""Bulk reads for a group of commands: a handful of statements, however many commands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Select, bindparam, func, select

from backend.core.calendar import Calendar
from backend.core.expiry import BUCKETS, MemberWord
from backend.core.lifecycle import RedemptionState
from backend.ledger.columns import table_of
from backend.ledger.tables import (
    Balance,
    IdempotencyRecord,
    Member,
    MemberIdentifier,
    MemberVault,
    Program,
    ProgramTotals,
    Purchase,
    PurchaseReturn,
    Redemption,
)
from backend.ledger.wants import Wants

Row = dict[str, Any]


NOBODY: Final = MemberWord()
calendar: Final = lru_cache(maxsize=1024)(Calendar)


@dataclass(slots=True)
class ProgramState:
    """A program's terms and running totals, as they are inside this transaction."""

    id: str
    merchant_id: str
    name: str
    symbol: str
    currency: str
    earn_points: int
    earn_per_amount_minor: int
    hold_ttl_seconds: int
    created_at_ms: int
    contract_address: str | None = None
    period_months: int = 0
    validity_periods: int = 0
    timezone: str = "UTC"
    utc_offset_minutes: int = 0
    signed_only: bool = False
    notice_days: int = 30
    supply_cap_points: int | None = None
    mint_per_day_points: int | None = None
    debit_per_day_points: int | None = None
    terms_uri: str | None = None
    terms_hash: str | None = None
    minted_points: int = 0
    redeemed_points: int = 0
    returned_points: int = 0
    expired_points: int = 0
    entry_count: int = 0
    head_hash: str = "0x" + "00" * 32

    @property
    def net_points(self) -> int:
        """What the program's members own."""
        spent_points = self.redeemed_points + self.returned_points + self.expired_points
        return self.minted_points - spent_points

    @property
    def calendar(self) -> Calendar:
        """How the program's points age."""
        return calendar(self.period_months, self.validity_periods, self.utc_offset_minutes)

    def totals(self) -> Row:
        return {
            "minted_points": self.minted_points,
            "redeemed_points": self.redeemed_points,
            "returned_points": self.returned_points,
            "expired_points": self.expired_points,
            "entry_count": self.entry_count,
            "head_hash": self.head_hash,
        }


@dataclass(slots=True)
class MemberState:
    """A member with points by age, and the points held by redemptions that are still running.

    `covered_points` of the held ones have expired since: they are no longer in `word`.
    """

    id: str
    program_id: str
    address: str
    points: int
    held_points: int
    wrapped_key: bytes
    word: MemberWord = NOBODY
    covered_points: int = 0

    @property
    def available_points(self) -> int:
        return self.word.balance - self.held_points + self.covered_points


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer once given to an idempotency key, sealed if it is for a member's key to open."""

    fingerprint: str
    status_code: int
    body: bytes
    sealed_for: str | None = None


@dataclass(slots=True)
class Loaded:
    programs: dict[str, ProgramState] = field(default_factory=dict)
    members: dict[str, MemberState] = field(default_factory=dict)
    identifiers: dict[tuple[str, str, str], str] = field(default_factory=dict)
    receipts: dict[tuple[str, str], str] = field(default_factory=dict)
    purchases: dict[str, Row] = field(default_factory=dict)
    returned_purchases: dict[str, str] = field(default_factory=dict)
    redemptions: dict[str, Row] = field(default_factory=dict)
    idempotency: dict[tuple[str, str], StoredAnswer] = field(default_factory=dict)


_PROGRAMS, _TOTALS = table_of(Program), table_of(ProgramTotals)
_MEMBERS, _VAULT, _BALANCES = table_of(Member), table_of(MemberVault), table_of(Balance)
_IDENTIFIERS, _PURCHASES = table_of(MemberIdentifier), table_of(Purchase)
_RETURNS, _REDEMPTIONS = table_of(PurchaseReturn), table_of(Redemption)
_ANSWERS = table_of(IdempotencyRecord)

LOTS = tuple(_BALANCES.c[f"lot_{age}"] for age in range(BUCKETS))
"""The columns of a member's points by age."""
LOT_NAMES: Final = tuple(column.name for column in LOTS)

_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)

_SELECT_TOTALS = (
    select(_TOTALS).where(_TOTALS.c.program_id.in_(_KEYS)).order_by(_TOTALS.c.program_id)
)
_LOCK_TOTALS = _SELECT_TOTALS.with_for_update()
_SELECT_PROGRAMS = select(_PROGRAMS).where(_PROGRAMS.c.id.in_(_KEYS))
_SELECT_IDENTIFIERS = select(_IDENTIFIERS).where(
    _IDENTIFIERS.c.program_id == bindparam("program"),
    _IDENTIFIERS.c.kind == bindparam("kind"),
    _IDENTIFIERS.c.digest.in_(_KEYS),
)
_SELECT_RECEIPTS = select(_PURCHASES.c.receipt_id, _PURCHASES.c.id).where(
    _PURCHASES.c.program_id == bindparam("program"), _PURCHASES.c.receipt_id.in_(_KEYS)
)
_SELECT_PURCHASES = select(_PURCHASES).where(_PURCHASES.c.id.in_(_KEYS))
_SELECT_RETURNS = select(_RETURNS.c.purchase_id, _RETURNS.c.id).where(
    _RETURNS.c.purchase_id.in_(_KEYS)
)
_SELECT_REDEMPTIONS = select(_REDEMPTIONS).where(_REDEMPTIONS.c.id.in_(_KEYS))
_SELECT_MEMBERS = (
    select(
        _MEMBERS.c.id,
        _MEMBERS.c.program_id,
        _MEMBERS.c.address,
        _BALANCES.c.points,
        _BALANCES.c.period,
        *LOTS,
        _VAULT.c.wrapped_key,
    )
    .join_from(_MEMBERS, _BALANCES, _BALANCES.c.member_id == _MEMBERS.c.id)
    .join(_VAULT, _VAULT.c.member_id == _MEMBERS.c.id)
    .where(_MEMBERS.c.id.in_(_KEYS))
)
_SELECT_HELD = (
    select(
        _REDEMPTIONS.c.member_id,
        func.sum(_REDEMPTIONS.c.points),
        func.sum(_REDEMPTIONS.c.lapsed_points),
    )
    .where(
        _REDEMPTIONS.c.member_id.in_(_KEYS),
        _REDEMPTIONS.c.state == RedemptionState.HELD.value,
        _REDEMPTIONS.c.expires_at_ms > bindparam("now_ms"),
    )
    .group_by(_REDEMPTIONS.c.member_id)
)
_SELECT_ANSWERS = select(_ANSWERS).where(
    _ANSWERS.c.merchant_id == bindparam("merchant"), _ANSWERS.c.key.in_(_KEYS)
)


def load(connection: Connection, wants: Wants, now_ms: int, *, lock: bool) -> Loaded:
    """Reads all that is wanted; `lock` takes the programs first, so later reads are current."""
    loaded = Loaded()
    _load_programs(connection, wants.programs, loaded, _LOCK_TOTALS if lock else _SELECT_TOTALS)
    for merchant_id, keys in _by_first(wants.idempotency).items():
        found = connection.execute(_SELECT_ANSWERS, {"merchant": merchant_id, "keys": keys})
        for row in found:
            loaded.idempotency[(merchant_id, row.key)] = StoredAnswer(
                row.fingerprint, row.status_code, row.body, row.sealed_for
            )
    _load_identifiers(connection, wants.identifiers, loaded)
    for program_id, keys in _by_first(wants.receipts).items():
        found = connection.execute(_SELECT_RECEIPTS, {"program": program_id, "keys": keys})
        loaded.receipts.update({(program_id, row.receipt_id): row.id for row in found})
    if wants.purchases:
        keys = sorted(wants.purchases)
        for purchase in connection.execute(_SELECT_PURCHASES, {"keys": keys}).mappings():
            loaded.purchases[purchase["id"]] = dict(purchase)
        for row in connection.execute(_SELECT_RETURNS, {"keys": keys}):
            loaded.returned_purchases[row.purchase_id] = row.id
    if wants.redemptions:
        found = connection.execute(_SELECT_REDEMPTIONS, {"keys": sorted(wants.redemptions)})
        loaded.redemptions.update({row["id"]: dict(row) for row in found.mappings()})
    _load_members(connection, wants.members, loaded, now_ms)
    return loaded


def _load_programs(
    connection: Connection, wanted: set[str], loaded: Loaded, select_totals: Select[Any]
) -> None:
    if not wanted:
        return
    keys = {"keys": sorted(wanted)}
    totals: dict[str, Row] = {}
    for row in connection.execute(select_totals, keys).mappings():
        running = dict(row)
        totals[running.pop("program_id")] = running
    for terms in connection.execute(_SELECT_PROGRAMS, keys).mappings():
        loaded.programs[terms["id"]] = ProgramState(**terms, **totals[terms["id"]])


def _load_identifiers(
    connection: Connection, wanted: set[tuple[str, str, str]], loaded: Loaded
) -> None:
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for program_id, kind, digest in wanted:
        grouped[(program_id, kind)].append(digest)
    for (program_id, kind), digests in grouped.items():
        bound = {"program": program_id, "kind": kind, "keys": sorted(digests)}
        for row in connection.execute(_SELECT_IDENTIFIERS, bound):
            loaded.identifiers[(program_id, kind, row.digest)] = row.member_id


def _load_members(connection: Connection, wanted: set[str], loaded: Loaded, now_ms: int) -> None:
    implied = {row["member_id"] for row in loaded.purchases.values()}
    implied |= {row["member_id"] for row in loaded.redemptions.values()}
    implied |= {stored.sealed_for for stored in loaded.idempotency.values() if stored.sealed_for}
    keys = sorted(wanted | implied | set(loaded.identifiers.values()))
    if not keys:
        return
    held = {
        row[0]: (int(row[1]), int(row[2]))
        for row in connection.execute(_SELECT_HELD, {"keys": keys, "now_ms": now_ms})
    }
    for row in connection.execute(_SELECT_MEMBERS, {"keys": keys}):
        member_id, program_id, address, points, period, *lots, wrapped_key = row
        held_points, covered_points = held.get(member_id, (0, 0))
        loaded.members[member_id] = MemberState(
            id=member_id,
            program_id=program_id,
            address=address,
            points=points,
            held_points=held_points,
            wrapped_key=wrapped_key,
            word=MemberWord(period=period, buckets=tuple(lots)),
            covered_points=covered_points,
        )


def _by_first(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = defaultdict(list)
    for first, second in pairs:
        grouped[first].append(second)
    return {first: sorted(seconds) for first, seconds in grouped.items()}
