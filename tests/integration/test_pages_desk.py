"""The desk's pages: people and their passwords, API keys, the trail of who did what."""

from __future__ import annotations

import re

import httpx2
import pytest

from backend.core.roles import Role
from backend.core.staff_actions import Action
from backend.services.invite_user import INVITATION_MS
from backend.web.console.trail import KINDS, SENTENCES
from tests.api_client import make_merchant
from tests.pages_kit import Pages, send, sign_in

pytest_plugins = ["tests.pages_kit"]
PASSWORD = "a long enough password"
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def invite(client: httpx2.Client, email: str, role: Role = Role.CASHIER, key: str = "") -> str:
    """The path of the invitation's link."""
    fields = {"name": "Ana", "email": email, "role": role.value, "key": key or f"invite-{email}"}
    answer = send(client, "/console/users", fields)
    assert answer.status_code == 200, answer.text
    return link_in(answer.text)


def link_in(text: str) -> str:
    found = re.search(r'value="http://[^/"]+(/join/[\w-]+)"', text)
    assert found is not None, text
    return found[1]


def join(pages: Pages, path: str, password: str = PASSWORD) -> httpx2.Client:
    client = pages.visitor()
    assert "Ana" in client.get(path).text
    answer = send(client, path, {"password": password, "again": password})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    return client


def user_id(client: httpx2.Client, email: str) -> str:
    row = next(r for r in client.get("/console/users").text.split("<tr>") if email in r)
    found = re.search(r"/console/users/(usr_\w+)", row)
    assert found is not None
    return found[1]


def test_an_invitation_lets_somebody_in_once(pages: Pages) -> None:
    owner = pages.staff()
    path = invite(owner, "Ana@Example.org")
    again = send(
        owner,
        "/console/users",
        {"name": "Ana", "email": "ana@example.org", "role": "cashier", "key": "other"},
    )
    assert again.status_code == 409
    (mail,) = pages.shop.records("messages")
    assert (mail["channel"], mail["state"]) == ("email", "waiting")
    assert path.encode() not in bytes(mail["sealed_content"])
    cashier = join(pages, path)
    assert cashier.get("/console").headers["location"].endswith("/till")
    assert cashier.get("/console/users").status_code == 403
    used = pages.visitor().get(path)
    assert used.status_code == 409
    assert "used or replaced" in used.text
    sign_in(pages.visitor(), "ana@example.org", PASSWORD)


@SQLITE
def test_an_invitation_ends_with_its_time_or_with_the_next(pages: Pages) -> None:
    owner = pages.staff()
    first = invite(owner, "ana@example.org")
    again = send(owner, f"/console/users/{user_id(owner, 'ana@example.org')}/invite", {})
    second = link_in(again.text)
    assert pages.visitor().get(first).status_code == 409
    assert pages.visitor().get(second).status_code == 200
    pages.shop.clock.forward(INVITATION_MS // 1000)
    assert pages.visitor().get(second).status_code == 409


@SQLITE
def test_a_form_sent_twice_invites_once(pages: Pages) -> None:
    owner = pages.staff()
    invite(owner, "ana@example.org", key="same")
    fields = {"name": "Ana", "email": "ana@example.org", "role": "cashier", "key": "same"}
    assert send(owner, "/console/users", fields).headers["location"] == "/console/users"
    assert owner.get("/console/users").text.count("ana@example.org") == 1


@SQLITE
def test_a_role_counts_from_the_next_page_on_and_disabling_signs_out(pages: Pages) -> None:
    owner = pages.staff()
    ana = join(pages, invite(owner, "ana@example.org", Role.MANAGER))
    place = f"/console/users/{user_id(owner, 'ana@example.org')}"
    assert ana.get("/console").headers["location"] == pages.path()
    assert send(owner, f"{place}/role", {"role": "cashier"}).status_code == 303
    assert ana.get("/console").headers["location"] == pages.path("/till")
    assert send(owner, f"{place}/disable", {}).status_code == 303
    assert ana.get("/console").headers["location"].startswith("/sign-in")
    refused = send(pages.visitor(), "/sign-in", {"email": "ana@example.org", "password": PASSWORD})
    assert refused.status_code == 409
    assert send(owner, f"{place}/enable", {}).status_code == 303
    sign_in(pages.visitor(), "ana@example.org", PASSWORD)


def test_somebody_who_may_do_everything_always_stays(pages: Pages) -> None:
    email = pages.add_user(Role.OWNER)
    owner = pages.visitor()
    sign_in(owner, email)
    place = f"/console/users/{user_id(owner, email)}"
    # Somebody who was only invited could not open the door again.
    ana = invite(owner, "ana@example.org", Role.OWNER)
    for path, fields in ((f"{place}/role", {"role": "manager"}), (f"{place}/disable", {})):
        answer = send(owner, path, fields)
        assert answer.status_code == 409
        assert "Somebody must stay" in answer.text
    join(pages, ana)
    assert send(owner, f"{place}/role", {"role": "manager"}).status_code == 303
    assert owner.get("/console/users").status_code == 403


@SQLITE
def test_another_merchants_people_and_keys_are_not_there(pages: Pages) -> None:
    shop = pages.shop
    theirs, key_id, _ = make_merchant(shop.database, shop.house, "Other")
    other_email = pages.add_user(Role.OWNER, theirs)
    other = pages.visitor()
    sign_in(other, other_email)
    place = f"/console/users/{user_id(other, other_email)}"
    owner = pages.staff()
    assert other_email not in owner.get("/console/users").text
    assert owner.get(place).status_code == 404
    for path, fields in (
        (f"{place}/disable", {}),
        (f"{place}/role", {"role": "cashier"}),
        (f"{place}/invite", {}),
        (f"/console/keys/{key_id}/revoke", {}),
    ):
        assert send(owner, path, fields).status_code == 404
    assert owner.get(f"/console/keys/{key_id}/revoke").status_code == 404
    assert other.get("/console/users").status_code == 200


@SQLITE
def test_a_new_password_ends_the_other_sessions(pages: Pages) -> None:
    email = pages.add_user(Role.CASHIER)
    here, there = pages.visitor(), pages.visitor()
    sign_in(here, email)
    sign_in(there, email)
    fields = {"old": "not this one", "password": PASSWORD, "again": PASSWORD}
    assert send(here, "/console/password", fields).status_code == 409
    fields["old"] = "a till's password"
    assert send(here, "/console/password", {**fields, "again": "other"}).status_code == 422
    short = {**fields, "password": "short", "again": "short"}
    assert "12 characters" in send(here, "/console/password", short).text
    assert send(here, "/console/password", fields).status_code == 303
    assert here.get("/console").headers["location"].endswith("/till")
    assert there.get("/console").headers["location"].startswith("/sign-in")
    sign_in(there, email, PASSWORD)


def test_a_key_is_shown_once_and_refused_when_revoked(pages: Pages) -> None:
    owner = pages.staff()
    made = send(owner, "/console/keys", {"label": "till 2", "key": "one"})
    secret = str(re.findall(r'value="(mk_[\w-]+)"', made.text)[0])
    repeated = send(owner, "/console/keys", {"label": "till 2", "key": "one"})
    assert repeated.headers["location"] == "/console/keys"
    listed = owner.get("/console/keys").text
    assert secret not in listed
    assert listed.count("till 2</th>") == 1
    headers = {"Authorization": f"Bearer {secret}"}
    path = f"/v1/programs/{pages.shop.program_id}"
    assert pages.visitor().get(path, headers=headers).status_code == 200
    key_id = re.findall(r"/console/keys/(key_\w+)/revoke", listed)[0]
    assert send(owner, f"/console/keys/{key_id}/revoke", {}).status_code == 303
    pages.shop.clock.forward(6)
    assert pages.visitor().get(path, headers=headers).status_code == 401
    assert secret not in str(pages.shop.snapshot())


@SQLITE
def test_the_trail_says_who_did_what(pages: Pages) -> None:
    owner = pages.staff()
    ana = join(pages, invite(owner, "ana@example.org", Role.MANAGER))
    send(owner, "/console/keys", {"label": "till 2", "key": "one"})
    said = owner.get("/console/users/trail").text
    for sentence in ("invited a user", "took up the invitation", "created an API key", "till 2"):
        assert sentence in said
    assert "created an API key" not in owner.get("/console/users/trail?kind=user").text
    assert ana.get("/console/users/trail").status_code == 403
    french = pages.staff(language="fr").get("/console/users/trail").text
    assert "a créé une clé d’API" in french


def test_every_act_has_its_sentence() -> None:
    assert SENTENCES.keys() == set(Action)
    assert KINDS.keys() == {action.value.partition(".")[0] for action in Action}
