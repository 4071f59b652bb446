"""Several merchants in one program: each with its own key, its own earning, its own eyes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.api_client import Shop, accepted, another_merchant, refused
from tests.integration.test_lives import PHONE, bought_by, identify
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
YEAR = {"from": "2026-01-01", "to": "2026-12-31"}
HALF = {"points": 1, "per_amount_minor": 200}


@pytest.fixture
def baker(till: Shop) -> Shop:
    """The program's own merchant."""
    return till


@pytest.fixture
def florist(baker: Shop) -> Shop:
    """A partner who gives half as much; its own program stays beside."""
    other = another_merchant(baker, "Fleurs")
    join(baker, other)
    return replace(other, program_id=baker.program_id)


def join(owner: Shop, other: Shop, earning: dict[str, int] = HALF) -> dict[str, Any]:
    body = {"merchant_id": other.merchant_id, "earning": earning}
    return accepted(owner.post(f"/programs/{owner.program_id}/partners", body))


def clearing(shop: Shop) -> dict[str, Any]:
    return accepted(shop.get(f"/programs/{shop.program_id}/clearing", **YEAR))


def test_a_partner_earns_and_redeems_with_its_own_key_and_rate(baker: Shop, florist: Shop) -> None:
    member = florist.enrol(phone=PHONE)
    at_florist = florist.buy(member, 10_000)
    assert at_florist["points"]["earned"] == 50
    assert at_florist["points"]["reasons"][0]["text"] == "1 point per 2.00 EUR"
    assert bought_by(baker, phone=PHONE) == member
    assert (
        accepted(florist.post("/purchases/quote", identify(florist, phone=PHONE)))["points"][
            "earned"
        ]
        == 5
    )
    redeemed = baker.redeem(member, 40, capture=True)
    assert baker.balance(member) == florist.balance(member) == (20, 0)
    accepted(florist.post("/redemptions", florist.redemption(member, 20, capture=True)))
    assert accepted(baker.post(f"/redemptions/{redeemed['id']}/refund"))["points"]["restored"] == 40
    audit(baker.database.ledger)


def test_invariant_i11_a_partner_sees_what_its_own_tills_did(baker: Shop, florist: Shop) -> None:
    member = baker.enrol(phone=PHONE)
    bought = baker.buy(member, 5000)
    held = baker.redeem(member, 10)
    mine = florist.buy(member, 2000)
    seen = accepted(florist.get("/members", phone=PHONE))["data"]
    assert [(one["id"], one["phone"]) for one in seen if one["program_id"] == baker.program_id] \
        == [(member, None)]  # fmt: skip
    history = accepted(florist.get(f"/members/{member}/history"))["data"]
    assert [entry["operation_id"] for entry in history] == mine["operation_ids"]
    assert len(accepted(baker.get(f"/members/{member}/history"))["data"]) == 2
    accepted(baker.get(f"/operations/{mine['operation_ids'][0]}"))
    program = baker.program_id
    for method, path, body, code in (
        ("GET", f"/operations/{bought['operation_ids'][0]}", None, "unknown_operation"),
        ("GET", f"/programs/{program}/supply", None, "unknown_program"),
        ("GET", f"/programs/{program}/partners", None, "unknown_program"),
        ("GET", f"/programs/{program}/expiring", None, "unknown_program"),
        ("GET", f"/members/{member}/statement?from=2026-01-01&to=2026-01-31", None,
         "unknown_member"),
        ("POST", f"/purchases/{bought['id']}/returns", None, "unknown_purchase"),
        ("POST", f"/redemptions/{held['id']}/capture", None, "unknown_redemption"),
        ("POST", f"/redemptions/{held['id']}/cancel", None, "unknown_redemption"),
        ("POST", f"/members/{member}/deactivate", None, "unknown_member"),
        ("POST", f"/members/{member}/erase", {}, "unknown_member"),
        ("POST", f"/members/{member}/identifiers", {"phone": "+33700000000"}, "unknown_member"),
        ("POST", f"/members/{member}/card-replacement", {}, "unknown_member"),
        ("POST", f"/programs/{program}/partners",
         {"merchant_id": florist.merchant_id, "earning": HALF}, "unknown_program"),
        ("POST", f"/programs/{program}/cards", {"count": 1}, "unknown_program"),
    ):  # fmt: skip
        headers = {"Idempotency-Key": f"eyes-{next(baker.numbers)}"}
        answer = florist.request(method, f"/v1{path}", json=body, headers=headers)
        refused(answer, 404, code)
    accepted(florist.post(f"/purchases/{mine['id']}/returns"))
    listed = accepted(florist.get("/programs"))["data"]
    assert program in {one["id"] for one in listed}
    stranger = another_merchant(baker, "Stranger")
    refused(stranger.get(f"/programs/{program}"), 404, "unknown_program")
    refused(stranger.get(f"/members/{member}"), 404, "unknown_member")


def test_clearing_says_who_gave_what_was_redeemed_where(baker: Shop, florist: Shop) -> None:
    member = baker.enrol()
    baker.buy(member, 3000)
    florist.clock.forward(1)
    florist.buy(member, 4000)
    florist.redeem(member, 40, capture=True)
    cleared = clearing(baker)
    cells = {(cell["issuer"], cell["redeemer"]): cell["points"] for cell in cleared["redeemed"]}
    bakers, florists = baker.merchant_id, florist.merchant_id
    assert cells == {(bakers, florists): 30, (florists, florists): 10}
    accounts = {account["merchant_id"]: account for account in cleared["accounts"]}
    assert (accounts[bakers]["issued"], accounts[bakers]["closing"]) == (30, 0)
    assert (accounts[florists]["issued"], accounts[florists]["closing"]) == (20, 10)
    for account in accounts.values():
        gone = account["taken_back"] + account["redeemed"] + account["lapsed"]
        assert account["opening"] + account["issued"] - gone == account["closing"]
    partial = clearing(florist)
    assert [account["merchant_id"] for account in partial["accounts"]] == [florists]
    assert {(c["issuer"], c["redeemer"]): c["points"] for c in partial["redeemed"]} == {
        ("others", florists): 30, (florists, florists): 10,
    }  # fmt: skip
    assert bakers not in str(partial)
    supply = accepted(baker.get(f"/programs/{baker.program_id}/supply"))
    owed = supply["minted"] - supply["redeemed"] - supply["returned"] - supply["expired"]
    assert sum(account["closing"] for account in accounts.values()) == owed
    wrong = baker.get(f"/programs/{baker.program_id}/clearing", **{"from": "2026-02-01",
                                                                  "to": "2026-01-01"})  # fmt: skip
    refused(wrong, 422, "period_invalid")


def test_a_merge_carries_who_gave_the_points(baker: Shop, florist: Shop) -> None:
    source, target = baker.enrol(), baker.enrol()
    florist.buy(source, 4000)
    accepted(baker.post(f"/members/{source}/merge", {"into_member_id": target}))
    baker.redeem(target, 20, capture=True)
    cells = [(c["issuer"], c["redeemer"], c["points"]) for c in clearing(baker)["redeemed"]]
    assert cells == [(florist.merchant_id, baker.merchant_id, 20)]


def test_a_partner_that_left_is_a_stranger_whose_points_are_good(
    baker: Shop, florist: Shop
) -> None:
    member = florist.enrol(phone=PHONE)
    florist.buy(member, 4000)
    path = f"/programs/{baker.program_id}/partners"
    ended = accepted(baker.post(f"{path}/{florist.merchant_id}/end"))
    assert ended["left_at"] is not None
    refused(florist.post("/purchases", florist.purchase(member)), 404, "unknown_program")
    refused(florist.get(f"/members/{member}/balance"), 404, "unknown_member")
    refused(baker.post(f"{path}/{florist.merchant_id}/end"), 404, "unknown_merchant")
    baker.redeem(member, 20, capture=True)
    cells = [(c["issuer"], c["points"]) for c in clearing(baker)["redeemed"]]
    assert cells == [(florist.merchant_id, 20)]
    again = join(baker, florist, {"points": 3, "per_amount_minor": 100})
    assert again["left_at"] is None
    assert florist.buy(member, 1000)["points"]["earned"] == 30
    assert len(accepted(baker.get(path))["data"]) == 1


def test_who_can_be_a_partner(baker: Shop) -> None:
    path = f"/programs/{baker.program_id}/partners"
    nobody = {"merchant_id": "mer_" + 26 * "0", "earning": HALF}
    refused(baker.post(path, nobody), 404, "unknown_merchant")
    myself = {"merchant_id": baker.merchant_id, "earning": HALF}
    refused(baker.post(path, myself), 422, "invalid_request")
    other = another_merchant(baker, "Autre")
    wrong = {"merchant_id": other.merchant_id, "earning": {"points": 1, "per_amount_minor": 0}}
    refused(baker.post(path, wrong), 422, "rule_invalid")
    assert accepted(baker.get(path))["data"] == []
