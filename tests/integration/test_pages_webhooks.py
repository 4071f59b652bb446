"""The webhooks' pages: a secret once, a test event, what was sent, whose they are."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from playwright.sync_api import Browser

from backend.core.roles import Role
from backend.duties.addresses import Reach
from backend.duties.webhooks import Webhooks
from tests.browser_kit import ENGLISH, FRENCH, inspect, opened
from tests.ledger_audit import records_of
from tests.pages_kit import PASSWORD, Pages, send
from tests.webhook_kit import Receiver, deliver

pytest_plugins = ["tests.pages_kit", "tests.browser_kit", "tests.webhook_kit"]
HOME = "/console/webhooks"
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def make_worker(pages: Pages) -> Webhooks:
    house = pages.shop.house
    return Webhooks(
        pages.shop.database.ledger, house.vault, house.now_ms, house.new_id, os.urandom,
        Reach.LOOPBACK,
    )  # fmt: skip


@SQLITE
def test_an_owner_adds_tries_changes_and_deletes_a_webhook(
    pages: Pages, receiver: Receiver
) -> None:
    owner, worker = pages.staff(), make_worker(pages)
    wrong = send(owner, HOME, {"url": "ftp://a.example", "all": "on"})
    assert wrong.status_code == 422
    assert "ftp://a.example" in wrong.text
    assert send(owner, HOME, {"url": receiver.url}).status_code == 422, "nothing is chosen"
    fields = {"url": f"{receiver.url}/shop", "purchase.accepted": "on", "key": "once"}
    made = send(owner, HOME, fields)
    secret = _secret(made.text)
    path = f"{HOME}/{re.findall('whk_[0-9a-z]{26}', made.text)[0]}"
    assert _secret(send(owner, HOME, fields).text) == secret, "sent twice, made once"
    assert secret not in owner.get(path).text
    assert send(owner, f"{path}/test", {}).headers["location"] == path
    pages.shop.buy(pages.shop.enrol())
    deliver(worker)
    assert sorted(receiver.types()) == ["purchase.accepted", "webhook.test"]
    assert all(each.signed_with(secret) for each in receiver.received)
    read = owner.get(path).text
    event = receiver.received[-1].event_id
    assert event in read
    assert "204" in read
    assert send(owner, f"{path}/resend", {"event": event}).status_code == 303
    deliver(worker)
    worker.close()
    assert [each.event_id for each in receiver.received].count(event) == 2
    assert _secret(send(owner, f"{path}/rotate", {}).text) != secret
    changed = {"url": "https://other.example/", "all": "on"}
    assert send(owner, f"{path}/change", changed).status_code == 303
    assert send(owner, f"{path}/switch", {"on": "no"}).status_code == 303
    assert "Switched off by you" in owner.get(HOME).text
    assert send(owner, f"{path}/delete", {}).status_code == 422, "it asks to be sure"
    assert send(owner, f"{path}/delete", {"sure": "on"}).status_code == 303
    assert "other.example" not in owner.get(HOME).text
    done = [row["action"] for row in records_of(pages.shop.database.ledger, "staff_actions")]
    assert sorted(done) == [*["webhook.changed"] * 3, "webhook.created", "webhook.deleted"]


@SQLITE
def test_webhooks_are_for_owners_and_of_their_merchant(pages: Pages) -> None:
    for role in (Role.MANAGER, Role.CASHIER, Role.AUDITOR):
        assert pages.staff(role).get(HOME).status_code == 403
    assert pages.staff().get(f"{HOME}/whk_{'0' * 26}").status_code == 404


@SQLITE
@pytest.mark.parametrize("look", [ENGLISH, FRENCH], ids=["english light", "french dark phone"])
def test_the_pages_are_accessible(
    browser: Browser, pages: Pages, receiver: Receiver, look: dict[str, Any]
) -> None:
    complaints: list[str] = []
    email = pages.add_user(Role.OWNER)
    with opened(browser, look, complaints) as page:
        page.goto(f"{pages.url}/sign-in?after={HOME}")
        page.locator("[name=email]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button").click()
        page.locator("[name=url]").fill(f"{receiver.url}/shop")
        inspect(page, "webhooks-empty")
        page.locator("main button").click()
        page.wait_for_selector("#secret")
        inspect(page, "webhook-secret")
        receiver.statuses["/shop"] = 500
        pages.shop.buy(pages.shop.enrol())
        worker = make_worker(pages)
        deliver(worker)
        worker.close()
        page.goto(pages.url + HOME)
        inspect(page, "webhooks")
        page.locator("main h2 a").click()
        page.wait_for_selector("table")
        inspect(page, "webhook")
    assert complaints == []


def _secret(text: str) -> str:
    found = re.search(r'id="secret">(whsec_[^<]+)<', text)
    assert found, text
    return found[1]
