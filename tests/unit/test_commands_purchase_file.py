"""Purchase files: what is read, which line is blamed, and how dates are shifted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.commands.purchase_file import (
    FilePurchase,
    PurchaseFile,
    PurchaseFileError,
    days_to_yesterday,
    occurred_at,
    read_purchases,
)

HEADER = "customer_id,date,quantity,amount_usd"
DAY_MS = 24 * 3600 * 1000


def write(folder: Path, *lines: str) -> Path:
    path = folder / "shop.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    return path


def test_every_row_is_a_purchase_with_a_receipt_of_its_own(tmp_path: Path) -> None:
    row = "00004,1997-01-01,2,29.33"
    file = read_purchases(write(tmp_path, row, row, "00021,1997-01-02,1,0.00"))
    assert [purchase.amount_minor for purchase in file.purchases] == [2933, 2933, 0]
    receipts = [file.receipt_id(purchase) for purchase in file.purchases]
    assert receipts == ["shop-000001", "shop-000002", "shop-000003"]
    assert file.customers == ["00004", "00021"]
    assert (file.currency, file.last_day) == ("USD", date(1997, 1, 2))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("00004,1997-01-01,2,29.333", "more than 2 decimals"),
        ("00004,1997-01-01,2,-1.00", "plain decimal"),
        ("00004,1997-01-01,2,1e3", "plain decimal"),
        ("00004,1997-01-01,2,NaN", "plain decimal"),
        ("00004,1997-01-01,2,", "plain decimal"),
        ("00004,1997-01-01,2", "plain decimal"),
        ("00004,1997-13-01,2,1.00", "month"),
        ("00004,yesterday,2,1.00", "yesterday"),
        (",1997-01-01,2,1.00", "customer"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, what: str) -> None:
    path = write(tmp_path, "00004,1997-01-01,2,29.33", line)
    with pytest.raises(PurchaseFileError, match=r"shop\.csv, line 3: ") as refused:
        read_purchases(path)
    assert what in str(refused.value)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "needs the columns"),
        (b"customer_id,date\n1,1997-01-01\n", "needs the columns"),
        (b"customer_id,date,amount_usd,amount_eur\n", "needs the columns"),
        (HEADER.encode(), "has no purchases"),
        (b"customer_id,date,amount_zzz\n1,1997-01-01,1.00\n", "line 2: "),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_what_is_no_purchase_file_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "shop.csv"
    path.write_bytes(content)
    with pytest.raises(PurchaseFileError, match=what):
        read_purchases(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(PurchaseFileError, match="cannot be read"):
            read_purchases(path)


def test_a_byte_order_mark_and_windows_lines_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_bytes(f"\ufeff{HEADER}\r\n00004,1997-01-01,2,29.33\r\n".encode())
    assert read_purchases(path).purchases == [FilePurchase(1, "00004", date(1997, 1, 1), 2933)]


@given(
    st.lists(st.dates(date(1990, 1, 1), date(2030, 1, 1)), min_size=1, max_size=20),
    st.integers(0, 60_000 * DAY_MS),
)
def test_the_shift_keeps_order_and_gaps_and_ends_yesterday(days: list[date], now_ms: int) -> None:
    purchases = [FilePurchase(number, "c", day, 1) for number, day in enumerate(days, 1)]
    shift = days_to_yesterday(PurchaseFile("shop", "", "USD", purchases), now_ms)
    moments = [datetime.fromisoformat(occurred_at(purchase, shift)) for purchase in purchases]
    first = purchases[0].day
    assert [moment - moments[0] for moment in moments] == [day - first for day in days]
    today = date(1970, 1, 1) + timedelta(days=now_ms // DAY_MS)
    assert max(moments).date() == today - timedelta(days=1)
