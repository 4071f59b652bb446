"""Vouchers at the till: check, reserve, redeem, release, reverse; gift cards; codes."""

from __future__ import annotations

from typing import Any

import pytest

from backend.api.fields import to_rfc3339
from tests.api_client import HOLD_SECONDS, Shop, accepted, another_merchant, refused
from tests.integration.spending_kit import COFFEE, gift_card, use

pytest_plugins = ["tests.api_client"]
on_sqlite = pytest.mark.parametrize("shared_shop", ["sqlite"], indirect=True)


def coupon(till: Shop, uses: int = 1, **terms: str) -> str:
    """The code of a voucher for a free coffee."""
    body = {
        "program_id": till.program_id,
        "kind": "uses",
        "uses": uses,
        "benefit": {"kind": "product", "title": COFFEE, "sku": "COFFEE"},
    }
    return str(accepted(till.post("/vouchers", body | terms))["code"])


def units(till: Shop, code: str) -> tuple[int, int, int]:
    """What is free, reserved and spent of a voucher."""
    read = accepted(till.post("/vouchers/check", {"code": code}))
    return read["free_units"], read["reserved_units"], read["spent_units"]


def test_a_gift_card_is_spent_in_parts_over_several_sales(till: Shop) -> None:
    code = gift_card(till, 5000)["code"]
    first = use(till, code, amount_minor=2000, reference="T1-1")
    assert (first["status"], first["units"], first["reference"]) == ("reserved", 2000, "T1-1")
    assert units(till, code) == (3000, 2000, 0)
    too_much = {"code": code, "amount_minor": 3001}
    problem = refused(till.post("/voucher-uses", too_much), 409, "voucher_value_exceeded")
    assert problem["free_units"] == 3000
    paid = accepted(till.post(f"/voucher-uses/{first['id']}/redeem", {"amount_minor": 1800}))
    assert (paid["status"], paid["redeemed_units"]) == ("redeemed", 1800)
    assert units(till, code) == (3200, 0, 1800)
    rest = use(till, code, redeem=True)
    assert rest["redeemed_units"] == 3200
    problem = refused(till.post("/voucher-uses", {"code": code}), 409, "voucher_not_usable")
    assert problem["reason"] == "used_up"


def test_a_reservation_runs_out_by_itself(till: Shop) -> None:
    code = coupon(till)
    reserved = use(till, code)
    refused(till.post("/voucher-uses", {"code": code}), 409, "voucher_not_usable")
    till.clock.forward(HOLD_SECONDS)
    assert units(till, code) == (1, 0, 0)
    path = f"/voucher-uses/{reserved['id']}"
    assert refused(till.post(f"{path}/redeem"), 409, "voucher_use_closed")["state"] == "expired"
    use(till, code, redeem=True)
    refused(till.post(f"{path}/release"), 409, "voucher_use_closed")
    assert units(till, code) == (0, 0, 1)


@on_sqlite
def test_release_and_multiple_uses(till: Shop) -> None:
    code = coupon(till, uses=3)
    held = use(till, code)
    use(till, code, redeem=True)
    assert units(till, code) == (1, 1, 1)
    released = accepted(till.post(f"/voucher-uses/{held['id']}/release"))
    assert released["status"] == "released"
    assert units(till, code) == (2, 0, 1)
    refused(till.post(f"/voucher-uses/{held['id']}/redeem"), 409, "voucher_use_closed")


@on_sqlite
def test_a_redemption_is_given_back_in_parts_and_never_more(till: Shop) -> None:
    code = gift_card(till, 5000)["code"]
    spent = use(till, code, amount_minor=4000, redeem=True)
    path = f"/voucher-uses/{spent['id']}/reverse"
    assert accepted(till.post(path, {"amount_minor": 1500}))["status"] == "redeemed"
    refused(till.post(path, {"amount_minor": 2501}), 409, "voucher_value_exceeded")
    assert accepted(till.post(path))["status"] == "reversed"
    refused(till.post(path), 409, "voucher_use_closed")
    assert units(till, code) == (5000, 0, 0)


@on_sqlite
def test_a_voucher_has_its_time(till: Shop) -> None:
    now_ms = till.clock()
    times = {
        "valid_from": to_rfc3339(now_ms + 60_000),
        "expires_at": to_rfc3339(now_ms + 120_000),
    }
    code = coupon(till, uses=2, **times)
    ask = {"code": code}
    assert accepted(till.post("/vouchers/check", ask))["reason"] == "not_yet_valid"
    till.clock.now_ms = now_ms + 60_000
    use(till, code, redeem=True)
    till.clock.now_ms = now_ms + 119_999
    in_time = use(till, code)
    till.clock.now_ms = now_ms + 120_000
    problem = refused(till.post("/voucher-uses", ask), 409, "voucher_not_usable")
    assert problem["reason"] == "expired"
    accepted(till.post(f"/voucher-uses/{in_time['id']}/redeem"))


@on_sqlite
def test_a_void_voucher_takes_no_use(till: Shop) -> None:
    card = gift_card(till)
    held = use(till, card["code"], amount_minor=100)
    accepted(till.post(f"/vouchers/{card['id']}/void"))
    problem = refused(till.post("/voucher-uses", {"code": card["code"]}), 409, "voucher_not_usable")
    assert problem["reason"] == "void"
    accepted(till.post(f"/voucher-uses/{held['id']}/redeem"))


@on_sqlite
def test_a_code_is_taken_as_typed_and_a_mistyped_one_is_told_from_an_unknown_one(
    till: Shop,
) -> None:
    card = gift_card(till)
    code, compact = card["code"], card["barcode"]
    for text in (code, code.lower(), compact, f" {compact} ", card["qr"], code.replace("-", " ")):
        assert accepted(till.post("/vouchers/check", {"code": text}))["id"] == card["id"]
    swapped = compact[:3] + compact[4] + compact[3] + compact[5:]
    if swapped != compact:
        refused(till.post("/vouchers/check", {"code": swapped}), 422, "voucher_code_invalid")
    for text in ("", "X", "0" * 16, "é" * 16, "2" * 65):
        refused(till.post("/vouchers/check", {"code": text}), 422, "voucher_code_invalid")
    refused(till.post("/vouchers/check", {"code": "2" * 16}), 404, "unknown_voucher")


@on_sqlite
def test_no_code_is_stored_as_it_is(till: Shop) -> None:
    card = gift_card(till)
    again = accepted(till.get(f"/vouchers/{card['id']}"))
    assert (again["code"], again["qr"]) == (card["code"], card["qr"])
    use(till, card["code"])
    stored = repr(till.snapshot())
    assert card["code"] not in stored
    assert card["barcode"] not in stored


@on_sqlite
def test_what_a_voucher_cannot_be(till: Shop) -> None:
    body: dict[str, Any] = {
        "program_id": till.program_id,
        "kind": "value",
        "amount_minor": 100,
        "benefit": {"kind": "gift_card", "title": COFFEE},
    }
    wrong: list[dict[str, Any]] = [{"amount_minor": 0}, {"amount_minor": 10**12 + 1}]
    wrong.append({"expires_at": "2025-01-01T00:00:00Z"})
    for change in wrong:
        refused(till.post("/vouchers", body | change), 422, "voucher_invalid")
    refused(till.post("/vouchers", body | {"uses": 2}), 422, "invalid_request")


@on_sqlite
def test_vouchers_of_others_do_not_exist(till: Shop) -> None:
    card = gift_card(till)
    held = use(till, card["code"], amount_minor=100)
    rival = another_merchant(till)
    refused(rival.post("/vouchers/check", {"code": card["code"]}), 404, "unknown_voucher")
    refused(rival.post("/voucher-uses", {"code": card["code"]}), 404, "unknown_voucher")
    refused(rival.get(f"/vouchers/{card['id']}"), 404, "unknown_voucher")
    refused(rival.post(f"/vouchers/{card['id']}/void"), 404, "unknown_voucher")
    refused(rival.post(f"/voucher-uses/{held['id']}/release"), 404, "unknown_voucher_use")
