"""The examples that the API document prints of spending work as they are printed."""

from __future__ import annotations

from typing import Any

import pytest

from backend.core.voucher_codes import parse_code
from tests.api_client import Shop, accepted
from tests.integration.spending_kit import publish_spending

pytest_plugins = ["tests.api_client"]


@pytest.mark.parametrize("shared_shop", ["sqlite"], indirect=True)
def test_the_examples_of_spending_work_as_printed(till: Shop) -> None:
    schemas = till.app.openapi()["components"]["schemas"]

    def example(name: str, **mine: Any) -> dict[str, Any]:
        [printed] = schemas[name]["examples"]
        return dict(printed) | mine

    here = {"program_id": till.program_id}
    phone = example("PaymentIn")["member"]["phone"]
    member = till.enrol(phone=phone)
    till.buy(member, 200_000)
    publish_spending(till, points=100, worth_minor=100)
    accepted(till.post("/charities", example("CharityIn", **here)))
    offered = accepted(till.post("/rewards", example("RewardIn", **here)))["id"]
    revised = accepted(till.post(f"/rewards/{offered}/revise", example("RewardTermsIn")))
    assert revised["stock"] is None
    body = example("RewardClaimIn", member_id=member)
    assert accepted(till.post(f"/rewards/{offered}/claims", body))["points"] == 100
    card = accepted(till.post("/vouchers", example("VoucherIn", **here)))
    for name, path in (("VoucherCheckIn", "/vouchers/check"), ("VoucherUseIn", "/voucher-uses")):
        printed = example(name)["code"]
        assert parse_code(printed)
        accepted(till.post(path, example(name, code=card["code"])))
    quoted = accepted(till.post("/redemptions/payments/quote", example("PaymentQuoteIn", **here)))
    assert quoted["amount_minor"] > 0
    paid = accepted(till.post("/redemptions/payments", example("PaymentIn", **here)))
    assert paid["payment"]["amount_minor"] == 500
