"""The way to a card: a code over real SMTP or SMS, a poster, guesses that lead nowhere."""

from __future__ import annotations

import httpx2
import pytest

from backend.core.contact import CODE_TRIES, CODES_PER_SPAN
from backend.ledger.message_tables import InboxMessage, Message, OneTimeCode
from tests.api_client import another_merchant
from tests.card_kit import Cards
from tests.ledger_audit import records_of, rows_of
from tests.pages_kit import send

pytest_plugins = ["tests.pages_kit", "tests.card_kit"]

ZOE, PHONE = "zoe@example.org", "+33612345678"
one_database = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def ask(cards: Cards, address: str) -> tuple[httpx2.Client, httpx2.Response]:
    """Somebody who asked for a code, and the page they see then."""
    client = cards.pages.visitor()
    asked = send(client, "/card/sign-in", {"address": address})
    assert asked.headers.get("location") == "/card/code", asked.text
    return client, client.get("/card/code")


def test_a_poster_gives_a_card_and_a_code_opens_it_again(cards: Cards) -> None:
    joined = cards.join(ZOE, email_news="on")
    assert "Zoé" in joined.get("/card").text
    mail = cards.received()[0].content
    assert mail.subject.startswith(cards.code(ZOE))
    assert cards.code(ZOE) in mail.html
    again, _ = ask(cards, " Zoe@Example.ORG")
    cards.enter(again, ZOE)
    assert cards.member_id(again) == cards.member_id(joined)
    by_poster = cards.join(ZOE, name="Somebody else")
    assert cards.member_id(by_poster) == cards.member_id(joined)
    assert "Somebody else" not in by_poster.get("/card").text


@one_database
def test_a_phone_gets_its_code_by_sms(cards: Cards) -> None:
    client = cards.pages.visitor("fr")
    path = f"/card/join/{cards.pages.shop.program_id}"
    wrong = send(client, path, {"name": "Léa", "address": "06 12 34 56 78"})
    assert wrong.status_code == 422
    assert "+33 6 12 34 56 78" in wrong.text
    send(client, path, {"name": "Léa", "address": "+33 6 12 34 56 78"})
    cards.enter(client, PHONE)
    assert "Léa" in client.get("/card").text
    assert "Boulangerie Martin" in cards.received()[0].content.text


@one_database
def test_nobody_learns_who_has_a_card(cards: Cards) -> None:
    cards.join(ZOE)
    came = len(cards.received())
    (_, known), (_, unknown) = ask(cards, ZOE), ask(cards, "nobody@example.org")
    assert known.text == unknown.text
    assert [each.content.to for each in cards.received()[: -came or None]] == [ZOE]
    asked = {"Host": "evil.example", "Sec-Fetch-Site": "none"}
    cards.pages.visitor().post("/card/sign-in", data={"address": ZOE}, headers=asked)
    assert "evil" not in repr(cards.received())
    rows = records_of(cards.pages.shop.database.ledger, str(Message.__tablename__))
    assert sorted(row["state"] for row in rows) == ["sent", "sent", "sent", "withheld"]


def test_guesses_are_few_and_a_used_or_old_code_is_over(cards: Cards) -> None:
    cards.join(ZOE)
    client, _ = ask(cards, ZOE)
    right = cards.code(ZOE)
    wrong = "000000" if right != "000000" else "111111"
    answers = [send(client, "/card/code", {"code": wrong}) for _ in range(CODE_TRIES)]
    assert [each.status_code for each in answers] == [409] * CODE_TRIES
    assert "This is not the code" in answers[0].text
    late = send(client, "/card/code", {"code": right})
    assert "This code is over" in late.text
    assert "mereau_member" not in client.cookies
    client, _ = ask(cards, ZOE)
    token = client.cookies["mereau_code"]
    cards.enter(client, ZOE)
    client.cookies.set("mereau_code", token)
    assert "This code is over" in send(client, "/card/code", {"code": cards.code(ZOE)}).text
    cards.clock.forward(601)
    client, _ = ask(cards, ZOE)
    code = cards.code(ZOE)
    cards.clock.forward(601)
    assert "This code is over" in send(client, "/card/code", {"code": code}).text


@one_database
def test_an_address_gets_a_few_codes_whoever_asks(cards: Cards) -> None:
    for address in (ZOE, "nobody@example.org"):
        for _ in range(CODES_PER_SPAN):
            ask(cards, address)
        refused = send(cards.pages.visitor(), "/card/sign-in", {"address": address})
        assert refused.status_code == 429
        assert "several codes already" in refused.text
    many = [
        send(cards.pages.visitor(), "/card/sign-in", {"address": f"n{number}@example.org"})
        for number in range(30)
    ]
    assert many[-1].status_code == 429
    assert "wait a minute" in many[-1].text


def test_one_person_has_one_session_for_all_their_programs(cards: Cards) -> None:
    shop = cards.pages.shop
    bakery = cards.join(ZOE)
    second = shop.open_program(name="Martin Café")
    elsewhere = another_merchant(shop, "Durand")
    elsewhere.enrol(email=ZOE)
    cards.clock.forward(601)
    cards.join(ZOE, program_id=second)
    everywhere = cards.sign_in(ZOE)
    page = everywhere.get("/card").text
    for name in ("Boulangerie Martin", "Martin Café", "Durand"):
        assert f">{name}</option>" in page
    assert ">Martin Café</option>" not in bakery.get("/card").text
    member = elsewhere.get("/members", email=ZOE).json()["data"][0]["id"]
    everywhere.get(f"/card/go?card={member}")
    assert "<strong>Durand</strong>" in everywhere.get("/card").text
    stranger = cards.join("other@example.org")
    stranger.get(f"/card/go?card={member}")
    assert "<strong>Durand</strong>" not in stranger.get("/card").text


def test_no_address_and_no_code_lies_in_clear(
    cards: Cards, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    client = cards.join(ZOE, name="Zoé Renard")
    send(client, "/card/data/address", {"address": PHONE})
    code, sms = cards.code(ZOE), cards.code(PHONE)
    lying = repr(rows_of(cards.pages.shop.database.ledger)).lower() + caplog.text.lower()
    for secret in (ZOE, "zo\\xe9", "renard", PHONE, PHONE[1:], code, sms):
        assert secret.lower() not in lying, secret
    for table in (Message, OneTimeCode, InboxMessage):
        assert records_of(cards.pages.shop.database.ledger, str(table.__tablename__))


@one_database
def test_leaving_the_device_ends_the_session_and_what_the_browser_kept(cards: Cards) -> None:
    client = cards.join(ZOE)
    token = client.cookies["mereau_member"]
    left = send(client, "/card/sign-out", {})
    assert left.headers["clear-site-data"] == '"cache", "storage"'
    client.cookies.set("mereau_member", token)
    assert client.get("/card").headers["location"].startswith("/card/sign-in")


@one_database
def test_the_inbox_is_of_development_systems_only(cards: Cards) -> None:
    assert cards.pages.visitor().get("/dev/inbox").status_code == 404
