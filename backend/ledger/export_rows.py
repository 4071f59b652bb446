"""Rows of exports, a page at a time: nothing is ever all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from backend.core.exports import Value
from backend.core.operations import Kind
from backend.ledger.columns import table_of
from backend.ledger.rule_tables import MemberStanding
from backend.ledger.tables import JournalEntry, Member, MemberVault, Purchase, Redemption

PAGE: Final = 2_000
Line = tuple[Value, ...]
_JOURNAL, _PURCHASES = table_of(JournalEntry), table_of(Purchase)
_REDEMPTIONS, _MEMBERS = table_of(Redemption), table_of(Member)
_STANDINGS, _VAULT = table_of(MemberStanding), table_of(MemberVault)
_OPERATION: Final = (
    "recorded_at_ms", "kind", "reason", "member_id", "debit_account", "credit_account", "points",
    "source_id", "commitment", "entry_hash",
)  # fmt: skip
_PURCHASE: Final = (
    "member_id", "receipt_id", "occurred_at_ms", "received_at_ms", "amount_minor", "currency",
    "points", "pending_points", "store_id", "channel", "merchant_id", "rules_version",
)  # fmt: skip
_REDEMPTION: Final = (
    "member_id", "points", "state", "created_at_ms", "closed_at_ms", "refunded_points",
    "operation_id", "merchant_id",
)  # fmt: skip


def operations(connection: Connection, program_id: str, entry_no: int) -> Iterator[list[Line]]:
    """The journal up to an entry, in its order."""
    number = _JOURNAL.c.entry_no
    found = select(number, _JOURNAL.c.operation_id, *(_JOURNAL.c[n] for n in _OPERATION)).where(
        _JOURNAL.c.program_id == program_id, number <= entry_no
    )
    for rows in _pages(connection, found, number, 0):
        yield [(*row[:3], Kind(row.kind).name.lower(), *row[4:]) for row in rows]


def purchases(connection: Connection, program_id: str, activity_no: int) -> Iterator[list[Line]]:
    """Members' purchases up to a number, in the order in which they came."""
    number = _PURCHASES.c.activity_no
    columns = [_PURCHASES.c.id, *(_PURCHASES.c[name] for name in _PURCHASE)]
    found = select(number, *columns).where(
        _PURCHASES.c.program_id == program_id, number <= activity_no
    )
    for rows in _pages(connection, found, number, 0):
        yield [tuple(row[1:]) for row in rows]


def redemptions(connection: Connection, program_id: str, until_ms: int) -> Iterator[list[Line]]:
    """Redemptions that were made up to a moment, as they stand."""
    key = _REDEMPTIONS.c.id
    found = select(key, *(_REDEMPTIONS.c[name] for name in _REDEMPTION)).where(
        _REDEMPTIONS.c.program_id == program_id, _REDEMPTIONS.c.created_at_ms <= until_ms
    )
    for rows in _pages(connection, found, key, ""):
        yield [tuple(row) for row in rows]


def members(connection: Connection, program_id: str) -> Iterator[list[Row[Any]]]:
    """Members with their tier, and with what the vault has of them; oldest first."""
    key = _MEMBERS.c.id
    found = (
        select(
            key,
            _MEMBERS.c.state,
            _MEMBERS.c.created_at_ms,
            _MEMBERS.c.merged_into,
            _STANDINGS.c.tier_id,
            _MEMBERS.c.address,
            _VAULT.c.wrapped_key,
            _VAULT.c.sealed_identity,
        )
        .outerjoin(_STANDINGS, _STANDINGS.c.member_id == key)
        .outerjoin(_VAULT, _VAULT.c.member_id == key)
        .where(_MEMBERS.c.program_id == program_id)
    )
    yield from _pages(connection, found, key, "")


def count_of(connection: Connection, program_id: str, *, redeemed: bool) -> int:
    """How many members, or redemptions, there are: what progress is measured by."""
    table = _REDEMPTIONS if redeemed else _MEMBERS
    found = select(func.count()).select_from(table).where(table.c.program_id == program_id)
    return int(connection.execute(found).scalar_one())


def _pages(
    connection: Connection, found: Select[Any], key: ColumnElement[Any], first: str | int
) -> Iterator[list[Row[Any]]]:
    """The rows by their key, which is the first column."""
    after = first
    while rows := connection.execute(found.where(key > after).order_by(key).limit(PAGE)).all():
        yield list(rows)
        after = rows[-1][0]
