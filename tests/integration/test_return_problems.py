"""Returns and refunds that are refused: the code, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api_client import Shop
from tests.integration.test_api_problems import NOBODY, Ask, Case, read, try_refusal
from tests.returns_kit import judge_returns_by

pytest_plugins = ["tests.api_client"]


def returning(body: Any, returned_first: Any = None) -> Callable[[Shop], Ask]:
    """A return of a purchase of ten euros, after another one."""

    def ask(till: Shop) -> Ask:
        path = f"/purchases/{till.buy(till.enrol(), 1000)['id']}/returns"
        if returned_first is not None:
            till.post(path, returned_first)
        return Ask(path, body)

    return ask


def by_receipt(**terms: Any) -> Callable[[Shop], Ask]:
    return lambda till: Ask("/returns", {"program_id": till.program_id} | terms)


def of_anothers_purchase(till: Shop) -> Ask:
    receipt = till.buy(till.enrol())["receipt_id"]
    return by_receipt(receipt_id=receipt, member_id=till.enrol())(till)


def where_none_may_wait(till: Shop) -> Ask:
    judge_returns_by(till, {"unknown_receipt": "refuse"})
    return by_receipt(receipt_id="nobody-knows")(till)


def refund_of_too_much(till: Shop) -> Ask:
    holder = till.enrol()
    till.buy(holder)
    path = f"/redemptions/{till.redeem(holder, 5, capture=True)['id']}/refund"
    till.post(path, {"points": 3})
    return Ask(path, {"points": 3})


def refund_of_nothing(till: Shop) -> Ask:
    holder = till.enrol()
    till.buy(holder)
    path = f"/redemptions/{till.redeem(holder, 5, capture=True)['id']}/refund"
    return Ask(path, {"points": 0})


CASES: dict[str, Case] = {
    "more than was paid": (409, "return_exceeds_purchase", returning({"amount_minor": 1001})),
    "more than is left": (
        409, "return_exceeds_purchase", returning({"amount_minor": 501}, {"amount_minor": 500}),
    ),
    "more than any amount": (
        409, "return_exceeds_purchase", returning({"amount_minor": 10**1000}),
    ),
    "no amount": (422, "return_invalid", returning({"amount_minor": 0})),
    "less than nothing": (422, "return_invalid", returning({"amount_minor": -1})),
    "two things": (422, "return_invalid", returning({"amount_minor": 1, "quantity": 1})),
    "a line that is none": (422, "return_invalid", returning({"lines": [{"line_no": 0}]})),
    "a line without a name": (422, "return_invalid", returning({"lines": [{}]})),
    "a quantity of no lines": (422, "return_invalid", returning({"quantity": 1})),
    "half a cent": (422, "invalid_request", returning({"amount_minor": 0.5})),
    "a line and what is no field": (
        422, "invalid_request", returning({"lines": [{"line_no": 0, "price": 1}]}),
    ),
    "no receipt": (422, "receipt_required", by_receipt()),
    "a receipt of a NUL": (422, "receipt_id_invalid", by_receipt(receipt_id="a\x00")),
    "no program": (404, "unknown_program", by_receipt(program_id="\x00", receipt_id="a")),
    "nobody": (
        404, "unknown_member", by_receipt(receipt_id="a", member_id=f"mem_{NOBODY}"),
    ),
    "another member": (409, "return_of_another_member", of_anothers_purchase),
    "an unknown receipt where none may wait": (409, "receipt_unknown", where_none_may_wait),
    "an unknown return": read(404, "unknown_return", f"/returns/ret_{NOBODY}"),
    "a return with a NUL": read(404, "unknown_return", "/returns/%00"),
    "the returns of nothing": read(404, "unknown_purchase", f"/purchases/pur_{NOBODY}/returns"),
    "the returns of a NUL": read(404, "unknown_purchase", "/purchases/%00/returns"),
    "a refund of more than is left": (409, "refund_exceeds_redemption", refund_of_too_much),
    "a refund of nothing": (422, "points_out_of_range", refund_of_nothing),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_has_its_code_and_writes_nothing(till: Shop, name: str) -> None:
    try_refusal(till, CASES[name])
