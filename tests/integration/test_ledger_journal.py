"""The journal: append-only, contiguous, hash-chained, and what every sum is made of."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.core.journal import GENESIS_HASH, entry_hash
from backend.ledger.engine import writing
from tests.api_client import Shop, accepted
from tests.ledger_audit import audit, records_of

pytest_plugins = ["tests.api_client"]


def some_traffic(shop: Shop) -> str:
    """Purchases, a redemption, a hold and a return; the member's id."""
    member = shop.enrol()
    first = shop.buy(member, 2599)
    shop.buy(member, 99)
    shop.redeem(member, 7, capture=True)
    shop.redeem(member, 3)
    accepted(shop.post(f"/purchases/{first['id']}/returns"))
    return member


def test_the_books_balance_after_traffic_in_two_programs(shop: Shop) -> None:
    some_traffic(shop)
    shop.program_id = shop.open_program(name="Second")
    some_traffic(shop)
    audit(shop.database.ledger)
    kinds = [row["kind"] for row in records_of(shop.database.ledger, "journal")]
    assert kinds == [1, 3, 4] * 2


def test_the_journal_takes_nothing_back(shop: Shop) -> None:
    some_traffic(shop)
    before = shop.snapshot()
    for statement in ("UPDATE journal SET points = points + 1", "DELETE FROM journal"):
        with pytest.raises(DBAPIError, match="append-only"), writing(shop.database.ledger) as c:
            c.execute(text(statement))
    assert shop.snapshot() == before


def test_a_changed_entry_breaks_the_chain(shop: Shop) -> None:
    some_traffic(shop)
    [first, *_] = records_of(shop.database.ledger, "journal")
    sealed = first.pop("entry_hash")
    assert entry_hash(GENESIS_HASH, first) == sealed
    for column, value in first.items():
        changed = value + 1 if isinstance(value, int) else f"{value}x"
        assert entry_hash(GENESIS_HASH, first | {column: changed}) != sealed


def test_an_entry_left_out_breaks_the_chain(shop: Shop) -> None:
    some_traffic(shop)
    entries = records_of(shop.database.ledger, "journal")
    head = GENESIS_HASH
    for entry in entries[:1] + entries[2:]:
        sealed = entry.pop("entry_hash")
        assert (entry_hash(head, entry) == sealed) is (entry["entry_no"] == 1)
        head = sealed
