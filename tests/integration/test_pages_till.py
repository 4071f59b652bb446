"""Till mode, as a signed-in cashier's browser asks for it."""

from __future__ import annotations

import re

import httpx2
import pytest

from backend.core.roles import Role
from tests.api_client import accepted
from tests.integration.spending_kit import publish_spending, reward
from tests.ledger_audit import audit
from tests.pages_kit import Pages, send

pytest_plugins = ["tests.pages_kit"]
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def at(pages: Pages, rest: str) -> str:
    return pages.path(f"/till{rest}")


def key_on(answer: httpx2.Response, after: str = "") -> str:
    """The hidden key of the first form, or of the first one after some text."""
    found = re.search(r'name="key" value="([^"]+)"', answer.text[answer.text.index(after) :])
    assert found is not None, answer.text
    return found[1]


def follow(client: httpx2.Client, answer: httpx2.Response) -> httpx2.Response:
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["location"])


def sell(client: httpx2.Client, pages: Pages, member_id: str, **fields: str) -> httpx2.Response:
    """A sale as it is sent from the member's page; its own page."""
    shown = client.get(at(pages, f"/m/{member_id}"))
    return send(client, at(pages, f"/m/{member_id}/sale"), {"key": key_on(shown), **fields})


@SQLITE
def test_a_cashier_finds_a_member_by_anything_they_are_known_by(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.CASHIER)
    member_id = shop.enrol(phone="+33612345678", email="jeanne@example.org", card="CARD0042")
    qr = accepted(shop.get(f"/members/{member_id}/qr"))["qr"]
    for typed in ("0033 6 12 34 56 78", "Jeanne@Example.org", "card-0042", qr, member_id):
        found = send(client, at(pages, "/find"), {"who": typed})
        assert found.headers.get("location") == at(pages, f"/m/{member_id}"), typed
    shown = client.get(at(pages, f"/m/{member_id}")).text
    assert "jeanne@example.org" not in shown
    assert "+33612345678" not in shown
    missed = send(client, at(pages, "/find"), {"who": "06 99 99 99 99"})
    assert missed.status_code == 404
    assert 'value="06 99 99 99 99"' in missed.text
    shop.clock.forward(3600)
    assert "too old" in send(client, at(pages, "/find"), {"who": qr}).text


@SQLITE
def test_enrolling_takes_one_field_and_knows_those_who_are_members(pages: Pages) -> None:
    client = pages.staff(Role.CASHIER)
    fields = {"key": key_on(client.get(at(pages, ""))), "phone": "+33612345678"}
    sent = [send(client, at(pages, "/enrol"), fields) for _ in range(2)]
    assert sent[0].headers["location"] == sent[1].headers["location"]
    again = send(client, at(pages, "/enrol"), {"phone": "+33 6 12 34 56 78", "key": "another"})
    assert again.headers["location"] == sent[0].headers["location"]
    assert send(client, at(pages, "/enrol"), {"key": "none"}).status_code == 422
    assert send(client, at(pages, "/enrol"), {"key": "x", "email": "no"}).status_code == 422
    assert len(pages.shop.records("members")) == 1


def test_a_sale_is_quoted_counted_once_and_undone(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.CASHIER)
    member_id = shop.enrol(phone="+33612345678")
    page = client.get(at(pages, f"/m/{member_id}"))
    before = shop.snapshot()
    quoted = send(client, at(pages, f"/m/{member_id}/quote"), {"amount": "12,50"})
    assert "+12 <span>" in quoted.text
    assert "<html" not in quoted.text
    assert shop.snapshot() == before
    fields = {"key": key_on(page), "amount": "12,50"}
    first, resent = (send(client, at(pages, f"/m/{member_id}/sale"), fields) for _ in range(2))
    assert first.headers["location"] == resent.headers["location"]
    changed = send(client, at(pages, f"/m/{member_id}/sale"), fields | {"amount": "99"})
    assert changed.status_code == 422
    assert shop.balance(member_id) == (12, 0)
    done = follow(client, first)
    assert "Accepted, and safe" in done.text
    assert re.search(r"Points earned +\+12\n", done.text)
    undo = {"key": key_on(done)}
    path = first.headers["location"]
    undone = [send(client, f"{path}/undo", undo) for _ in range(2)]
    assert undone[0].headers["location"] == undone[1].headers["location"]
    assert "Taken back" in follow(client, undone[0]).text
    assert shop.balance(member_id) == (0, 0)
    assert [row["action"] for row in shop.records("staff_actions")] == ["purchase.undone"]
    assert len(shop.records("purchases")) == 1
    audit(shop.database.ledger)


@SQLITE
def test_undoing_ends_after_minutes_and_a_basket_returns_line_by_line(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.CASHIER)
    member_id = shop.enrol()
    page = client.get(at(pages, f"/m/{member_id}"))
    lines = {"sku": ["bread", "cake", ""], "quantity": ["3", "1", "1"], "price": ["2", "10", ""]}
    fields = {"key": key_on(page), "receipt": "R-77", **lines}
    sold = send(client, at(pages, f"/m/{member_id}/sale"), fields)  # type: ignore[arg-type]
    assert shop.balance(member_id) == (16, 0)
    shop.clock.forward(11 * 60)
    late = send(client, f"{sold.headers['location']}/undo", {"key": "late"})
    assert "too late" in late.text
    place = send(client, at(pages, "/return"), {"receipt": "R-77"}).headers["location"]
    shown = client.get(place)
    assert "bread" in shown.text
    back = {"key": key_on(shown), "way": "lines", "line-0": "2"}
    done = follow(client, send(client, place, back))
    assert "€4.00" in done.text
    amount = {"key": "amount", "way": "amount", "amount": "500"}
    assert send(client, place, amount).status_code == 409
    assert follow(client, send(client, place, {"key": "rest", "way": "whole"})).status_code == 200
    assert shop.balance(member_id) == (0, 0)
    assert send(client, at(pages, "/return"), {"receipt": "R-78"}).status_code == 404


def test_points_pay_a_part_and_come_back_with_the_purchase(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.CASHIER)
    publish_spending(shop, points=100, worth_minor=100)
    member_id = shop.enrol()
    shop.buy(member_id, 30_000)
    quoted = send(client, at(pages, f"/m/{member_id}/quote"), {"amount": "10", "pay": "on"}).text
    worth = re.search(r'name="pay_minor" value="(\d+)"', quoted)
    assert worth is not None
    assert "Left to pay:" in quoted
    before = shop.balance(member_id)[0]
    sold = sell(client, pages, member_id, amount="10", pay="on", pay_minor=worth[1])
    assert shop.balance(member_id)[1] == 0
    assert shop.balance(member_id)[0] < before
    undone = send(client, f"{sold.headers['location']}/undo", {"key": "undo"})
    assert "Points given back" in follow(client, undone).text
    assert shop.balance(member_id) == (before, 0)
    # More than the basket takes is refused, and nothing stays held.
    refusal = sell(client, pages, member_id, amount="10", pay="on", pay_minor="5000")
    assert refusal.status_code == 409
    assert shop.balance(member_id) == (before, 0)


@SQLITE
def test_points_are_redeemed_and_given_back(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.CASHIER)
    member_id = shop.enrol()
    shop.buy(member_id, 5000)
    page = client.get(at(pages, f"/m/{member_id}/spend"))
    fields = {"key": key_on(page), "points": "20"}
    sent = [send(client, at(pages, f"/m/{member_id}/redeem"), fields) for _ in range(2)]
    assert sent[0].headers["location"] == sent[1].headers["location"]
    assert shop.balance(member_id) == (30, 0)
    done = follow(client, sent[0])
    undo = f"{sent[0].headers['location']}/undo"
    for _ in range(2):
        assert send(client, undo, {"key": key_on(done)}).status_code == 303
    assert shop.balance(member_id) == (50, 0)
    too_many = send(client, at(pages, f"/m/{member_id}/redeem"), {"key": "k", "points": "51"})
    assert too_many.status_code == 409
    assert send(client, undo, {"key": "again"}).status_code == 409


@SQLITE
def test_a_reward_gives_a_voucher_that_is_checked_reserved_used_and_taken_back(
    pages: Pages,
) -> None:
    shop, client = pages.shop, pages.staff(Role.CASHIER)
    member_id = shop.enrol()
    shop.buy(member_id, 5000)
    reward(shop, cancel_within_hours=1)
    page = client.get(at(pages, f"/m/{member_id}/spend"))
    offered = re.search(r'name="reward" value="([^"]+)"', page.text)
    assert offered is not None
    key = key_on(page, "A coffee")
    fields = {"key": key, "reward": offered[1], "step": "standard"}
    claimed = send(client, at(pages, f"/m/{member_id}/claim"), fields)
    code = re.search(r'class="code mono">([^<]+)<', follow(client, claimed).text)
    assert code is not None
    assert shop.balance(member_id) == (40, 0)
    checked = send(client, at(pages, "/voucher"), {"code": code[1]})
    assert "This voucher is good." in checked.text
    use = {"key": key_on(checked, "voucher/use"), "code": code[1], "way": "reserve"}
    used = send(client, at(pages, "/voucher/use"), use)
    place = used.headers["location"]
    for way, title in (("redeem", "Used"), ("reverse", "Given back")):
        done = follow(client, send(client, place, {"key": key_on(client.get(place)), "way": way}))
        assert f"<h1>{title}</h1>" in done.text
    cancelled = send(client, f"{claimed.headers['location']}/undo", {"key": "cancel"})
    assert cancelled.status_code == 303
    assert shop.balance(member_id) == (50, 0)
    assert "cancelled" in send(client, at(pages, "/voucher"), {"code": code[1]}).text
    assert send(client, at(pages, "/voucher"), {"code": "nonsense"}).status_code == 409


@SQLITE
def test_another_merchants_members_and_purchases_are_not_there(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.CASHIER)
    member_id = shop.enrol()
    bought = shop.buy(member_id)
    elsewhere = shop.open_program(name="Other")
    place = f"/console/p/{elsewhere}/till"
    assert client.get(f"{place}/m/{member_id}").status_code == 404
    assert client.get(f"{place}/return/{bought['id']}").status_code == 404
    nobody = pages.staff(Role.AUDITOR)
    assert nobody.get(at(pages, "")).status_code == 403


@SQLITE
def test_a_sale_paid_with_points_waits_for_a_member_who_signs(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.CASHIER)
    shop.program_id = shop.open_program(signed_only=True)
    publish_spending(shop, points=100, worth_minor=100)
    member_id = shop.enrol()
    shop.buy(member_id, 50_000)
    place = f"/m/{member_id}"
    # It is no purchase until there is an answer, and one hold however often it is asked.
    sale = {"key": "s", "amount": "10", "pay": "on", "pay_minor": "300"}
    for _ in range(2):
        shown = send(client, at(pages, f"{place}/sale"), sale)
        assert (shown.status_code, shown.headers["hx-retarget"]) == (200, "#alerts")
    assert shop.balance(member_id) == (200, 300)
    assert len(shop.records("purchases")) == 1
    shop.clock.forward(3600)
    over = follow(client, send(client, at(pages, f"{place}/sale"), sale))
    assert "available again" in over.text
    assert key_on(over) != "s"
    assert shop.balance(member_id) == (500, 0)
