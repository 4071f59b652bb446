"""Who is calling: live keys only, and a revoked one no longer than the cache remembers."""

from __future__ import annotations

import pytest

from backend.api.auth import CACHE_MS
from backend.ledger.engine import writing
from backend.ledger.merchants import add_key, revoke_key
from tests.api_client import Shop, accepted, refused

pytest_plugins = ["tests.api_client"]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer mk_wrong", "Basic {key}", "{key}", "Bearer{key}",
     "Bearer {key}x", "Bearer \xe9", "Token {key}", "Bearer {key} {key}"],
)  # fmt: skip
def test_without_a_live_key_nothing_is_served(till: Shop, authorization: str | None) -> None:
    headers = [(b"Idempotency-Key", b"k")]
    if authorization is not None:
        sent = authorization.format(key=till.secret).encode("latin-1")
        headers.append((b"Authorization", sent))
    for method, path in (
        ("GET", "/v1/programs"),
        ("GET", f"/v1/programs/{till.program_id}"),
        ("POST", "/v1/programs"),
        ("POST", "/v1/redemptions/red_x/capture"),
    ):
        answer = till.client.request(
            method, path, headers=headers, json={} if method == "POST" else None
        )
        refused(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(till: Shop, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {till.secret}"}
    assert till.client.get("/v1/programs", headers=headers).status_code == 200


def test_a_revoked_key_is_refused_once_the_cache_has_forgotten_it(till: Shop) -> None:
    accepted(till.get(f"/programs/{till.program_id}"))
    with writing(till.database.ledger) as connection:
        assert revoke_key(connection, till.key_id, till.clock.now_ms)
        assert not revoke_key(connection, till.key_id, till.clock.now_ms)
    till.clock.now_ms += CACHE_MS - 1
    accepted(till.get(f"/programs/{till.program_id}"))
    till.clock.now_ms += 1
    refused(till.get(f"/programs/{till.program_id}"), 401, "unauthorized")


def test_a_key_works_as_soon_as_it_is_made(till: Shop) -> None:
    fresh = Shop(
        till.app, till.client, till.house, till.clock, till.database, "", "", "mk_not_made_yet"
    )
    refused(fresh.get("/programs"), 401, "unauthorized")
    with writing(till.database.ledger) as connection:
        add_key(connection, till.house.new_id("key"), till.merchant_id, fresh.secret, "new", 0)
    assert fresh.get("/programs").json()["data"][0]["id"] == till.program_id


def test_every_answer_has_an_id_of_its_own_and_is_not_kept(till: Shop) -> None:
    answers = [till.get("/programs"), till.get("/nothing"), till.client.get("/v1/programs")]
    assert len({answer.headers["request-id"] for answer in answers}) == 3
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
