"""Members, adjustments, the catalogue and what is printed, as a merchant's people see them."""

from __future__ import annotations

import re

import pytest

from backend.core.roles import Role
from tests.api_client import accepted
from tests.integration.spending_kit import claim, reward
from tests.integration.test_pages_till import follow, key_on
from tests.pages_kit import Pages, send

pytest_plugins = ["tests.pages_kit"]
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def test_members_are_listed_page_by_page_and_masked(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.CASHIER)
    members = []
    for number in range(23):
        members.append(shop.enrol(phone=f"+3361234567{number % 10}{number // 10}"))
        shop.clock.forward(1)
    for place in (3, 7, 11):
        shop.buy(members[place], 1000 * place)
    first = client.get(pages.path("/members"))
    assert "+33612345" not in first.text
    newest = re.findall(r"/members/(mem_\w+)\"", first.text)
    assert newest == list(reversed(members))[:20]
    more = re.search(r'href="([^"]*after=[^"]*)"', first.text)
    assert more is not None
    rest = client.get(more[1].replace("&amp;", "&"))
    assert re.findall(r"/members/(mem_\w+)\"", rest.text) == list(reversed(members))[20:]
    assert "Next page" not in rest.text
    richest = client.get(pages.path("/members?order=points"))
    assert re.findall(r"/members/(mem_\w+)\"", richest.text)[:3] == [
        members[11], members[7], members[3],
    ]  # fmt: skip
    more = re.search(r'href="([^"]*after=[^"]*)"', richest.text)
    assert more is not None
    assert (
        len(re.findall(r"/members/(mem_\w+)\"", client.get(more[1].replace("&amp;", "&")).text))
        == 3
    )


def test_a_members_page_tells_all_that_happened(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.MANAGER)
    member_id = shop.enrol(email="jeanne@example.org", card="CARD0042")
    bought = shop.buy(member_id, 9000)
    redeemed = shop.redeem(member_id, 20, capture=True)
    claim(shop, reward(shop), member_id)
    accepted(shop.post(f"/purchases/{bought['id']}/returns", {"amount_minor": 1000}))
    accepted(shop.post(f"/members/{member_id}/adjustments", {
        "points": 7, "reason": "contest", "note": "Came third."}))  # fmt: skip
    place = pages.path(f"/members/{member_id}")
    found = send(client, pages.path("/members/find"), {"who": "JEANNE@example.org"})
    assert found.headers["location"] == place
    expected = {
        "movements": ("Earned by a purchase", "Contest or event", "Taken back with a return"),
        "purchases": (bought["receipt_id"], "€90.00"),
        "redemptions": ("Redeemed", redeemed["id"]),
        "rewards": ("A coffee", "1 use"),
        "returns": ("€10.00",),
        "adjustments": ("Came third.", "Your system", "Posted"),
        "tiers": ("Nothing here yet.",),
        "life": ("Nothing here yet.",),
    }
    for view, texts in expected.items():
        shown = client.get(f"{place}?view={view}")
        assert shown.status_code == 200, view
        for text in ("jeanne@example.org", *texts):
            assert text in shown.text, (view, text)
    assert "jeanne@example.org" not in pages.staff(Role.CASHIER).get(place).text


@SQLITE
def test_cards_identifiers_merging_pausing_closing(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.MANAGER)
    member_id, twin = shop.enrol(card="CARD0042"), shop.enrol(phone="+33612345678")
    shop.buy(member_id, 5000)
    place = pages.path(f"/members/{member_id}")
    added = {"key": "a", "kind": "email", "value": "jeanne@example.org"}
    assert "is found by it" in follow(client, send(client, f"{place}/identifier", added)).text
    taken = {"key": "b", "kind": "phone", "value": "+33612345678"}
    assert send(client, f"{place}/identifier", taken).status_code == 409
    lost = {"key": "c", "lost": "CARD0042", "card": "CARD0043"}
    assert "CARD0043" in follow(client, send(client, f"{place}/card", lost)).text
    found = send(client, pages.path("/till/find"), {"who": "CARD0042"})
    assert "reported lost" in found.text
    for state in ("deactivated", "active"):
        follow(client, send(client, f"{place}/state", {"key": state, "state": state}))
    merge = {"key": "m", "into": "+33 6 12 34 56 78"}
    merged = send(client, f"{place}/merge", merge)
    assert merged.headers["location"] == pages.path(f"/members/{twin}")
    assert shop.balance(twin) == (50, 0)
    twins = pages.path(f"/members/{twin}")
    assert send(client, f"{twins}/close", {"key": "no"}).status_code == 409
    closing = {"key": "close", "forfeit": "on", "erase": "on"}
    closed = follow(client, send(client, f"{twins}/close", closing))
    assert "destroyed" in closed.text
    assert "jeanne@example.org" not in closed.text
    actions = sorted(row["action"] for row in shop.records("staff_actions"))
    assert actions == [
        "card.replaced", "member.changed", "member.changed", "member.changed", "member.erased",
        "member.merged",
    ]  # fmt: skip
    assert send(pages.staff(Role.CASHIER), f"{place}/merge", merge).status_code == 403


@SQLITE
def test_an_adjustment_above_the_bound_goes_through_two_people(pages: Pages) -> None:
    shop, owner, manager = pages.shop, pages.staff(Role.OWNER), pages.staff(Role.MANAGER)
    member_id = shop.enrol(card="CARD0042")
    place = pages.path("/adjustments")
    asked = {"who": "CARD0042", "way": "give", "points": "500", "reason": "goodwill",
             "note": "Waited an hour."}  # fmt: skip
    posted = follow(manager, send(manager, place, asked | {"key": "1"}))
    assert "on their way to the chain" in posted.text
    waits = follow(manager, send(manager, place, asked | {"key": "2", "points": "501"}))
    assert "somebody else decides" in waits.text
    assert shop.balance(member_id) == (500, 0)
    adjustment = next(row for row in shop.records("adjustments") if row["points"] == 501)
    decide = f"{place}/{adjustment['id']}"
    own = send(manager, decide, {"key": "3", "way": "approve"})
    assert own.status_code == 409
    for key in ("4", "4"):
        assert send(owner, decide, {"key": key, "way": "approve"}).status_code == 303
    assert send(owner, decide, {"key": "5", "way": "refuse"}).status_code == 409
    assert shop.balance(member_id) == (1001, 0)
    assert send(manager, f"{place}/bound", {"bound": "10"}).status_code == 403
    assert send(owner, f"{place}/bound", {"bound": "10"}).status_code == 303
    small = follow(manager, send(manager, place, asked | {"key": "6", "points": "11"}))
    assert "somebody else has to approve" in small.text
    too_many = send(manager, place, asked | {"key": "7", "way": "take", "points": "5000"})
    assert too_many.status_code == 409
    assert 'value="5000"' in too_many.text
    assert pages.staff(Role.CASHIER).get(place).status_code == 403


@SQLITE
def test_a_reward_is_written_opened_changed_and_taken_out(pages: Pages) -> None:
    shop, client = pages.shop, pages.staff(Role.MANAGER)
    member_id = shop.enrol()
    shop.buy(member_id, 20_000)
    place = pages.path("/rewards")
    form = {
        "kind": "discount_amount", "title_fr": "5 € offerts", "title_en": "5 € off",
        "step_id": "", "step_points": "100", "step_value": "5,00", "step_cash": "",
        "image_url": "https://shop.example/five.webp", "until": "2026-12-31", "stock": "10",
    }  # fmt: skip
    preview = send(client, f"{place}/preview", form)
    assert "5 € offerts" in preview.text
    assert "<html" not in preview.text
    missing = send(client, f"{place}/new", {**form, "key": "0", "step_points": ""})
    assert missing.status_code == 422
    assert "5 € offerts" in missing.text
    made = send(client, f"{place}/new", {**form, "key": "1"})
    again = send(client, f"{place}/new", {**form, "key": "1"})
    assert made.headers["location"] == again.headers["location"]
    reward_place = made.headers["location"]
    shown = client.get(reward_place)
    assert "https://shop.example;" in shown.headers["content-security-policy"]
    spend = pages.path(f"/till/m/{member_id}/spend")
    assert "5 € off" not in client.get(spend).text
    follow(client, send(client, f"{reward_place}/state", {"key": "2", "state": "active"}))
    assert "€5.00: 100 points" in client.get(spend).text
    dearer = {**form, "key": "3", "step_id": "step-1", "step_points": "150"}
    follow(client, send(client, reward_place, dearer))
    assert "€5.00: 150 points" in client.get(spend).text
    assert 'value="2026-12-31"' in client.get(reward_place).text
    for state in ("draft", "active", "archived"):
        follow(client, send(client, f"{reward_place}/state", {"key": state, "state": state}))
    assert "5 € off" not in client.get(spend).text
    assert send(client, reward_place, {**dearer, "key": "4"}).status_code == 409
    charity = {"key": "5", "name": "Les Abeilles", "registration": "RNA W691234567"}
    listed = follow(client, send(client, f"{place}/charities", charity))
    assert "Les Abeilles" in listed.text


@SQLITE
def test_posters_lead_to_the_program_and_receipts_say_what_the_merchant_wrote(
    pages: Pages,
) -> None:
    shop, client = pages.shop, pages.staff(Role.MANAGER)
    reward(shop)
    for kind in ("poster", "display"):
        sheet = client.get(pages.path(f"/print/{kind}?in=fr"))
        assert "Chaque achat vous rapporte des points" in sheet.text
        assert f"{pages.url}/card/join/{shop.program_id}" in sheet.text
        assert "<svg" in sheet.text
    texts = {"head": "Boulangerie Martin\n1 rue du Four", "foot": "A bientôt !"}
    kept = follow(client, send(client, pages.path("/print/receipt"), texts))
    assert "1 rue du Four" in kept.text
    assert "A bientôt !" in kept.text
    member_id = shop.enrol()
    page = client.get(pages.path(f"/till/m/{member_id}"))
    sale = {"key": key_on(page), "amount": "20"}
    done = follow(client, send(client, pages.path(f"/till/m/{member_id}/sale"), sale))
    assert "1 rue du Four" in done.text
