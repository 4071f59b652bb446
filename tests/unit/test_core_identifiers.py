"""Identifiers: one normal form, so that what was stored is found again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.errors import IdentifierInvalid, ReceiptIdInvalid
from backend.core.identifiers import Identifier, IdentifierKind, receipt_id

CONTROL = ["\x00", "a\x00b", "a\nb", "\x1b[31m", "a\u200bb", "\ud800"]


@pytest.mark.parametrize(
    ("kind", "text", "normal"),
    [
        ("phone", "+33612345678", "+33612345678"),
        ("phone", "+33 6 12.34-56/78", "+33612345678"),
        ("phone", "0033 6 12 34 56 78", "+33612345678"),
        ("phone", "+1 (415) 555-0100", "+14155550100"),
        ("email", " Marie.Curie@Example.ORG ", "marie.curie@example.org"),
        ("email", "o'neil+till@mail.example.org", "o'neil+till@mail.example.org"),
        ("card", "4012 888a-b", "4012888AB"),
        ("external_id", "customer-00004", "customer-00004"),
        ("external_id", "Société 12", "Société 12"),
    ],
)
def test_ways_of_writing_one_identifier_are_one(kind: str, text: str, normal: str) -> None:
    parsed = Identifier.parse(IdentifierKind(kind), text)
    assert parsed == Identifier(IdentifierKind(kind), normal)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *[("phone", t) for t in ["", "0612345678", "+0612345678", "+336", "+1234567890123456"]],
        *[("phone", t) for t in ["+33six", "+٣٣٦١٢٣٤٥٦٧٨", "++33612345678"]],
        *[("email", t) for t in ["", "a", "a@b", "@b.fr", "a@@b.fr", "a@b..fr", "a b@c.fr"]],
        *[("email", t) for t in ["a@.fr", f"{'a' * 65}@b.fr", f"a@{'b' * 260}.fr"]],
        *[("email", f"a{t}@b.fr") for t in CONTROL],
        *[("card", t) for t in ["", "123", "1" * 65, "12_34", "ß1234"]],
        *[("card", t) for t in ["\u017f1234", "\u01311234", "\uff11\uff12\uff13\uff14"]],
        *[("external_id", t) for t in ["", " a", "a ", "a" * 129, *CONTROL]],
    ],
)
def test_what_is_no_identifier_is_refused_without_repeating_it(kind: str, text: str) -> None:
    with pytest.raises(IdentifierInvalid) as refusal:
        Identifier.parse(IdentifierKind(kind), text)
    assert len(text) < 3 or text not in str(refusal.value)
    assert not refusal.value.facts


@given(st.sampled_from(IdentifierKind), st.text(max_size=40))
def test_the_normal_form_of_a_normal_form_is_itself(kind: IdentifierKind, text: str) -> None:
    try:
        parsed = Identifier.parse(kind, text)
    except IdentifierInvalid:
        return
    assert Identifier.parse(kind, parsed.value) == parsed
    assert parsed.value.isprintable()


@given(
    st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
    st.lists(st.tuples(st.integers(1, 15), st.sampled_from(" .-/()"))),
)
def test_separators_do_not_make_another_phone(phone: str, fillers: list[tuple[int, str]]) -> None:
    written = phone
    for place, filler in fillers:
        written = f"{written[:place]}{filler}{written[place:]}"
    assert Identifier.parse(IdentifierKind.PHONE, written).value == phone
    assert Identifier.parse(IdentifierKind.PHONE, f"00{written[1:]}").value == phone


@given(st.from_regex(r"[a-z0-9.+]{1,20}@[a-z0-9]{1,10}\.[a-z]{2,5}", fullmatch=True))
def test_capitals_do_not_make_another_mailbox(email: str) -> None:
    assert Identifier.parse(IdentifierKind.EMAIL, email.upper()).value == email


@given(st.from_regex(r"[0-9A-Z]{4,20}", fullmatch=True))
def test_small_letters_and_gaps_do_not_make_another_card(card: str) -> None:
    written = f" {card[:2].lower()} -{card[2:]}"
    assert Identifier.parse(IdentifierKind.CARD, written).value == card


@pytest.mark.parametrize("text", ["1", "T1-2026-000123", "x" * 128, "reçu n° 5", "a b"])
def test_a_receipt_id_stays_as_it_is(text: str) -> None:
    assert receipt_id(text) == text


@pytest.mark.parametrize("text", ["", " ", " 1", "1 ", "x" * 129, "1\n", *CONTROL])
def test_a_receipt_id_is_short_printable_text(text: str) -> None:
    with pytest.raises(ReceiptIdInvalid):
        receipt_id(text)
