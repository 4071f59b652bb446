"""Invariant I14: no input gives a 5xx, and every answer is one the OpenAPI document shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from httpx2 import Response
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api_client import Shop, accepted, another_merchant
from tests.integration.spending_kit import claim, reward, use
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]

AWKWARD = st.sampled_from(
    ["", " ", "\x00", "a\x00b", "\ufeff", "\u202e", "😀", "é" * 127, "x" * 65, "x" * 129, "%00",
     "../..", "' OR 1=1 --", "{}", "null", "-1", "1e400", "NaN", "9" * 25, "\r\nX: y", "İ"]
)  # fmt: skip
TEXT = AWKWARD | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NUMBERS = st.sampled_from(
    [0, 1, -1, 99, 100, 2**31, 2**40 - 2, 2**40 - 1, 2**53, 2**63 - 1, 2**63, 10**12, 10**12 + 1,
     10**40]
) | st.integers(0, 20_000)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@dataclass(frozen=True)
class Endpoint:
    """One operation of the document."""

    method: str
    path: str
    operation: dict[str, Any]

    def parameters(self, place: str) -> list[str]:
        """Names of the parameters in a path or a query."""
        return [p["name"] for p in self.operation.get("parameters", []) if p["in"] == place]


def spending_of(till: Shop, member: str) -> dict[str, str]:
    """A reward, a claim and a voucher with a use, by the names the paths give them."""
    charity = {"program_id": till.program_id, "name": "Bees", "registration": "RNA W1"}
    reward_id = reward(till, "service", cancel_within_hours=1)
    voucher = claim(till, reward_id, member)["voucher"]
    return {
        "reward_id": reward_id,
        "claim_id": claim(till, reward_id, member, capture=False)["id"],
        "voucher_id": voucher["id"],
        "code": voucher["code"],
        "use_id": use(till, voucher["code"])["id"],
        "charity_id": accepted(till.post("/charities", charity))["id"],
    }


class Fuzz:
    """Draws requests that are right, or nearly, or not at all, so that many get far."""

    def __init__(self, till: Shop) -> None:
        self.till = till
        self.document = till.app.openapi()
        self.endpoints = [
            Endpoint(method.upper(), path, operation)
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
            if path.startswith("/v1")
        ]
        member = till.enrol(phone="+33612345678", email="ada@example.org")
        bought = till.buy(member, 10**9)
        redemptions = [till.redeem(member, points)["id"] for points in (5, 6, 7)]
        spending = spending_of(till, member)
        ids = [
            *spending.values(),
            till.program_id,
            member,
            bought["id"],
            *bought["operation_ids"],
            *redemptions,
        ]
        self.ids = st.sampled_from(ids)
        self.odds = 0
        self.elsewhere = False
        self.known: dict[str, st.SearchStrategy[Any]] = {
            "program_id": st.just(till.program_id),
            "member_id": st.just(member),
            "member": st.sampled_from([{"phone": "+33612345678"}, {"email": "ada@example.org"}]),
            "receipt_id": st.uuids().map(str),
            "occurred_at": st.sampled_from(["2025-12-31T23:59:59Z", "2025-06-01T00:00:00+02:00"]),
            "currency": st.sampled_from(["EUR", "EUR", "EUR", "USD", "JPY", "eur"]),
            "amount_minor": NUMBERS,
            "points": NUMBERS,
            "per_amount_minor": NUMBERS,
            "hold_ttl_seconds": NUMBERS,
            "capture": st.booleans(),
            "purchase_id": st.just(bought["id"]),
            "operation_id": st.just(bought["operation_ids"][0]),
            "starting_after": st.just(bought["operation_ids"][0]),
            "return_id": self.ids,
            "redemption_id": st.sampled_from(redemptions),
            **{name: st.just(value) for name, value in spending.items()},
            "kind": st.sampled_from(["service", "uses"]),
            "steps": st.just([{"points": 3}]),
            "basket_minor": NUMBERS,
            "name": TEXT,
            "call_id": self.ids,
            "merchant_id": st.sampled_from([another_merchant(till).merchant_id, till.merchant_id]),
            "into_member_id": self.ids,
            "from": st.sampled_from(["2026-01-01", "2026-02-28", "1969-12-31"]),
            "to": st.sampled_from(["2026-01-31", "2026-02-28", "9999-12-31"]),
            "earning": st.sampled_from([None, {"points": 1, "per_amount_minor": 100}]),
            "badge_id": st.integers(0, 2**64).map(str),
            "type_number": st.integers(0, 20),
            "limit": st.integers(1, 100),
            "symbol": st.sampled_from(["PTS", "A1"]),
        }

    def wrong(self, data: st.DataObject) -> bool:
        """Whether something is to be wrong here, as often as this request's odds say."""
        return bool(self.odds) and data.draw(st.integers(0, 9)) < self.odds

    def value(self, data: st.DataObject, name: str, schema: dict[str, Any]) -> Any:
        """A value for a property."""
        if self.wrong(data):
            return data.draw(JSON | self.ids)
        if "$ref" in schema:
            return self.object(data, self.named(schema["$ref"]))
        return data.draw(self.known.get(name, TEXT))

    def object(self, data: st.DataObject, schema: dict[str, Any]) -> Any:
        required = set(schema.get("required", []))
        body = {
            name: self.value(data, name, inner)
            for name, inner in schema["properties"].items()
            if (name in required) is not self.wrong(data)
        }
        if "member" in schema["properties"] and not self.wrong(data):
            body["member_id"] = self.value(data, "member_id", {})
            body.pop("member", None)
        if self.wrong(data):
            body[data.draw(TEXT)] = data.draw(JSON)
        return body

    def named(self, reference: str) -> dict[str, Any]:
        schema: dict[str, Any] = self.document["components"]["schemas"][reference.split("/")[-1]]
        return schema

    def body(self, data: st.DataObject, endpoint: Endpoint) -> bytes | None:
        described = endpoint.operation.get("requestBody")
        if described is None:
            return data.draw(st.none() | st.binary(max_size=20))
        if self.wrong(data):
            return data.draw(st.binary(max_size=60) | JSON.map(lambda v: json.dumps(v).encode()))
        schema = described["content"]["application/json"]["schema"]
        references = [part for part in schema.get("anyOf", [schema]) if "$ref" in part]
        document = self.object(data, {"properties": {}, **self.named(references[0]["$ref"])})
        return json.dumps(document, ensure_ascii=data.draw(st.booleans())).encode()

    def request(self, data: st.DataObject, endpoint: Endpoint) -> Response:
        path = endpoint.path
        self.odds, self.elsewhere = data.draw(st.sampled_from([0, 0, 1, 3])), False
        for name in endpoint.parameters("path"):
            known = self.known.get(name, self.ids)
            text = data.draw(self.ids | TEXT if self.wrong(data) else known)
            self.elsewhere |= not text or "/" in text
            path = path.replace(f"{{{name}}}", quote(text.encode(), safe=""))
        query = {
            name: str(self.value(data, name, {}))
            for name in endpoint.parameters("query")
            if data.draw(st.booleans())
        }
        headers = {}
        if endpoint.method == "POST":
            headers["Content-Type"] = "application/json"
            if not self.wrong(data):
                key = st.uuids().map(str)
                key = key | st.sampled_from(["same", "k" * 256, ""]) if self.odds else key
                headers["Idempotency-Key"] = data.draw(key)
        content = self.body(data, endpoint) if endpoint.method == "POST" else None
        return self.till.request(
            endpoint.method, path, content=content, headers=headers, params=query
        )

    def check(self, endpoint: Endpoint, answer: Response) -> None:
        """The answer is one that the document shows for the endpoint."""
        assert answer.status_code < 500, answer.text
        if self.elsewhere:
            return  # A slash or nothing in its place makes it the path of another endpoint.
        if answer.status_code < 400:
            assert answer.headers["content-type"] == "application/json"
            assert str(answer.status_code) in endpoint.operation["responses"]
            return
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["request_id"] == answer.headers["request-id"]
        shown = endpoint.operation["responses"][str(answer.status_code)]["content"]
        assert problem["code"] in shown["application/problem+json"]["examples"], problem


@pytest.mark.parametrize(
    ("shared_shop", "examples"),
    [("sqlite", 250), ("postgresql", 60)],
    indirect=["shared_shop"],
)
def test_no_request_gives_an_answer_that_is_not_documented(till: Shop, examples: int) -> None:
    fuzz = Fuzz(till)
    statuses: dict[int, int] = {}

    @settings(max_examples=examples)
    @given(st.data())
    def fuzzing(data: st.DataObject) -> None:
        endpoint = data.draw(st.sampled_from(fuzz.endpoints))
        answer = fuzz.request(data, endpoint)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        fuzz.check(endpoint, answer)

    run: Callable[[], None] = fuzzing
    run()
    right, wrong = {200, 201} & statuses.keys(), {400, 404, 409, 422} & statuses.keys()
    assert right, "some of the requests are right"
    assert len(wrong) > 1, "and others wrong in several ways"
    audit(till.database.ledger)


def test_the_examples_of_the_document_work_as_printed(till: Shop) -> None:
    schemas = till.app.openapi()["components"]["schemas"]
    phone = schemas["MemberIn"]["examples"][0]["phone"]
    till.clock.forward(90 * 24 * 3600)
    for path, name in (
        ("/programs", "ProgramIn"),
        ("/members", "MemberIn"),
        ("/purchases/quote", "PurchaseIn"),
        ("/purchases", "PurchaseIn"),
    ):
        for example in schemas[name]["examples"]:
            mine = {"program_id": till.program_id} if "program_id" in example else {}
            accepted(till.post(path, example | mine))
    [member] = till.get("/members", phone=phone).json()["data"]
    till.buy(member["id"], 10_000)
    [example] = schemas["RedemptionIn"]["examples"]
    accepted(till.post("/redemptions", example | {"program_id": till.program_id}))
