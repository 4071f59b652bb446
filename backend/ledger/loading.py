"""Bulk reads for a group of commands: a handful of statements, however many commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    func,
    select,
)

from backend.core.lifecycle import RedemptionState
from backend.ledger.bulk import wanted, wanted_keys
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
    """A member with points and the points held by redemptions that are still running."""

    id: str
    program_id: str
    address: str
    points: int
    held_points: int
    wrapped_key: bytes

    @property
    def available_points(self) -> int:
        return self.points - self.held_points


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

_IDENTIFIER_KEY = ("program_id", "kind", "digest")
_RECEIPT_KEY = ("program_id", "receipt_id")
_ANSWER_KEY = ("merchant_id", "key")


class _Statements:
    """The reads of one database, each a join of what is wanted with its table."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        program = (
            self._found(_PROGRAMS, ("id",), *_PROGRAMS.columns, *_TOTALS.columns)
            .join(_TOTALS, _TOTALS.c.program_id == _PROGRAMS.c.id)
            .order_by(_PROGRAMS.c.id)
        )
        self.programs = program
        self.locked_programs = program.with_for_update(of=_TOTALS)
        self.identifiers = self._found(_IDENTIFIERS, _IDENTIFIER_KEY, *_IDENTIFIERS.columns)
        self.receipts = self._found(
            _PURCHASES,
            _RECEIPT_KEY,
            _PURCHASES.c.program_id,
            _PURCHASES.c.receipt_id,
            _PURCHASES.c.id,
        )
        self.purchases = self._found(_PURCHASES, ("id",), *_PURCHASES.columns)
        self.returns = self._found(
            _RETURNS, ("purchase_id",), _RETURNS.c.purchase_id, _RETURNS.c.id
        )
        self.redemptions = self._found(_REDEMPTIONS, ("id",), *_REDEMPTIONS.columns)
        self.answers = self._found(_ANSWERS, _ANSWER_KEY, *_ANSWERS.columns)
        held = (
            select(cast(func.coalesce(func.sum(_REDEMPTIONS.c.points), 0), BigInteger))
            .where(
                _REDEMPTIONS.c.member_id == _MEMBERS.c.id,
                _REDEMPTIONS.c.state == RedemptionState.HELD.value,
                _REDEMPTIONS.c.expires_at_ms > bindparam("now_ms"),
            )
            .scalar_subquery()
        )
        self.members = (
            self._found(
                _MEMBERS,
                ("id",),
                _MEMBERS.c.id,
                _MEMBERS.c.program_id,
                _MEMBERS.c.address,
                _BALANCES.c.points,
                held.label("held_points"),
                _VAULT.c.wrapped_key,
            )
            .join(_BALANCES, _BALANCES.c.member_id == _MEMBERS.c.id)
            .join(_VAULT, _VAULT.c.member_id == _MEMBERS.c.id)
        )

    def _found(
        self, table: Table, key: tuple[str, ...], *columns: ColumnElement[Any]
    ) -> Select[Any]:
        keys = wanted(self.dialect, table, *key)
        matching = and_(*(table.columns[name] == keys.columns[name] for name in key))
        return select(*columns).join_from(keys, table, matching)


_statements = lru_cache(maxsize=2)(_Statements)


class _Reading:
    """Runs the reads on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements = _statements(connection.dialect.name)

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
    for row in read(statements.answers, _ANSWER_KEY, wants.idempotency):
        loaded.idempotency[(row["merchant_id"], row["key"])] = StoredAnswer(
            row["fingerprint"], row["status_code"], row["body"], row["sealed_for"]
        )
    for row in read(statements.identifiers, _IDENTIFIER_KEY, wants.identifiers):
        key = (row["program_id"], row["kind"], row["digest"])
        loaded.identifiers[key] = row["member_id"]
    for row in read(statements.receipts, _RECEIPT_KEY, wants.receipts):
        loaded.receipts[(row["program_id"], row["receipt_id"])] = row["id"]
    for row in read(statements.purchases, ("id",), _singly(wants.purchases)):
        loaded.purchases[row["id"]] = dict(row)
    for row in read(statements.returns, ("purchase_id",), _singly(wants.purchases)):
        loaded.returned_purchases[row["purchase_id"]] = row["id"]
    for row in read(statements.redemptions, ("id",), _singly(wants.redemptions)):
        loaded.redemptions[row["id"]] = dict(row)
    members = _singly(_members_of(wants, loaded))
    for row in read(statements.members, ("id",), members, now_ms=now_ms):
        loaded.members[row["id"]] = MemberState(**row)
    return loaded


def _members_of(wants: Wants, loaded: Loaded) -> set[str]:
    """The members that are wanted, and those of what was found."""
    implied = {row["member_id"] for row in loaded.purchases.values()}
    implied |= {row["member_id"] for row in loaded.redemptions.values()}
    implied |= {stored.sealed_for for stored in loaded.idempotency.values() if stored.sealed_for}
    return wants.members | implied | set(loaded.identifiers.values())


def _singly(keys: Iterable[str]) -> list[tuple[str]]:
    return [(key,) for key in keys]
