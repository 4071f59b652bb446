"""What members see and do on their card: points, rewards, history, statements."""

from __future__ import annotations

from io import BytesIO

import httpx2
import pytest
from pypdf import PdfReader

from backend.core.qr import read_qr
from backend.services.give_card import card_qr
from tests.api_client import accepted
from tests.card_kit import Cards
from tests.integration.spending_kit import gift_card, reward, use
from tests.pages_kit import send

pytest_plugins = ["tests.pages_kit", "tests.card_kit"]
one_database = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

ZOE = "zoe@example.org"


def joined(cards: Cards, points: int = 0, name: str = "Zoé Ωmega") -> tuple[httpx2.Client, str]:
    """A member with so many points: the client and the id."""
    client = cards.join(ZOE, name=name)
    member_id = cards.member_id(client)
    if points:
        cards.pages.shop.buy(member_id, points * 100)
    return client, member_id


def taking(client: httpx2.Client, reward_id: str) -> dict[str, str]:
    """The fields of a reward's form, as the page has them."""
    page = client.get(f"/card/rewards/{reward_id}").text
    key = page.partition('name="key" value="')[2].partition('"')[0]
    step = page.partition('name="step" value="')[2].partition('"')[0]
    return {"key": key, "step": step}


@one_database
def test_the_card_shows_what_a_till_takes(cards: Cards) -> None:
    client, member_id = joined(cards, 120)
    shop = cards.pages.shop
    number = accepted(shop.get(f"/members/{member_id}"))["card"]
    page = client.get("/card").text
    assert " ".join(number[at : at + 4] for at in range(0, len(number), 4)) in page
    assert ">120</p>" in page
    assert "Purchase of €120.00" in page
    assert "1 point per 1.00 EUR" in page
    assert page.count("<svg") == 2
    text = card_qr(shop.house, shop.program_id, number)
    assert read_qr(text, shop.program_id, shop.house.vault.mac).subject == number
    bought = shop.purchase("", 500, member={"qr": text})
    del bought["member_id"]
    accepted(shop.post("/purchases", bought))
    assert ">125</p>" in client.get("/card").text


def test_a_reward_is_taken_once_however_often_it_is_sent(cards: Cards) -> None:
    client, member_id = joined(cards, 25)
    shop = cards.pages.shop
    coffee, dinner = reward(shop), reward(shop, steps=[{"points": 40}])
    gift_card(shop, member_id=member_id)
    card = client.get("/card").text
    assert "15 points to go" in card
    assert "€50.00" in card
    fields = taking(client, coffee)
    for _ in range(2):
        taken = send(client, f"/card/rewards/{coffee}", fields)
        assert taken.headers["location"] == "/card"
    assert shop.balance(member_id) == (15, 0)
    voucher = accepted(shop.get(f"/members/{member_id}/claims"))["data"][0]["voucher"]
    assert voucher["code"] in client.get("/card").text
    use(shop, voucher["code"], redeem=True)
    assert voucher["code"] not in client.get("/card").text
    short = send(client, f"/card/rewards/{dinner}", taking(client, dinner))
    assert short.status_code == 409
    assert "You do not have enough points for this." in short.text
    assert shop.balance(member_id) == (15, 0)


@one_database
def test_a_reward_that_was_just_taken_can_be_given_back_by_its_owner_only(cards: Cards) -> None:
    client, member_id = joined(cards, 25)
    shop = cards.pages.shop
    coffee = reward(shop, cancel_within_hours=2)
    send(client, f"/card/rewards/{coffee}", taking(client, coffee))
    claim = accepted(shop.get(f"/members/{member_id}/claims"))["data"][0]["id"]
    stranger = cards.join("other@example.org")
    assert send(stranger, f"/card/claims/{claim}/cancel", {}).status_code == 404
    assert (
        "2 hours" in client.get("/card/rewards").text
        or "Cancel and take" in client.get("/card/rewards").text
    )
    send(client, f"/card/claims/{claim}/cancel", {"key": "once"})
    assert shop.balance(member_id) == (25, 0)
    assert "cancelled" in client.get("/card/rewards").text


@one_database
def test_history_is_paged_and_other_peoples_proofs_are_not_shown(cards: Cards) -> None:
    client, member_id = joined(cards)
    for number in range(30):
        cards.pages.shop.buy(member_id, 100 * (number + 1))
    first = client.get("/card/history").text
    assert first.count("Purchase of") == 25
    assert "to be recorded on chain with the next batch" in first
    following = first.partition('href="/card/history?after=')[2].partition('"')[0]
    second = client.get(f"/card/history?after={following}").text
    assert second.count("Purchase of") == 5
    assert "Purchase of €5.00" in second
    operation = accepted(cards.pages.shop.get(f"/members/{member_id}/history"))["data"][0]
    proof = f"/card/proof/{operation['operation_id']}"
    assert "receipt_id" in client.get(proof).text
    assert cards.join("other@example.org").get(proof).status_code == 404


@one_database
def test_a_statement_says_the_same_on_paper_and_in_a_spreadsheet(cards: Cards) -> None:
    client, _ = joined(cards, 25)
    coffee = reward(cards.pages.shop)
    send(client, f"/card/rewards/{coffee}", taking(client, coffee))
    period = {"from": "2025-12-01", "to": "2026-01-31"}
    pdf = client.get("/card/statement", params={**period, "format": "pdf"})
    assert pdf.headers["content-type"] == "application/pdf"
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf.content)).pages)
    text = " ".join(text.split())
    for said in ("Zoé Ωmega", "Statement of points", "Points earned +25", "Points used −10"):
        assert said.replace(" ", "") in text.replace(" ", ""), said
    assert "Closingbalance15" in text.replace(" ", "")
    assert "Purchase of €25.00" in text
    table = client.get("/card/statement", params={**period, "format": "csv"})
    lines = table.text.lstrip("\ufeff").splitlines()
    assert [line.split(",")[4] for line in lines[1:]] == ["25", "-10"]
    bad = client.get("/card/statement", params={"from": "2026-02-01", "to": "soon"})
    assert bad.status_code == 422
