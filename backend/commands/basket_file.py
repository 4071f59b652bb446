"""Purchase files for simulations: rows are purchases, or lines of receipts where they say so.

Beside customer_id, date and amount_<currency> a file may have the columns `receipt_id` (rows of one
receipt are lines of one basket), `time` (HH:MM, midday without it), `quantity`, `sku`, `category`,
`brand`, `store_id` and `channel`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from backend.commands.purchase_file import FilePurchase, PurchaseFileError, read_purchases
from backend.core.engine.basket import Basket, Line
from backend.core.engine.moment import Moment
from backend.core.errors import MereauError
from backend.core.simulation import SimulatedPurchase

_NOON = "12:00"
_LINE_COLUMNS = ("receipt_id", "sku", "category", "brand")
Row = tuple[FilePurchase, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class History:
    """A file's purchases, with its own currency beside that of the baskets."""

    purchases: tuple[SimulatedPurchase, ...]
    file_currency: str


def read_history(path: Path, currency: str) -> History:
    """Reads a file; its amounts are taken as minor units of `currency`, whatever it says itself.

    Raises PurchaseFileError naming the line that is wrong.
    """
    file = read_purchases(path)
    texts = csv.DictReader(path.read_bytes().decode("utf-8-sig").splitlines())
    has_lines = any(name in (texts.fieldnames or []) for name in _LINE_COLUMNS)
    rows: list[Row] = list(zip(file.purchases, texts, strict=True))
    purchases = []
    for group in _receipts(rows):
        try:
            purchases.append(_purchase(group, currency, has_lines=has_lines))
        except (MereauError, ValueError) as failure:
            raise PurchaseFileError(f"{path}, line {group[0][0].row_no + 1}: {failure}") from None
    return History(tuple(purchases), file.currency)


def _receipts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows that follow each other with one customer, day and receipt number; else row by row."""
    for _, group in groupby(rows, _receipt):
        yield list(group)


def _receipt(row: Row) -> tuple[object, ...]:
    purchase, texts = row
    receipt_id = texts.get("receipt_id")
    return (purchase.customer_id, purchase.day, receipt_id or purchase.row_no)


def _purchase(rows: list[Row], currency: str, *, has_lines: bool) -> SimulatedPurchase:
    first, texts = rows[0]
    hours, _, minutes = (texts.get("time") or _NOON).partition(":")
    minute_of_day = int(hours) * 60 + int(minutes or "0")
    if not 0 <= minute_of_day < 1440:
        raise ValueError("the time is not between 00:00 and 23:59")
    total = sum(purchase.amount_minor for purchase, _ in rows)
    basket = Basket(
        currency,
        total,
        tuple(_line(number, *row) for number, row in enumerate(rows, 1)) if has_lines else (),
        store_id=texts.get("store_id") or None,
        channel=texts.get("channel") or None,
    )
    return SimulatedPurchase(first.customer_id, Moment.on(first.day, minute_of_day), basket)


def _line(number: int, purchase: FilePurchase, texts: Mapping[str, str]) -> Line:
    return Line(
        str(number),
        purchase.amount_minor,
        int(texts.get("quantity") or "1"),
        sku=texts.get("sku") or None,
        category=texts.get("category") or None,
        brand=texts.get("brand") or None,
    )
