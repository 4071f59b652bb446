"""What members say about their data: name, choices, addresses, a copy, and the end of it."""

from __future__ import annotations

import pytest

from tests.api_client import accepted, another_merchant
from tests.card_kit import Cards
from tests.ledger_audit import audit, rows_of
from tests.pages_kit import send

pytest_plugins = ["tests.pages_kit", "tests.card_kit"]
one_database = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

ZOE, NEW = "zoe@example.org", "zoe@new.example"


def test_nothing_is_agreed_to_until_it_is_and_every_choice_is_remembered(cards: Cards) -> None:
    client = cards.join(ZOE, statistics="on")
    assert client.get("/card/data").text.count(" checked") == 1
    for ticks in ({"email_news": "on", "statistics": "on"}, {"email_news": "on"}, {}):
        cards.clock.forward(60)
        assert send(client, "/card/data/choices", ticks).status_code == 303
        assert client.get("/card/data").text.count(" checked") == len(ticks)
    page = client.get("/card/data").text
    told = page.partition("What I chose, and when")[2].partition("</ul>")[0]
    assert told.count("<li>") == 4
    assert told.count(", yes</li>") == told.count(", no</li>") == 2


@one_database
def test_a_name_is_the_members_to_choose(cards: Cards) -> None:
    client = cards.join(ZOE, name="<b>Zoé</b>")
    assert "&lt;b&gt;Zoé" in client.get("/card").text
    send(client, "/card/data/name", {"name": "Z."})
    assert "Z." in client.get("/card").text
    send(client, "/card/data/name", {"name": ""})
    assert "Your name can stand here" in client.get("/card").text


def test_a_new_address_opens_every_card_and_the_old_one_none(cards: Cards) -> None:
    client = cards.join(ZOE)
    elsewhere = another_merchant(cards.pages.shop)
    elsewhere.enrol(email=ZOE)
    taken = another_merchant(cards.pages.shop, "Dupont")
    taken.enrol(email=ZOE)
    taken.enrol(email=NEW)
    client = cards.sign_in(ZOE)
    asked = send(client, "/card/data/address", {"address": NEW})
    assert asked.headers["location"] == "/card/code"
    cards.enter(client, NEW)
    assert "Dupont was not changed" in client.get("/card/data").text
    to_old = [each.content for each in cards.received() if each.content.to == ZOE]
    assert sum("was changed" in each.text for each in to_old) == 2
    cards.clock.forward(601)
    page = cards.sign_in(NEW).get("/card").text
    assert page.count("<option") == 3
    assert "<option" not in cards.sign_in(ZOE).get("/card").text


@one_database
def test_a_copied_card_gets_a_new_number(cards: Cards) -> None:
    client = cards.join(ZOE)
    shop, member_id = cards.pages.shop, cards.member_id(client)
    old = accepted(shop.get(f"/members/{member_id}"))["card"]
    send(client, "/card/data/number", {"key": "once"})
    new = accepted(shop.get(f"/members/{member_id}"))["card"]
    assert new != old
    assert shop.get("/members", card=old).json().get("data", []) == []


def test_a_copy_holds_everything_and_no_key(cards: Cards) -> None:
    client = cards.join(ZOE, name="Zoé", email_news="on")
    member_id = cards.member_id(client)
    cards.pages.shop.buy(member_id, 1000)
    answer = client.get("/card/data/copy")
    [mine] = answer.json()
    assert mine["person"]["email"] == [ZOE]
    assert mine["person"]["name"] == "Zoé"
    assert mine["records"]["journal"][0]["points"] == 10
    assert mine["records"]["purchases"][0]["amount_minor"] == 1000
    assert mine["records"]["member_choices"][0]["purpose"] == "email_news"
    for hidden in ("wrapped_key", "digest", "sealed"):
        assert hidden not in answer.text


def test_an_erased_member_is_nowhere_and_their_session_opens_nothing(cards: Cards) -> None:
    client = cards.join(ZOE, name="Zoé", email_news="on")
    member_id = cards.member_id(client)
    cards.pages.shop.buy(member_id, 1000)
    assert "Please tick" in send(client, "/card/erase", {"key": "once"}).text
    page = client.get("/card/erase").text
    assert "You give up 10 points." in page
    assert ZOE in page
    send(client, "/card/erase", {"key": "once", "agree": "on"})
    cards.enter(client, ZOE)
    assert client.get("/card").headers["location"].startswith("/card/sign-in")
    database = cards.pages.shop.database
    audit(database.ledger)
    rows = rows_of(database.ledger)
    for table in ("messages", "one_time_codes", "inbox_messages", "member_choices"):
        assert rows[table] == [], table
    stranger = cards.pages.visitor()
    send(stranger, "/card/sign-in", {"address": ZOE})
    assert cards.received() == []
