"""Bulk reads for a group of commands: a handful of statements, however many commands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select

from backend.core.calendar import Calendar
from backend.ledger import calls
from backend.ledger.badges import BadgeRecord, badges_of
from backend.ledger.bulk import wanted_keys
from backend.ledger.earning_loading import load_earning
from backend.ledger.earning_state import EarningState
from backend.ledger.lives import guest_purchase, sealed_identity
from backend.ledger.load_statements import (
    ANSWER_KEY,
    IDENTIFIER_KEY,
    RECEIPT_KEY,
    statements_of,
)
from backend.ledger.member_state import MemberState as MemberState  # other rooms know it here
from backend.ledger.member_state import member_state
from backend.ledger.partners import Partner, all_partners, partners_of
from backend.ledger.returns_state import ReturnsState, load_returns
from backend.ledger.signing_asked import SigningAsked, signing_asked
from backend.ledger.spending_loads import Spending, load_spending
from backend.ledger.subscriptions import paid_already, subscriptions_of
from backend.ledger.wants import Wants

Row = dict[str, Any]


calendar: Final = lru_cache(maxsize=1024)(Calendar)


@dataclass(slots=True)
class ProgramState:
    """A program's terms and running totals, as they are inside this transaction.

    `partners` are a coalition's that take part now, by merchant.
    """

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
    rules_version: int | None = None
    rules_hash: str | None = None
    waiting_returns: int = 0
    activity_count: int = 0
    tells: bool = False
    card_check: str = "none"
    guest_claim_days: int = 30
    coalition: bool = False
    partners: dict[str, Partner] = field(default_factory=dict)

    @property
    def net_points(self) -> int:
        """What the program's members own."""
        spent_points = self.redeemed_points + self.returned_points + self.expired_points
        return self.minted_points - spent_points

    @property
    def calendar(self) -> Calendar:
        """How the program's points age."""
        return calendar(self.period_months, self.validity_periods, self.utc_offset_minutes)

    def next_activity(self) -> int:
        """The number of a member's purchase or return: readers find what they have not seen."""
        self.activity_count += 1
        return self.activity_count

    def totals(self) -> Row:
        return {
            "minted_points": self.minted_points,
            "redeemed_points": self.redeemed_points,
            "returned_points": self.returned_points,
            "expired_points": self.expired_points,
            "entry_count": self.entry_count,
            "head_hash": self.head_hash,
            "rules_version": self.rules_version,
            "rules_hash": self.rules_hash,
            "waiting_returns": self.waiting_returns,
            "activity_count": self.activity_count,
        }


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
    blocked_cards: set[tuple[str, str, str]] = field(default_factory=set)
    receipts: dict[tuple[str, str], str] = field(default_factory=dict)
    purchases: dict[str, Row] = field(default_factory=dict)
    returns: ReturnsState = field(default_factory=ReturnsState)
    redemptions: dict[str, Row] = field(default_factory=dict)
    idempotency: dict[tuple[str, str], StoredAnswer] = field(default_factory=dict)
    open_calls: dict[str, str] = field(default_factory=dict)
    burning: dict[str, str] = field(default_factory=dict)
    """By redemption, the call that is to burn it and is not final."""

    signing_asked: dict[str, SigningAsked] = field(default_factory=dict)
    taken_addresses: set[tuple[str, str]] = field(default_factory=set)
    badges: dict[str, list[BadgeRecord]] = field(default_factory=dict)
    earning: EarningState = field(default_factory=EarningState)
    spending: Spending = field(default_factory=Spending)
    identities: dict[str, bytes] = field(default_factory=dict)
    guests: dict[str, Row] = field(default_factory=dict)
    former_partners: dict[tuple[str, str], Partner] = field(default_factory=dict)
    subscriptions: dict[str, Row] = field(default_factory=dict)
    club_receipts: dict[tuple[str, str], str] = field(default_factory=dict)


class _Reading:
    """Runs the reads on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements = statements_of(connection.dialect.name)

    def rows(
        self,
        statement: Select[Any],
        names: Sequence[str],
        keys: Iterable[tuple[str, ...]],
        **bound: int,
    ) -> Iterable[RowMapping]:
        """What is there of the keys; asks nothing when there are none."""
        listed = list(keys)
        if not listed:
            return ()
        wanted_list = wanted_keys(self.statements.dialect, names, listed)
        return self._connection.execute(statement, {"wanted": wanted_list, **bound}).mappings()


def load(connection: Connection, wants: Wants, now_ms: int, *, lock: bool) -> Loaded:
    """Reads all that is wanted; `lock` takes the programs first, so later reads are current."""
    loaded = Loaded()
    reading = _Reading(connection)
    read, statements = reading.rows, reading.statements
    programs = statements.locked_programs if lock else statements.programs
    for row in read(programs, ("id",), _singly(wants.programs)):
        program = dict(row)
        del program["program_id"]
        loaded.programs[program["id"]] = ProgramState(**program)
    for state in loaded.programs.values():
        if state.coalition:
            state.partners = partners_of(connection, state.id)
    for row in read(statements.answers, ANSWER_KEY, wants.idempotency):
        loaded.idempotency[(row["merchant_id"], row["key"])] = StoredAnswer(
            row["fingerprint"], row["status_code"], row["body"], row["sealed_for"]
        )
    for row in read(statements.identifiers, IDENTIFIER_KEY, wants.identifiers):
        key = (row["program_id"], row["kind"], row["digest"])
        if row["member_id"] is None:
            loaded.blocked_cards.add(key)
        else:
            loaded.identifiers[key] = row["member_id"]
    for row in read(statements.receipts, RECEIPT_KEY, wants.receipts | wants.returned):
        loaded.receipts[(row["program_id"], row["receipt_id"])] = row["id"]
    returned = {loaded.receipts[key] for key in wants.returned if key in loaded.receipts}
    for row in read(statements.purchases, ("id",), _singly(wants.purchases | returned)):
        loaded.purchases[row["id"]] = dict(row)
    paying = load_returns(connection, wants, loaded)
    for row in read(statements.redemptions, ("id",), _singly(wants.redemptions | paying)):
        loaded.redemptions[row["id"]] = dict(row)
        if row["operation_id"] is not None:
            call_id = calls.burning_call(connection, row["operation_id"])
            if call_id is not None:
                loaded.burning[row["id"]] = call_id
    loaded.spending = load_spending(read, connection.dialect.name, wants, now_ms)
    wanted_members = _members_of(wants, loaded)
    _load_members(reading, loaded, wanted_members, now_ms)
    _load_members(reading, loaded, load_earning(connection, wants, loaded), now_ms)
    for member_id in wants.identities:
        if (sealed := sealed_identity(connection, member_id)) is not None:
            loaded.identities[member_id] = sealed
    for purchase_id in wants.guests:
        if (guest := guest_purchase(connection, purchase_id)) is not None:
            loaded.guests[purchase_id] = guest
    for program_id, merchant_id in wants.former_partners:
        for partner in all_partners(connection, program_id):
            if partner.merchant_id == merchant_id:
                loaded.former_partners[program_id, merchant_id] = partner
    indebted = {member.id for member in loaded.members.values() if member.debt_points}
    for member_id in wants.calls_of | indebted:
        if (call_id := calls.open_call_of_member(connection, member_id)) is not None:
            loaded.open_calls[member_id] = call_id
        if (asked := signing_asked(connection, member_id)) is not None:
            loaded.signing_asked[member_id] = asked
    for place in wants.addresses:
        if calls.address_taken(connection, *place):
            loaded.taken_addresses.add(place)
    for member_id in wants.badges_of:
        loaded.badges[member_id] = badges_of(connection, member_id)
    for member_id in sorted(wants.subscriptions_of):
        loaded.subscriptions |= subscriptions_of(connection, member_id)
    for receipt in sorted(wants.club_receipts):
        if (subscription_id := paid_already(connection, *receipt)) is not None:
            loaded.club_receipts[receipt] = subscription_id
    return loaded


def _load_members(
    reading: _Reading, loaded: Loaded, member_ids: Collection[str], now_ms: int
) -> None:
    while member_ids:
        keys = _singly(member_ids)
        for row in reading.rows(reading.statements.members, ("id",), keys, now_ms=now_ms):
            loaded.members[row["id"]] = member_state(row)
        # Whoever was merged is answered for by the member they became.
        became = {member.merged_into for member in loaded.members.values() if member.merged_into}
        member_ids = became - loaded.members.keys()


def _members_of(wants: Wants, loaded: Loaded) -> set[str]:
    """The members that are wanted, and those of what was found."""
    implied = {row["member_id"] for row in loaded.purchases.values() if row["member_id"]}
    implied |= {row["member_id"] for row in loaded.redemptions.values()}
    implied |= {row["member_id"] for row in loaded.spending.claims.values()}
    implied |= {stored.sealed_for for stored in loaded.idempotency.values() if stored.sealed_for}
    return wants.members | implied | set(loaded.identifiers.values())


def _singly(keys: Iterable[str]) -> list[tuple[str]]:
    return [(key,) for key in keys]
