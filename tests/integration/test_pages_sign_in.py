"""Signing in to the pages: who gets in, where they land, what other sites cannot do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from backend.core.roles import Role
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.people_tables import StaffUser, WebSession
from tests.browser_kit import ENGLISH, FRENCH, inspect, opened
from tests.pages_kit import PASSWORD, Pages, send, sign_in

pytest_plugins = ["tests.pages_kit", "tests.browser_kit"]


def test_people_land_where_their_role_works(pages: Pages) -> None:
    for role, home in ((Role.AUDITOR, "/audit"), (Role.OWNER, "/console")):
        client = pages.visitor()
        fields = {"email": pages.add_user(role).upper(), "password": PASSWORD}
        assert send(client, "/sign-in", fields).headers["location"] == home
    entered = pages.staff(Role.CASHIER).get("/console")
    assert entered.headers["location"] == pages.path("/till")


def test_a_wrong_password_and_a_stranger_get_the_same_answer(pages: Pages) -> None:
    email = pages.add_user(Role.OWNER)
    wrong = send(pages.visitor(), "/sign-in", {"email": email, "password": "not this one"})
    stranger = {"email": "nobody@example.org", "password": PASSWORD}
    unknown = send(pages.visitor(), "/sign-in", stranger)
    assert (wrong.status_code, unknown.status_code) == (409, 409)
    assert "do not belong together" in wrong.text
    assert wrong.text.replace(email, "") == unknown.text.replace(stranger["email"], "")
    assert "not this one" not in wrong.text


def test_guessing_ends_soon_for_an_address_whoever_guesses(pages: Pages) -> None:
    email = pages.add_user(Role.OWNER)
    answers = [
        send(pages.visitor(), "/sign-in", {"email": email, "password": f"guess {number}"})
        for number in range(12)
    ]
    assert [each.status_code for each in answers[-2:]] == [429, 429]


def test_signing_out_and_being_disabled_end_a_session(pages: Pages) -> None:
    leaving, staying = pages.staff(), pages.staff()
    token = leaving.cookies["mereau_staff"]
    assert send(leaving, "/sign-out", {}).headers["location"] == "/sign-in"
    leaving.cookies.set("mereau_staff", token)
    assert leaving.get("/console").headers["location"].startswith("/sign-in")
    assert staying.get("/console").headers["location"].startswith("/console/p/")
    with writing(pages.shop.database.ledger) as connection:
        connection.execute(table_of(StaffUser).update().values(disabled_at_ms=1))
    assert staying.get("/console").headers["location"].startswith("/sign-in")
    rows = pages.shop.records(str(WebSession.__tablename__))
    assert token not in str(rows)


def test_other_sites_can_neither_send_forms_nor_lead_elsewhere(pages: Pages) -> None:
    client = pages.staff()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/sign-out", data={}, headers=headers).status_code == 403
    assert client.get("/console").status_code == 303
    away = {"email": pages.add_user(Role.OWNER), "password": PASSWORD, "after": "//evil.example/"}
    assert send(pages.visitor(), "/sign-in", away).headers["location"] == "/console"


def test_a_program_of_somebody_else_is_not_there(pages: Pages) -> None:
    answer = pages.staff().get("/console/go", params={"program": "prg_" + "0" * 26})
    assert answer.headers["location"] == pages.path()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("look", [ENGLISH, FRENCH], ids=["english light", "french dark phone"])
def test_the_open_pages_are_accessible_and_quiet(
    browser: Browser, pages: Pages, look: dict[str, object]
) -> None:
    complaints: list[str] = []
    with opened(browser, look, complaints) as page:
        for name, path in (("home", "/"), ("sign-in", "/sign-in")):
            page.goto(pages.url + path)
            assert page.locator("html").get_attribute("lang") == str(look["locale"])[:2]
            inspect(page, name)
        page.get_by_role("button", name="Français" if look is ENGLISH else "English").click()
        other = "fr" if look is ENGLISH else "en"
        page.wait_for_selector(f"html[lang={other}]")
        assert page.url.endswith("/sign-in")
    assert complaints == []


def test_sign_in_keeps_the_place_asked_for(pages: Pages) -> None:
    client = pages.visitor()
    place = client.get("/console").headers["location"]
    assert place == "/sign-in?after=/console"
    sign_in(client, pages.add_user(Role.OWNER))
    assert client.get("/console").status_code == 303
