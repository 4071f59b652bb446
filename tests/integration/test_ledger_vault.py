"""The vault: nobody is named anywhere in the database, and only the right key opens a row."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import delete, make_url

from backend.api import present, requests
from backend.core.identifiers import Identifier, IdentifierKind
from backend.ledger.columns import metadata
from backend.ledger.engine import writing
from backend.ledger.vault import Vault
from tests.api_client import MASTER_KEY, Chance, Shop, accepted, another_merchant, refused
from tests.ledger_audit import records_of, rows_of

pytest_plugins = ["tests.api_client"]
PERSON = {
    "external_id": "crm-marie-1867",
    "phone": "+33612345678",
    "email": "marie.curie@example.org",
    "card": "4012888A",
}


def everything_stored(shop: Shop) -> bytes:
    """Every value of every row, and on SQLite the bytes of its files too."""
    stored = [
        value if isinstance(value, bytes) else str(value).encode()
        for rows in rows_of(shop.database.ledger).values()
        for row in rows
        for value in row
    ]
    if shop.database.kind == "sqlite":
        ledger = Path(make_url(shop.database.ledger_url).database or "")
        stored += [path.read_bytes() for path in ledger.parent.iterdir() if path.is_file()]
    return b"\n".join(stored)


def test_the_database_names_nobody(shop: Shop) -> None:
    """Not in the vault, and not in an answer, a fingerprint or a receipt that is kept."""
    body = {"program_id": shop.program_id, **PERSON}
    answer = shop.post("/members", body, key="enrol")
    member = accepted(answer)["id"]
    for kind, value in PERSON.items():
        named = {"member_id": None, "member": {kind: value}}
        purchase = shop.purchase(member) | named
        accepted(shop.post("/purchases", purchase))
        accepted(shop.post("/redemptions", shop.redemption(member, 1) | named))
    stored = everything_stored(shop)
    for value in (*PERSON.values(), shop.secret):
        assert value.encode() not in stored
        assert sha256(value.encode()).hexdigest().encode() not in stored or value == shop.secret
    assert shop.post("/members", body, key="enrol").content == answer.content
    refused(shop.post("/members", body | {"card": "5555"}, key="enrol"), 422,
            "idempotency_key_reused")  # fmt: skip


def test_a_guessed_phone_number_cannot_be_checked_against_what_is_stored(shop: Shop) -> None:
    """Phone numbers are few: a digest without a key would be as good as the number itself."""
    body = {"program_id": shop.program_id, "phone": PERSON["phone"]}
    accepted(shop.post("/members", body, key="k"))
    [record] = [r for r in records_of(shop.database.ledger, "idempotency") if r["key"] == "k"]
    other = another_merchant(shop)
    guessed = present.fingerprint("members", requests.MemberIn(**body))
    assert record["fingerprint"] != guessed
    assert other.get("/members", phone=PERSON["phone"]).json()["data"] == []


def test_what_is_found_is_what_was_enrolled(shop: Shop) -> None:
    member = shop.enrol(**PERSON)
    read = accepted(shop.get(f"/members/{member}"))
    normal = PERSON | {"card": "4012888A"}
    assert {kind: read[kind] for kind in PERSON} == normal


def test_a_row_opens_only_for_its_member_whole_and_with_the_master_key() -> None:
    vault = Vault(MASTER_KEY, Chance("a"))
    sealed, other = vault.seal("mem_1", PERSON), vault.seal("mem_2", PERSON)
    assert vault.open("mem_1", sealed.wrapped_key, sealed.sealed_identity) == PERSON
    wrong = [
        ("mem_2", sealed.wrapped_key, sealed.sealed_identity),
        ("mem_1", other.wrapped_key, sealed.sealed_identity),
        ("mem_1", sealed.wrapped_key, other.sealed_identity),
        ("mem_1", sealed.wrapped_key, sealed.sealed_identity[:-1]),
        ("mem_1", sealed.wrapped_key, b""),
    ]
    wrong += [
        ("mem_1", sealed.wrapped_key, flipped(sealed.sealed_identity, at)) for at in range(0, 60, 7)
    ]
    wrong += [
        ("mem_1", flipped(sealed.wrapped_key, at), sealed.sealed_identity) for at in range(0, 60, 7)
    ]
    for member_id, wrapped_key, identity in wrong:
        with pytest.raises((InvalidTag, ValueError)):
            vault.open(member_id, wrapped_key, identity)
    with pytest.raises(InvalidTag):
        Vault(bytes(32), Chance("a")).open("mem_1", sealed.wrapped_key, sealed.sealed_identity)


def test_members_have_secrets_of_their_own_that_stay() -> None:
    vault = Vault(MASTER_KEY, Chance("a"))
    sealed = [vault.seal(f"mem_{n}", PERSON) for n in range(10)]
    assert len({one.receipt_secret for one in sealed}) == 10
    assert len({one.wrapped_key for one in sealed}) == 10
    for number, one in enumerate(sealed):
        again = Vault(MASTER_KEY, Chance("b")).receipt_secret(f"mem_{number}", one.wrapped_key)
        assert again == one.receipt_secret
        assert again not in one.wrapped_key + one.sealed_identity


def test_a_digest_is_of_one_program_kind_value_and_master_key() -> None:
    vault, phone = Vault(MASTER_KEY, Chance("a")), Identifier(IdentifierKind.PHONE, "+33612345678")
    digests = {
        vault.digest("prg_1", phone),
        vault.digest("prg_2", phone),
        vault.digest("prg_1", Identifier(IdentifierKind.EXTERNAL_ID, "+33612345678")),
        vault.digest("prg_1", Identifier(IdentifierKind.PHONE, "+33612345679")),
        Vault(bytes(32), Chance("a")).digest("prg_1", phone),
    }
    assert len(digests) == 5
    assert vault.digest("prg_1", phone) == Vault(MASTER_KEY, Chance("b")).digest("prg_1", phone)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_master_key_is_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(b"k" * size, Chance("a"))


def flipped(sealed: bytes, at: int) -> bytes:
    at %= len(sealed)
    return sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]


def test_a_kept_answer_opens_only_for_its_member_and_only_as_an_answer() -> None:
    vault = Vault(MASTER_KEY, Chance("a"))
    one, other = vault.seal("mem_1", PERSON), vault.seal("mem_2", PERSON)
    kept = vault.seal_answer("mem_1", one.wrapped_key, b'{"email":"ada@example.org"}')
    assert b"ada" not in kept
    assert vault.open_answer("mem_1", one.wrapped_key, kept) == b'{"email":"ada@example.org"}'
    with pytest.raises(InvalidTag):
        vault.open_answer("mem_2", other.wrapped_key, kept)
    with pytest.raises(InvalidTag):
        vault.open("mem_1", one.wrapped_key, kept)


def test_a_kept_answer_goes_with_the_member_it_names(shop: Shop) -> None:
    """Erasing is a later issue; what it relies on is that the vault's row is all there is."""
    body = {"program_id": shop.program_id, **PERSON}
    member = accepted(shop.post("/members", body, key="enrol"))["id"]
    vault = metadata.tables["member_vault"]
    with writing(shop.database.ledger) as connection:
        connection.execute(delete(vault).where(vault.c.member_id == member))
    refused(shop.post("/members", body, key="enrol"), 404, "unknown_member")
