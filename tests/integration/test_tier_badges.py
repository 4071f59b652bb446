"""A tier on chain: its badge is issued once when it is reached, and taken back when it ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.chain.keccak import selector
from tests.anvil import Anvil
from tests.api_client import accepted
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front
from tests.integration.tier_kit import DAY_S, document, publish, sweep, tier_id

pytest_plugins = ["tests.integration.settle_fixtures"]
MINUTE_MS = 60_000


@pytest.fixture
def front(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Iterator[Front]:
    with open_front(ledger_database, shared_anvil) as opened:
        opened.desk.now_ms = opened.till.clock.now_ms
        yield opened


def finish(front: Front) -> None:
    """A minute later, when the sweep looks again, until all is final."""
    front.desk.step(later_ms=MINUTE_MS)
    front.settle()
    front.desk.finalize()
    front.settle()


def held_on_chain(front: Front, member_id: str) -> int:
    badge = front.desk.deployment.badge
    assert badge is not None
    asked = selector("balanceOf(address)") + bytes(12) + bytes.fromhex(front.address(member_id)[2:])
    return int.from_bytes(front.desk.chain.call(badge, asked))


def badges(front: Front, member_id: str) -> list[tuple[str, bool]]:
    data = accepted(front.till.get(f"/members/{member_id}/badges"))["data"]
    return [(one["type"], one["held"]) for one in data]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_tier_has_its_badge_as_long_as_it_is_held(front: Front) -> None:
    till = front.till
    publish(till, document())
    gold, silver, gifted = till.enrol(), till.enrol(), till.enrol()
    at = "2026-01-01T00:00:00Z"
    till.buy(gold, 60_000, occurred_at=at)
    till.buy(silver, 10_000, occurred_at=at)
    given = till.post(f"/members/{gifted}/badges", {"type": "gold"}).json()
    till.buy(gifted, 60_000, occurred_at=at)
    finish(front)
    assert [held_on_chain(front, one) for one in (gold, silver, gifted)] == [1, 0, 1]
    assert badges(front, gold) == [("gold", True)]
    assert badges(front, gifted) == [("gold", True)]
    finish(front)
    assert badges(front, gold) == [("gold", True)]

    # In February 2027 what was bought in January 2026 counts no more.
    till.clock.forward(396 * DAY_S)
    front.desk.now_ms = till.clock.now_ms
    assert sweep(till) == 3
    finish(front)
    assert tier_id(till, gold) == "bronze"
    assert badges(front, gold) == [("gold", False)]
    assert [held_on_chain(front, one) for one in (gold, gifted)] == [0, 1]
    assert accepted(till.get(f"/members/{gifted}/badges"))["data"][0]["id"] == given["id"]

    till.buy(gold, 60_000, occurred_at="2027-02-01T00:00:00Z")
    finish(front)
    assert badges(front, gold) == [("gold", False), ("gold", True)]
    assert held_on_chain(front, gold) == 1
