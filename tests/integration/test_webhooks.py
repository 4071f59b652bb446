"""Webhooks: what is told, in which order, signed how, and what happens when nobody listens."""

from __future__ import annotations

import pytest

from backend.core.webhooks import DISABLE_MS, GIVE_UP_MS
from backend.duties.webhooks import Webhooks
from tests.api_client import Shop, accepted
from tests.webhook_kit import (
    HOUR_S,
    SQLITE,
    Receiver,
    attempts,
    deliver,
    later,
    listen,
    make_worker,
)

pytest_plugins = ["tests.api_client", "tests.webhook_kit"]


@pytest.fixture
def till(own_till: Shop) -> Shop:
    return own_till


def test_what_happens_is_told_in_order_signed_and_without_persons(
    till: Shop, receiver: Receiver, worker: Webhooks
) -> None:
    member = till.enrol(phone="+33612345678")
    till.buy(member)
    assert till.records("webhook_events") == [], "nobody listens, so nothing is written"
    hook = listen(till, f"{receiver.url}/all")
    some = listen(till, f"{receiver.url}/some", "redemption.cancelled")
    tick = till.clock.forward
    other = till.enrol(email="ana@example.org")
    tick(1)
    bought = till.buy(other, 5000)
    tick(1)
    held = till.redeem(other, 20)
    tick(1)
    accepted(till.post(f"/redemptions/{held['id']}/cancel"))
    tick(1)
    held = till.redeem(other, 5)
    tick(1)
    accepted(till.post(f"/redemptions/{held['id']}/capture"))
    tick(1)
    till.redeem(other, 3, capture=True)
    tick(1)
    accepted(till.post(f"/purchases/{bought['id']}/returns"))
    deliver(worker)
    told = [each for each in receiver.received if each.path == "/all"]
    assert [each.document["type"] for each in told] == [
        "member.enrolled",
        "purchase.accepted",
        "redemption.held",
        "redemption.cancelled",
        "redemption.held",
        "redemption.captured",
        "redemption.captured",
        "purchase.returned",
    ]
    assert all(each.signed_with(hook["secret"]) for each in told)
    assert not any(each.signed_with(some["secret"]) for each in told)
    assert [e.document["type"] for e in receiver.received if e.path == "/some"] == [
        "redemption.cancelled"
    ]
    purchase = told[1].document
    assert purchase["timestamp"] == "2026-01-01T00:00:01.000Z"
    assert purchase["data"] | {"receipt_id": ""} == {
        "program_id": till.program_id,
        "purchase_id": bought["id"],
        "member_id": other,
        "receipt_id": "",
        "store_id": None,
        "currency": "EUR",
        "amount_minor": 5000,
        "points": 50,
        "pending_points": 0,
        "operation_id": bought["operation_ids"][0],
    }
    sent = b"".join(each.body for each in receiver.received)
    assert b"ana@" not in sent
    listed = accepted(till.get("/webhook_events", type="purchase.accepted"))["data"]
    assert [each["id"] for each in listed] == [told[1].event_id]
    assert listed[0]["data"] == purchase["data"]
    newest = accepted(till.get("/webhook_events", limit="3"))
    rest = accepted(till.get("/webhook_events", starting_after=newest["data"][-1]["id"]))
    ids = [each["id"] for each in (*newest["data"], *rest["data"])]
    assert ids == [each.event_id for each in reversed(told)]


def test_a_receiver_that_was_down_gets_everything_in_order(
    till: Shop, receiver: Receiver, worker: Webhooks
) -> None:
    hook = listen(till, f"{receiver.url}/", "purchase.accepted")
    member = till.enrol()
    receiver.statuses["/"] = 503
    bought = []
    for _ in range(3):
        bought.append(till.buy(member)["id"])
        till.clock.forward(1)
    deliver(worker)
    assert len(receiver.received) == 1, "what failed holds back those behind it"
    receiver.statuses.clear()
    deliver(worker)
    assert len(receiver.received) == 1, "and is not tried again at once"
    later(worker, 6)
    deliver(worker)
    assert [each.document["data"]["purchase_id"] for each in receiver.received] == [
        bought[0],
        *bought,
    ]
    assert receiver.received[0].event_id == receiver.received[1].event_id
    assert receiver.received[0].body == receiver.received[1].body
    noted = attempts(till, hook)
    assert sorted(each["status"] for each in noted) == [204, 204, 204, 503]
    assert {each["answer"] for each in noted if each["status"] == 503} == {"answer 503"}
    assert {each["delivery"] for each in noted} == {"delivered"}
    assert accepted(till.get(f"/webhook_endpoints/{hook['id']}"))["failing_since"] is None


@SQLITE
def test_an_event_nobody_takes_steps_aside_after_an_hour_and_ends_after_three_days(
    till: Shop, receiver: Receiver, worker: Webhooks
) -> None:
    hook = listen(till, f"{receiver.url}/", "purchase.accepted")
    receiver.statuses["/"] = 500
    member = till.enrol()
    first = till.buy(member)["id"]
    deliver(worker)
    till.buy(member)
    for _ in range(12):
        later(worker, HOUR_S // 2)
        deliver(worker)
    seen = [each.document["data"]["purchase_id"] for each in receiver.received]
    assert seen[:7] == [first] * 7
    assert set(seen[7:]) != {first}, "the next one is tried although the first never arrived"
    later(worker, GIVE_UP_MS // 1000)
    deliver(worker)
    assert {each["delivery"] for each in attempts(till, hook)} >= {"failed"}
    assert accepted(till.get(f"/webhook_endpoints/{hook['id']}"))["enabled"]
    later(worker, DISABLE_MS // 1000)
    till.buy(member)
    deliver(worker)
    read = accepted(till.get(f"/webhook_endpoints/{hook['id']}"))
    assert (read["enabled"], read["disabled_reason"]) == (False, "failing")
    count = len(till.records("webhook_events"))
    till.buy(member)
    assert len(till.records("webhook_events")) == count, "nobody listens any more"
    receiver.statuses.clear()
    accepted(till.post(f"/webhook_endpoints/{hook['id']}", {"enabled": True}))
    till.buy(member)
    later(worker, HOUR_S)
    deliver(worker)
    assert receiver.types()[-1] == "purchase.accepted"
    assert accepted(till.get(f"/webhook_endpoints/{hook['id']}"))["failing_since"] is None


@SQLITE
def test_a_worker_that_dies_between_sending_and_noting_sends_again_under_the_same_id(
    till: Shop, receiver: Receiver, worker: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = listen(till, f"{receiver.url}/", "purchase.accepted")
    till.buy(till.enrol())

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(Webhooks, "_note", die)
        worker.step()
        worker.finish()
    assert attempts(till, hook) == []
    restarted = make_worker(till)
    deliver(restarted)
    restarted.close()
    assert len(receiver.received) == 2
    assert len({each.event_id for each in receiver.received}) == 1
    assert len(attempts(till, hook)) == 1
