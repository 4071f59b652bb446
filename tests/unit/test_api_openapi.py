"""The OpenAPI document: complete, consistent with itself, and true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine

from backend.api.app import create_app
from backend.core.errors import MereauError
from tests.api_client import Clock, make_house
from tests.conftest import LedgerDatabase

METHODS = {"get", "post", "put", "delete", "patch"}
MEMBERS = {"type", "title", "status", "code", "detail", "request_id"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """As a client downloads it; no database is asked."""
    engine = create_engine("sqlite://")
    house = make_house(LedgerDatabase("sqlite", "", "", engine, engine), Clock())
    read: dict[str, Any] = json.loads(json.dumps(create_app(house).openapi(), allow_nan=False))
    engine.dispose()
    return read


def endpoints(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The endpoints of the API proper, as ("POST /v1/purchases", operation)."""
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            if path.startswith("/v1"):
                yield f"{method.upper()} {path}", item[method]


def codes() -> set[str]:
    """Every code of the core that the API answers with."""
    families, found = [MereauError], set()
    while families:
        family = families.pop()
        families += family.__subclasses__()
        if not family.of_pages:
            found.add(family.code)
    return found


def refers(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        for value in node.values():
            yield from refers(value)
    elif isinstance(node, list):
        for value in node:
            yield from refers(value)


def test_the_document_is_openapi_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    assert document["openapi"].startswith("3.1")
    assert {"title", "version", "description"} <= document["info"].keys()
    references = set(refers(document))
    assert references
    for reference in references:
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    operation_ids = [operation["operationId"] for _, operation in endpoints(document)]
    assert len(set(operation_ids)) == len(operation_ids) > 24


def test_every_endpoint_says_what_it_does_and_who_may_ask(document: dict[str, Any]) -> None:
    for name, operation in endpoints(document):
        assert 5 < len(operation["summary"]) < 100, name
        assert operation["security"] == [{"ApiKey": []}], name
        assert operation["tags"], name
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert declared == {part[1:-1] for part in name.split("/") if part.startswith("{")}, name


def test_every_refusal_is_a_problem_with_an_example_of_its_own_status(
    document: dict[str, Any],
) -> None:
    for name, operation in endpoints(document):
        refusals = {s: r for s, r in operation["responses"].items() if int(s) >= 400}
        assert {"401", "503"} <= refusals.keys(), name
        for status, response in refusals.items():
            assert response["description"], (name, status)
            assert list(response["content"]) == ["application/problem+json"], (name, status)
            content = response["content"]["application/problem+json"]
            assert set(content["schema"]["required"]) == MEMBERS
            assert content["examples"], (name, status)
            for code, example in content["examples"].items():
                shown = example["value"]
                assert shown.keys() >= MEMBERS
                assert (shown["code"], str(shown["status"])) == (code, status), name
                assert shown["type"] == f"urn:mereau:problem:{code}"


def test_every_code_is_shown_somewhere(document: dict[str, Any]) -> None:
    shown = {
        code
        for _, operation in endpoints(document)
        for response in operation["responses"].values()
        for content in response.get("content", {}).values()
        for code in content.get("examples", {})
    }
    families = {"error", "not_found", "conflict"}
    assert codes() - shown <= families
    http = {"unauthorized", "invalid_json", "unsupported_media_type", "body_too_large",
            "ledger_unavailable", "overloaded"}  # fmt: skip
    assert http <= shown


def test_what_takes_a_body_shows_one_and_refuses_what_is_none(document: dict[str, Any]) -> None:
    for name, operation in endpoints(document):
        if "requestBody" not in operation:
            continue
        assert {"400", "413", "415", "422"} <= operation["responses"].keys(), name
        assert list(operation["requestBody"]["content"]) == ["application/json"]


def test_every_property_of_a_request_has_an_example_or_needs_none(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    spending = ("RewardIn", "RewardTermsIn", "RewardClaimIn", "CharityIn", "VoucherIn")
    tilling = ("VoucherCheckIn", "VoucherUseIn", "PaymentIn", "PaymentQuoteIn")
    for schema in ("PurchaseIn", "RedemptionIn", "ProgramIn", "MemberIn", *spending, *tilling):
        assert schemas[schema]["additionalProperties"] is False
        for example in schemas[schema]["examples"]:
            assert example.keys() <= schemas[schema]["properties"].keys()
            assert example.keys() >= set(schemas[schema].get("required", []))


def test_where_points_move_the_key_is_documented_as_required(document: dict[str, Any]) -> None:
    required = {
        name
        for name, operation in endpoints(document)
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "Idempotency-Key" and parameter["required"]
    }
    assert required == {
        "POST /v1/events",
        "POST /v1/purchases",
        "POST /v1/purchases/{purchase_id}/returns",
        "POST /v1/returns",
        "POST /v1/redemptions",
        "POST /v1/redemptions/{redemption_id}/capture",
        "POST /v1/redemptions/{redemption_id}/cancel",
        "POST /v1/redemptions/{redemption_id}/refund",
        "POST /v1/redemptions/payments",
        "POST /v1/rewards/{reward_id}/claims",
        "POST /v1/grants/{grant_id}/claims",
        "POST /v1/claims/{claim_id}/capture",
        "POST /v1/claims/{claim_id}/cancel",
        "POST /v1/claims/{claim_id}/fulfil",
        "POST /v1/vouchers",
        "POST /v1/vouchers/{voucher_id}/void",
        "POST /v1/voucher-uses",
        "POST /v1/voucher-uses/{use_id}/redeem",
        "POST /v1/voucher-uses/{use_id}/release",
        "POST /v1/voucher-uses/{use_id}/reverse",
        "POST /v1/members/{member_id}/badges",
        "DELETE /v1/members/{member_id}/badges/{badge_id}",
        "POST /v1/members/{member_id}/adjustments",
        "POST /v1/members/{member_id}/rebind",
        "POST /v1/members/{member_id}/signed-only",
        "POST /v1/members/{member_id}/card-replacement",
        "POST /v1/members/{member_id}/close",
        "POST /v1/members/{member_id}/erase",
        "POST /v1/members/{member_id}/merge",
        "POST /v1/guest-purchases",
        "POST /v1/guest-purchases/claims",
        "POST /v1/guest-purchases/{purchase_id}/cancel",
        "POST /v1/members/{member_id}/tier",
        "POST /v1/members/{member_id}/subscriptions",
        "POST /v1/members/{member_id}/subscriptions/{subscription_id}/cancel",
    }


def test_no_answer_is_documented_that_is_never_given(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in document["components"]["schemas"]
