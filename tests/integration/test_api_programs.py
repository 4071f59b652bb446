"""Programs with expiry, limits, consent and terms: what the API takes, keeps and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_client import Shop, accepted, refused

pytest_plugins = ["tests.api_client"]
BODY: dict[str, Any] = {
    "name": "Boulangerie Martin",
    "symbol": "MARTIN",
    "currency": "EUR",
    "earning": {"points": 1, "per_amount_minor": 100},
}
EXPIRY = {"period_months": 3, "validity_periods": 4, "timezone": "Europe/Paris"}


def test_a_program_shows_the_rules_it_was_created_with(shop: Shop) -> None:
    terms = {"uri": "https://example.org/terms.pdf", "hash": "0x" + "5d" * 32}
    limits = {
        "supply_cap_points": 10_000,
        "mint_per_day_points": 500,
        "debit_per_day_points": 2**48 - 1,
    }
    rules = {"expiry": EXPIRY, "limits": limits, "signed_only": True, "notice_days": 45}
    made = accepted(shop.post("/programs", BODY | rules | {"terms": terms}))
    assert made["expiry"] == EXPIRY | {"utc_offset_minutes": 60}
    assert {name: made["limits"][name] for name in limits} == limits
    assert made["terms"] == terms
    assert (made["signed_only"], made["notice_days"]) == (True, 45)
    assert accepted(shop.get(f"/programs/{made['id']}")) == made


def test_a_program_without_rules_never_lets_points_expire(shop: Shop) -> None:
    made = accepted(shop.post("/programs", BODY))
    assert made["expiry"] is None
    assert made["terms"] is None
    assert made["limits"].pop("warnings") == []
    assert set(made["limits"].values()) == {None}
    assert (made["signed_only"], made["notice_days"]) == (False, 30)


@pytest.mark.parametrize(
    ("timezone", "minutes"),
    [("UTC", 0), ("America/New_York", -300), ("Asia/Kolkata", 330), ("Australia/Lord_Howe", 630)],
)
def test_no_month_ends_before_midnight_of_the_zone(till: Shop, timezone: str, minutes: int) -> None:
    made = accepted(till.post("/programs", BODY | {"expiry": EXPIRY | {"timezone": timezone}}))
    assert made["expiry"]["utc_offset_minutes"] == minutes


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"expiry": EXPIRY | {"period_months": 2}}, "expiry_invalid"),
        ({"expiry": EXPIRY | {"period_months": -1}}, "expiry_invalid"),
        ({"expiry": EXPIRY | {"validity_periods": 0}}, "expiry_invalid"),
        ({"expiry": EXPIRY | {"validity_periods": 5}}, "expiry_invalid"),
        ({"expiry": EXPIRY | {"period_months": 0}}, "expiry_invalid"),
        ({"expiry": EXPIRY | {"timezone": "Europe/Atlantis"}}, "timezone_unknown"),
        ({"expiry": EXPIRY | {"timezone": "localtime"}}, "timezone_unknown"),
        ({"expiry": EXPIRY | {"timezone": "../../etc/passwd"}}, "timezone_unknown"),
        ({"expiry": EXPIRY | {"timezone": "posix/Europe/Paris"}}, "timezone_unknown"),
        ({"expiry": EXPIRY | {"timezone": "America/Argentina"}}, "timezone_unknown"),
        ({"expiry": {"period_months": 3}}, "invalid_request"),
        ({"limits": {"supply_cap_points": 0}}, "limit_invalid"),
        ({"limits": {"supply_cap_points": 2**53}}, "limit_invalid"),
        ({"limits": {"mint_per_day_points": -1}}, "limit_invalid"),
        ({"limits": {"debit_per_day_points": 2**48}}, "limit_invalid"),
        ({"limits": {"mint_per_day_points": 1.5}}, "invalid_request"),
        ({"notice_days": 0}, "notice_invalid"),
        ({"notice_days": 2**70}, "notice_invalid"),
        ({"signed_only": 1}, "invalid_request"),
        ({"terms": {"uri": "terms.pdf", "hash": "0x" + "5d" * 32}}, "terms_invalid"),
        ({"terms": {"uri": "https://example.org/\n", "hash": "0x" + "5d" * 32}}, "terms_invalid"),
        ({"terms": {"uri": "https://example.org/", "hash": "0x5d"}}, "terms_invalid"),
    ],
)
def test_rules_no_contract_can_have_are_refused(
    till: Shop, rules: dict[str, Any], code: str
) -> None:
    before = till.records("programs")
    refused(till.post("/programs", BODY | rules), 422, code)
    assert till.records("programs") == before
