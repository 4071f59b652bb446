"""Statements that add up, and reminders with the contract's dates (FEATURES §6 cases 11 and 12)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from backend.core.calendar import Calendar, safe_utc_offset
from backend.core.days import span_ms
from backend.core.life_errors import PeriodInvalid
from backend.ledger import outbox
from backend.ledger import settlement_writes as writes
from backend.ledger.columns import table_of
from backend.ledger.crossings import rebase_crossed
from backend.ledger.engine import writing
from backend.ledger.settlement_tables import Batch
from backend.ledger.settlements import Purpose
from backend.settlement.words import Draft, encode_entries
from tests.api_client import START_MS, Clock, Shop, accepted, open_shop, refused
from tests.conftest import LedgerDatabase
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
PARIS = {"period_months": 1, "validity_periods": 1, "timezone": "Europe/Paris"}
DAY = 24 * 3600


@pytest.fixture
def shop_of_its_own(ledger_database: LedgerDatabase) -> Any:
    """A shop whose clock moves without disturbing anybody."""
    with open_shop(ledger_database, Clock()) as opened:
        yield opened


def at(shop: Shop, text: str) -> None:
    """Moves the clock to a moment, which may be in the past of no other."""
    shop.clock.now_ms = int(datetime.fromisoformat(text).timestamp() * 1000)


def statement(shop: Shop, member: str, first: str, last: str) -> dict[str, Any]:
    return accepted(shop.get(f"/members/{member}/statement", **{"from": first, "to": last}))


def adds_up(told: dict[str, Any]) -> bool:
    came = told["opening"] + told["earned"] + told["moved"] + told["adjusted"]
    return bool(came - told["redeemed"] - told["taken_back"] - told["expired"] == told["closing"])


def test_a_statement_says_what_came_and_went_and_the_next_one_goes_on(
    shop_of_its_own: Shop,
) -> None:
    shop = shop_of_its_own
    at(shop, "2026-01-10T12:00:00+00:00")
    member, twin = shop.enrol(), shop.enrol()
    bought = shop.buy(member, 10_000)
    spent = shop.redeem(member, 30, capture=True)
    shop.redeem(member, 20)
    at(shop, "2026-02-03T12:00:00+00:00")
    accepted(shop.post(f"/redemptions/{spent['id']}/refund"))
    shop.buy(twin, 700)
    accepted(shop.post(f"/members/{twin}/merge", {"into_member_id": member}))
    accepted(shop.post(f"/purchases/{bought['id']}/returns"))
    january = statement(shop, member, "2026-01-01", "2026-01-31")
    february = statement(shop, member, "2026-02-01", "2026-02-28")
    assert (january["opening"], january["earned"], january["redeemed"]) == (0, 100, 30)
    assert january["closing"] == february["opening"] == 70
    assert (february["redeemed"], february["moved"], february["taken_back"]) == (-30, 7, 100)
    available, held = shop.balance(member)
    assert february["closing"] == available + held == 7
    of_twin = statement(shop, twin, "2026-01-01", "2026-12-31")
    assert (of_twin["earned"], of_twin["moved"], of_twin["closing"]) == (7, -7, 0)
    for told in (january, february, of_twin):
        assert adds_up(told)
    accepted(shop.post(f"/members/{member}/close", {"forfeit_points": True}))
    march = statement(shop, member, "2026-02-01", "2026-03-31")
    assert (march["adjusted"], march["closing"]) == (-7, 0)
    audit(shop.database.ledger)


def test_wrong_periods_are_refused(till: Shop) -> None:
    member = till.enrol()
    path = f"/members/{member}/statement"
    refused(till.get(path, **{"from": "2026-02-01", "to": "2026-01-31"}), 422, "period_invalid")
    refused(till.get(path, **{"from": "2026-02-30", "to": "2026-03-31"}), 422, "invalid_request")
    refused(till.get(path), 422, "invalid_request")
    nobody = "mem_" + 26 * "0"
    refused(till.get(f"/members/{nobody}/statement", **{"from": "2026-01-01",
            "to": "2026-01-01"}), 404, "unknown_member")  # fmt: skip


ZONES = st.sampled_from(
    ["UTC", "Europe/Paris", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe",
     "America/Sao_Paulo", "Asia/Kathmandu"]
)  # fmt: skip


@given(zone=ZONES, first=st.dates(date(1971, 1, 1), date(2100, 1, 1)), days=st.integers(0, 60))
def test_days_follow_each_other_without_gap_or_overlap(zone: str, first: date, days: int) -> None:
    last = first + timedelta(days=days)
    from_ms, to_ms = span_ms(first, last, zone)
    assert from_ms <= to_ms
    assert span_ms(last + timedelta(days=1), last + timedelta(days=1), zone)[0] == to_ms
    if days < 60:
        with pytest.raises(PeriodInvalid):
            span_ms(last + timedelta(days=1), first, zone)


def expiring(shop: Shop, **asked: str) -> dict[str, list[tuple[int, str, str]]]:
    found = {}
    after: dict[str, str] = {}
    while True:
        page = accepted(shop.get(f"/programs/{shop.program_id}/expiring", **asked, **after))
        for one in page["data"]:
            found[one["member_id"]] = [
                (lot["points"], lot["expires_at"], lot["last_day"]) for lot in one["expiring"]
            ]
        if not page["has_more"]:
            return found
        after = {"starting_after": page["next_after"]}


@pytest.mark.parametrize(
    ("earned_at", "last_moment", "first_moment_after", "last_day"),
    [
        # Bought on 31 January: until the last of February, that has no 31st.
        ("2026-01-31T23:59:59+01:00", "2026-02-28T23:59:59+01:00", "2026-03-01T00:00:00+01:00",
         "2026-02-28"),
        # Summer time begins on 29 March: the contract's midnight is an hour after the wall's.
        ("2026-03-31T23:30:00+02:00", "2026-05-01T00:59:59+02:00", "2026-05-01T01:00:00+02:00",
         "2026-04-30"),
        # It ends on 25 October.
        ("2026-09-30T12:00:00+02:00", "2026-10-31T23:59:59+01:00", "2026-11-01T00:00:00+01:00",
         "2026-10-31"),
    ],
)  # fmt: skip
def test_case_11_a_reminder_says_the_date_on_which_the_contract_lets_points_go(
    shop_of_its_own: Shop, earned_at: str, last_moment: str, first_moment_after: str, last_day: str
) -> None:
    """FEATURES §6 case 11: one zone, end of the local day, the same date everywhere."""
    shop = shop_of_its_own
    at(shop, "2026-01-01T12:00:00+01:00")
    shop.program_id = shop.open_program(expiry=PARIS)
    at(shop, earned_at)
    member = shop.enrol()
    shop.buy(member, 1000)
    calendar = Calendar(1, 1, safe_utc_offset(ZoneInfo("Europe/Paris"), range(2026, 2076)))
    earned = calendar.period_at(shop.clock.now_ms // 1000)
    gone_s = calendar.expires_at(earned)
    assert gone_s is not None
    told = expiring(shop, within_days="60")[member]
    instant = datetime.fromtimestamp(gone_s, UTC).isoformat(timespec="milliseconds")
    assert told == [(10, instant.replace("+00:00", "Z"), last_day)]
    balance = accepted(shop.get(f"/members/{member}/balance"))["expiring"]
    assert [(lot["expires_at"], lot["last_day"]) for lot in balance] == [told[0][1:]]
    assert gone_s == datetime.fromisoformat(first_moment_after).timestamp()
    settle(shop)
    at(shop, last_moment)
    held = shop.redeem(member, 4)
    assert expiring(shop, within_days="1")[member][0][0] == 6
    at(shop, first_moment_after)
    assert shop.balance(member)[0] == 0
    # An order that was placed in time is honoured.
    captured = accepted(shop.post(f"/redemptions/{held['id']}/capture"))
    assert captured["status"] == "captured"
    assert expiring(shop, within_days="60") == {}
    told_of = statement(shop, member, earned_at[:10], "2026-12-31")
    assert (told_of["earned"], told_of["redeemed"], told_of["expired"]) == (10, 4, 6)
    assert adds_up(told_of)
    audit(shop.database.ledger)


def settle(shop: Shop) -> None:
    """Has what waits be on chain as of now: only then do points have an age there."""
    engine, now_ms, new_id = shop.database.ledger, shop.clock.now_ms, shop.house.new_id
    with engine.connect() as connection:
        waiting = outbox.waiting_entries(connection, shop.program_id, 100)
        number = next_number(connection)
    words, unfit = encode_entries(waiting)
    assert not unfit
    if not words:
        return
    draft = Draft(shop.program_id, b"\x11" * 20, number, tuple(words))
    row = draft.row(new_id("bat"), draft.with_root())
    slot = writes.NewSlot(
        id=new_id("stx"), lane=shop.program_id, nonce=number, purpose=Purpose.SETTLE,
        program_id=None, to_address="0x", calldata=b"", gas_limit=1, sealed_at_ms=now_ms,
    )  # fmt: skip
    with writing(engine) as connection:
        writes.insert_slot(connection, slot)
        writes.insert_batch(connection, slot, row)
        numbers = [word.entry_no for word in draft.words]
        outbox.assign_entries(connection, shop.program_id, numbers, row.id)
        outbox.note_words(connection, shop.program_id, draft.notes())
        assert writes.mark_included(connection, slot.id, 1, "0x", now_ms // 1000, "0x", True)
        rebase_crossed(connection, slot.id, now_ms // 1000, now_ms, new_id)


def next_number(connection: Connection) -> int:
    """The next batch's number; the test has one program."""
    return len(list(connection.execute(select(table_of(Batch).c.id)))) + 1


def test_case_12_the_oldest_go_first_and_a_lot_expires_once(shop_of_its_own: Shop) -> None:
    """FEATURES §6 case 12: earliest expiry first; what is refunded too late stays gone."""
    shop = shop_of_its_own
    at(shop, "2026-01-15T12:00:00+01:00")
    shop.program_id = shop.open_program(expiry=PARIS)
    member = shop.enrol()
    shop.buy(member, 1000)
    settle(shop)
    at(shop, "2026-02-15T12:00:00+01:00")
    shop.buy(member, 2000)
    settle(shop)
    spent = shop.redeem(member, 12, capture=True)
    lots = [p for p, _, _ in expiring(shop, within_days="90")[member]]
    assert lots == [18], "the whole of January's went, and two of February's"
    settle(shop)
    at(shop, "2026-03-10T12:00:00+01:00")
    refund = accepted(shop.post(f"/redemptions/{spent['id']}/refund"))
    assert refund["points"] == {"restored": 2, "expired": 10}
    assert [p for p, _, _ in expiring(shop, within_days="90")[member]] == [20]
    settle(shop)
    at(shop, "2026-04-10T12:00:00+02:00")
    for _ in range(2):
        told = statement(shop, member, "2026-01-01", "2026-12-31")
        assert (told["expired"], told["closing"]) == (20, 0)
        assert shop.balance(member) == (0, 0)
    audit(shop.database.ledger)


def test_reminders_come_in_pages_and_only_of_what_can_be_spent(shop_of_its_own: Shop) -> None:
    shop = shop_of_its_own
    shop.program_id = shop.open_program(expiry=PARIS)
    members = [shop.enrol() for _ in range(5)]
    for number, member in enumerate(members[:4]):
        shop.buy(member, 1000 * (number + 1))
    shop.redeem(members[3], 40, capture=True)
    found = expiring(shop, within_days="90", limit="2")
    assert {member: lots[0][0] for member, lots in found.items()} == {
        members[0]: 10, members[1]: 20, members[2]: 30,
    }  # fmt: skip
    assert expiring(shop, within_days="10") == {}
    shop.program_id = shop.open_program(name="Endless")
    shop.buy(shop.enrol())
    assert expiring(shop, within_days="366") == {}
    refused(shop.get(f"/programs/{shop.program_id}/expiring", starting_after="x"), 404,
            "unknown_member")  # fmt: skip
    assert shop.clock.now_ms == START_MS
