"""Purchase files: CSV with the columns customer_id, date, quantity and amount_<currency>."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path

from backend.commands.errors import OperatorError
from backend.core.errors import MereauError
from backend.core.money import currency_exponent, parse_decimal_minor

_NOON = time(12, 0, tzinfo=UTC)


class PurchaseFileError(OperatorError):
    """The file is not a purchase file; the message says where."""


@dataclass(frozen=True, slots=True)
class FilePurchase:
    """One row; `row_no` counts from 1 and makes the receipt: equal rows are two purchases."""

    row_no: int
    customer_id: str
    day: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PurchaseFile:
    """A file's purchases in its own order."""

    stem: str
    digest: str
    currency: str
    purchases: list[FilePurchase]

    @property
    def last_day(self) -> date:
        return max(purchase.day for purchase in self.purchases)

    @property
    def customers(self) -> list[str]:
        return sorted({purchase.customer_id for purchase in self.purchases})

    def receipt_id(self, purchase: FilePurchase) -> str:
        return f"{self.stem}-{purchase.row_no:06d}"


def read_purchases(path: Path) -> PurchaseFile:
    """Reads a whole file; raises PurchaseFileError naming the line that is wrong."""
    try:
        raw = path.read_bytes()
        lines = raw.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as failure:
        raise PurchaseFileError(f"{path} cannot be read: {failure}") from failure
    rows = csv.DictReader(lines)
    amounts = [name for name in rows.fieldnames or [] if name.startswith("amount_")]
    if not {"customer_id", "date"} <= set(rows.fieldnames or []) or len(amounts) != 1:
        raise PurchaseFileError(
            f"{path} needs the columns customer_id, date and one amount_<currency>"
        )
    currency = amounts[0].removeprefix("amount_").upper()
    purchases = []
    try:
        exponent = currency_exponent(currency)
        for row_no, row in enumerate(rows, 1):
            amount_minor = parse_decimal_minor(row[amounts[0]] or "", exponent)
            day = date.fromisoformat(row["date"] or "")
            if not row["customer_id"]:
                raise ValueError("the customer_id is empty")
            purchases.append(FilePurchase(row_no, row["customer_id"], day, amount_minor))
    except (MereauError, ValueError, TypeError, AttributeError) as failure:
        raise PurchaseFileError(f"{path}, line {len(purchases) + 2}: {failure}") from failure
    if not purchases:
        raise PurchaseFileError(f"{path} has no purchases")
    return PurchaseFile(path.stem, sha256(raw).hexdigest(), currency, purchases)


def days_to_yesterday(file: PurchaseFile, now_ms: int) -> int:
    """By how many days to shift the file so that its last purchase is yesterday (UTC)."""
    today = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now_ms)).date()
    return (today - timedelta(days=1) - file.last_day).days


def occurred_at(purchase: FilePurchase, shift_days: int) -> str:
    """The purchase's moment, RFC 3339: the file knows the day only, so noon UTC."""
    return datetime.combine(purchase.day + timedelta(days=shift_days), _NOON).isoformat()
