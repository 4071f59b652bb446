"""Webhooks through the API: secrets, tests, what is sent again, and whose they are."""

from __future__ import annotations

import pytest

from backend.duties.addresses import Reach
from backend.duties.webhooks import Webhooks
from tests.api_client import Shop, accepted, another_merchant, refused
from tests.ledger_audit import records_of
from tests.webhook_kit import (
    HOUR_S,
    SQLITE,
    Receiver,
    attempts,
    deliver,
    later,
    listen,
    make_worker,
    on_its_way,
)

pytest_plugins = ["tests.api_client", "tests.webhook_kit"]


@pytest.fixture
def till(own_till: Shop) -> Shop:
    return own_till


@SQLITE
def test_secrets_are_shown_once_and_rotated_with_a_day_of_both(
    till: Shop, receiver: Receiver, worker: Webhooks
) -> None:
    hook = listen(till, f"{receiver.url}/", "purchase.accepted")
    old = hook["secret"]
    assert old.startswith("whsec_")
    path = f"/webhook_endpoints/{hook['id']}"
    assert accepted(till.get(path))["secret"] is None
    assert old.removeprefix("whsec_") not in str(records_of(till.database.ledger, "idempotency"))
    new = accepted(till.post(f"{path}/rotate", key="once"))["secret"]
    assert accepted(till.post(f"{path}/rotate", key="once"))["secret"] == new
    member = till.enrol()
    till.buy(member)
    deliver(worker)
    both = receiver.received[-1]
    assert (both.signed_with(old), both.signed_with(new)) == (True, True)
    later(worker, 25 * HOUR_S)
    till.clock.forward(25 * HOUR_S)
    till.buy(member)
    deliver(worker)
    last = receiver.received[-1]
    assert (last.signed_with(old), last.signed_with(new)) == (False, True)


def test_test_events_and_resent_ones_go_to_the_one_endpoint(
    till: Shop, receiver: Receiver, worker: Webhooks
) -> None:
    hook = listen(till, f"{receiver.url}/a", "redemption.held")
    listen(till, f"{receiver.url}/b")
    sent = on_its_way(till.post(f"/webhook_endpoints/{hook['id']}/test"))
    deliver(worker)
    assert [(each.path, each.event_id) for each in receiver.received] == [("/a", sent["id"])]
    till.buy(till.enrol())
    deliver(worker)
    event = receiver.received[-1]
    again = f"/webhook_endpoints/{hook['id']}/events/{event.event_id}/resend"
    on_its_way(till.post(again))
    deliver(worker)
    assert (receiver.received[-1].path, receiver.received[-1].event_id) == ("/a", event.event_id)
    accepted(till.post(f"/webhook_endpoints/{hook['id']}", {"enabled": False}))
    refused(till.post(again), 409, "webhook_disabled")
    gone = till.request("DELETE", f"/v1/webhook_endpoints/{hook['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    refused(till.post(again), 404, "unknown_webhook")


@SQLITE
def test_redirects_are_not_followed_and_gone_means_gone(
    till: Shop, receiver: Receiver, worker: Webhooks
) -> None:
    moved, gone = listen(till, f"{receiver.url}/moved"), listen(till, f"{receiver.url}/gone")
    receiver.statuses = {"/moved": 302, "/gone": 410}
    receiver.location = f"{receiver.url}/elsewhere"
    till.enrol()
    deliver(worker)
    assert sorted(each.path for each in receiver.received) == ["/gone", "/moved"]
    assert attempts(till, moved)[0]["status"] == 302
    assert accepted(till.get(f"/webhook_endpoints/{gone['id']}"))["disabled_reason"] == "gone"


@SQLITE
def test_nothing_but_public_addresses_is_called_unless_a_setting_says_so(
    till: Shop, receiver: Receiver
) -> None:
    worker = make_worker(till, Reach.PUBLIC)
    hook = listen(till, f"{receiver.url}/")
    on_its_way(till.post(f"/webhook_endpoints/{hook['id']}/test"))
    deliver(worker)
    worker.close()
    assert receiver.received == []
    assert attempts(till, hook)[0]["answer"] == "refused: not a public address"


@SQLITE
@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "https://", "https://u:p@a.example/", "https://a.example/#x", "nonsense",
     "https://a.example/ b", "https://[::1", "https://a.example:99999/", "https://a/" + "x" * 500],
)  # fmt: skip
def test_addresses_that_are_none_are_refused(till: Shop, url: str) -> None:
    code = "webhook_invalid" if len(url) <= 500 else "invalid_request"
    refused(till.post("/webhook_endpoints", {"url": url, "event_types": ["*"]}), 422, code)


@SQLITE
def test_event_types_have_to_be_known_and_webhooks_are_their_merchants_alone(till: Shop) -> None:
    for types in ([], ["purchase"], ["*", "purchase.accepted"], ["webhook.test"]):
        body = {"url": "https://a.example/", "event_types": types}
        refused(till.post("/webhook_endpoints", body), 422, "webhook_invalid")
    hook = listen(till, "https://a.example/")
    till.enrol()
    event = accepted(till.get("/webhook_events"))["data"][0]["id"]
    other = another_merchant(till)
    assert accepted(other.get("/webhook_endpoints"))["data"] == []
    assert accepted(other.get("/webhook_events"))["data"] == []
    refused(other.get(f"/webhook_events/{event}"), 404, "unknown_event")
    path = f"/webhook_endpoints/{hook['id']}"
    refused(other.post(path, {"enabled": False}), 404, "unknown_webhook")
    for ask in ("/rotate", "/test", f"/events/{event}/resend"):
        refused(other.post(path + ask), 404, "unknown_webhook")
    refused(other.get(f"{path}/attempts"), 404, "unknown_webhook")
    refused(other.request("DELETE", f"/v1{path}"), 404, "unknown_webhook")
    assert accepted(till.get(path))["enabled"]


@SQLITE
def test_a_merchant_has_so_many_webhooks_and_no_more(till: Shop) -> None:
    hooks = [listen(till, f"https://a.example/{number}") for number in range(20)]
    body = {"url": "https://a.example/more", "event_types": ["*"]}
    refused(till.post("/webhook_endpoints", body), 409, "too_many_webhooks")
    assert till.request("DELETE", f"/v1/webhook_endpoints/{hooks[0]['id']}").status_code == 204
    listen(till, "https://a.example/more")
