"""The express routes answer as the documented ones behind them would."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from backend.api.app import create_app
from backend.api.express import ExpressRoute
from tests.api_client import Shop, accepted
from tests.integration.test_api_hostile_bodies import INVALID_JSON

pytest_plugins = ["tests.api_client"]

JSON = {"Content-Type": "application/json"}
WRONG: dict[str, dict[str, Any]] = {
    "no body": {"headers": {}},
    "an empty body": {"content": b"", "headers": JSON},
    "null": {"content": b"null", "headers": JSON},
    "a list": {"content": b"[]", "headers": JSON},
    "a text": {"content": b'"x"', "headers": JSON},
    "a number": {"content": b"5", "headers": JSON},
    "an empty object": {"content": b"{}", "headers": JSON},
    "another type": {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
    "no type": {"content": b"{}", "headers": {}},
    "a type with a charset": {
        "content": b"{}",
        "headers": {"Content-Type": "Application/JSON; charset=utf-8"},
    },
    "no key": {"content": b"{", "headers": {"Authorization": "Bearer mk_wrong", **JSON}},
    "no caller": {"content": b"{}", "headers": {"Authorization": "", **JSON}},
    **{
        f"invalid: {name}": {"content": content, "headers": JSON}
        for name, content in INVALID_JSON.items()
    },
}


@pytest.fixture
def documented(shared_shop: Shop) -> TestClient:
    """The same house behind the framework's own routes alone."""
    app = create_app(shared_shop.house)
    express = [route for route in app.router.routes if isinstance(route, ExpressRoute)]
    assert len(express) == 2
    for route in express:
        app.router.routes.remove(route)
    # Without its lifespan: the house's committer is started already.
    return TestClient(app)


def _answers(shop: Shop, documented: TestClient, path: str, **request: Any) -> list[Any]:
    headers = {"Authorization": f"Bearer {shop.secret}", **request.pop("headers", {})}
    answers = []
    for client in (shop.client, documented):
        response = client.post(path, headers=headers, **request)
        document = response.json()
        document.pop("request_id", None)
        ours = {"request-id", "idempotency-replayed", "content-length"}
        kept = {k: v for k, v in response.headers.items() if k not in ours}
        answers.append((response.status_code, document, kept))
    return answers


@pytest.mark.parametrize("path", ["/v1/purchases", "/v1/redemptions"])
@pytest.mark.parametrize("name", WRONG)
def test_both_refuse_alike(shared_shop: Shop, documented: TestClient, path: str, name: str) -> None:
    express, framework = _answers(shared_shop, documented, path, **dict(WRONG[name]))
    assert express == framework
    assert express[0] >= 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_minor": 1.5},
        {"amount_minor": "1"},
        {"amount_minor": True},
        {"unknown": 1},
        {"member": {"card": "1234", "phone": "+33612345678"}},
        {"member_id": None},
        {"occurred_at": "yesterday"},
        {"program_id": "x" * 65},
        {"receipt_id": ""},
    ],
)
def test_both_find_the_same_mistakes(
    shared_shop: Shop, documented: TestClient, wrong: dict[str, Any]
) -> None:
    body = shared_shop.purchase("mem_x") | wrong
    headers = {"Idempotency-Key": "mistakes"}
    express, framework = _answers(
        shared_shop, documented, "/v1/purchases", json=body, headers=headers
    )
    assert express == framework
    assert express[0] >= 400


def test_both_accept_alike(shared_shop: Shop, documented: TestClient) -> None:
    """Under one key: the second is a replay of the first, byte for byte."""
    member = shared_shop.enrol()
    body = shared_shop.purchase(member, 1234)
    headers = {"Idempotency-Key": f"twins-{body['receipt_id']}"}
    express, framework = _answers(
        shared_shop, documented, "/v1/purchases", json=body, headers=headers
    )
    assert express == framework
    assert express[0] == 201


def test_other_methods_and_paths_are_left_alone(shared_shop: Shop) -> None:
    assert shared_shop.get("/purchases").status_code == 405
    assert shared_shop.request("POST", "/v1/purchases/").status_code == 404
    assert accepted(shared_shop.get("/programs/" + shared_shop.program_id))
