"""The way to a card: a code over real SMTP or SMS, a poster, guesses that lead nowhere."""

from __future__ import annotations

import pytest

from tests.card_kit import Cards
from tests.pages_kit import send

pytest_plugins = ["tests.pages_kit", "tests.card_kit"]

ZOE = "zoe@example.org"
PHONE = "+33612345678"
one_database = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def test_a_poster_gives_a_card_and_a_code_opens_it_again(cards: Cards) -> None:
    joined = cards.join(ZOE, email_news="on")
    assert "Zoé" in joined.get("/card").text
    mail = cards.received()[0].content
    assert mail.subject.startswith(cards.code(ZOE))
    assert cards.code(ZOE) in mail.html
    again = cards.sign_in(ZOE.upper().lower())
    assert cards.member_id(again) == cards.member_id(joined)
    by_poster = cards.join(ZOE, name="Somebody else")
    assert cards.member_id(by_poster) == cards.member_id(joined)
    assert "Somebody else" not in by_poster.get("/card").text


def test_a_phone_gets_its_code_by_sms(cards: Cards) -> None:
    client = cards.pages.visitor("fr")
    path = f"/card/join/{cards.pages.shop.program_id}"
    wrong = send(client, path, {"name": "Léa", "address": "06 12 34 56 78"})
    assert wrong.status_code == 422
    assert "+33 6 12 34 56 78" in wrong.text
    send(client, path, {"name": "Léa", "address": "+33 6 12 34 56 78"})
    cards.enter(client, PHONE)
    assert "Léa" in client.get("/card").text
    assert f"@127.0.0.1 #{cards.code(PHONE)}" in cards.received()[0].content.text
