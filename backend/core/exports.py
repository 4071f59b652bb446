"""What can be exported of a program, and in which columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Final

from backend.core.errors import Conflict, InvalidInput, NotFound

Value = str | int | date | None
Columns = Mapping[str, str]
"""By name what is in it: a `text`, an `integer`, a `moment` (UTC milliseconds) or a `day`."""


class UnknownExport(NotFound):
    code = "unknown_export"
    of_pages = True


class TooManyExports(Conflict):
    code = "too_many_exports"
    of_pages = True


class ExportInvalid(InvalidInput):
    code = "export_invalid"
    of_pages = True


class Subject(Enum):
    """What an export is of."""

    MEMBERS = "members"
    OPERATIONS = "operations"
    PURCHASES = "purchases"
    REDEMPTIONS = "redemptions"
    BALANCES = "balances"


class FileFormat(Enum):
    CSV = "csv"
    PARQUET = "parquet"


PERSONAL: Final[Columns] = {
    "name": "text",
    "email": "text",
    "phone": "text",
    "card": "text",
    "external_id": "text",
}
"""What names a person; only in an export of members, and only where it was asked for."""

COLUMNS: Final[Mapping[Subject, Columns]] = {
    Subject.MEMBERS: {
        "member_id": "text",
        "state": "text",
        "created_at": "moment",
        "merged_into": "text",
        "tier": "text",
        "address": "text",
    },
    Subject.OPERATIONS: {
        "entry_no": "integer",
        "operation_id": "text",
        "recorded_at": "moment",
        "kind": "text",
        "reason": "integer",
        "member_id": "text",
        "debit_account": "text",
        "credit_account": "text",
        "points": "integer",
        "source_id": "text",
        "commitment": "text",
        "entry_hash": "text",
    },
    Subject.PURCHASES: {
        "purchase_id": "text",
        "member_id": "text",
        "receipt_id": "text",
        "occurred_at": "moment",
        "received_at": "moment",
        "amount_minor": "integer",
        "currency": "text",
        "points": "integer",
        "pending_points": "integer",
        "store_id": "text",
        "channel": "text",
        "merchant_id": "text",
        "rules_version": "integer",
    },
    Subject.REDEMPTIONS: {
        "redemption_id": "text",
        "member_id": "text",
        "points": "integer",
        "state": "text",
        "created_at": "moment",
        "closed_at": "moment",
        "refunded_points": "integer",
        "operation_id": "text",
        "merchant_id": "text",
    },
    Subject.BALANCES: {
        "member_id": "text",
        "as_of": "moment",
        "spendable_points": "integer",
        "held_points": "integer",
        "pending_points": "integer",
        "owed_points": "integer",
        "expiring_points": "integer",
        "expires_after": "day",
    },
}
"""A balance has a row for each day on which points of it expire, or one without."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def columns_of(subject: Subject, *, personal: bool) -> Columns:
    return {**COLUMNS[subject], **PERSONAL} if personal else COLUMNS[subject]


def as_csv(value: Value, kind: str) -> str:
    """A value as a spreadsheet reads it. A text that it would run as a formula gets an apostrophe
    before it (OWASP, CSV injection); numbers are no texts."""
    if value is None:
        return ""
    if kind == "moment" and isinstance(value, int):
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    return f"'{value}" if value.startswith(_FORMULA) else value
