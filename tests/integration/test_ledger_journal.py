"""The journal: append-only, contiguous, hash-chained, and what every sum is made of."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.core.journal import entry_hash
from backend.ledger.engine import writing
from tests.api_client import Shop, accepted, audit, records_of

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


@pytest.mark.parametrize(
    "statement", ["UPDATE journal SET points = points + 1", "DELETE FROM journal"]
)
def test_the_journal_takes_nothing_back(shop: Shop, statement: str) -> None:
    some_traffic(shop)
    before = shop.snapshot()
    with pytest.raises(DBAPIError, match="append-only"), writing(shop.database.ledger) as c:
        c.execute(text(statement))
    assert shop.snapshot() == before


@pytest.mark.parametrize("column", ["points", "member_id", "details", "recorded_at_ms", "entry_no"])
def test_a_changed_entry_breaks_the_chain(shop: Shop, column: str) -> None:
    some_traffic(shop)
    [first, *_] = records_of(shop.database.ledger, "journal")
    sealed = first.pop("entry_hash")
    genesis = "0x" + "0" * 64
    assert entry_hash(genesis, first) == sealed
    value = first[column]
    first[column] = value + 1 if isinstance(value, int) else f"{value}x"
    assert entry_hash(genesis, first) != sealed
