"""What somebody types or scans at a till, and how much of it the till shows again."""

from __future__ import annotations

import pytest

from backend.core.guesses import guesses
from backend.core.identifiers import IdentifierKind
from backend.core.masking import masked

PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("text", "kinds", "first"),
    [
        ("06 12 34 56 78", ["phone", "card", "external_id"], "+33612345678"),
        ("0041 79 123 45 67", ["phone", "card", "external_id"], "+41791234567"),
        ("Jeanne@Example.ORG", ["email"], "jeanne@example.org"),
        ("2900 0012 3456 1", ["card", "external_id"], "2900001234561"),
        ("client/42", ["external_id"], "client/42"),
        ("", [], None),
    ],
)
def test_a_text_is_all_that_it_can_be(text: str, kinds: list[str], first: str | None) -> None:
    found = guesses(text, PARIS)
    assert [each.kind for each in found] == kinds
    assert (found[0].value if found else None) == first


def test_a_national_number_is_completed_only_where_the_country_is_known() -> None:
    assert [each.kind for each in guesses("0612345678", "UTC")] == ["card", "external_id"]
    assert guesses("0612345678", "Europe/Brussels")[0].value == "+32612345678"


def test_a_till_shows_enough_to_ask_and_too_little_to_keep() -> None:
    shown = {
        (IdentifierKind.PHONE, "+33612345678"): "+33•••78",
        (IdentifierKind.EMAIL, "jeanne@example.org"): "j•••@example.org",
        (IdentifierKind.CARD, "2900001234561"): "•••4561",
        (IdentifierKind.CARD, "C042"): "C•••",
    }
    assert {key: masked(*key) for key in shown} == shown
