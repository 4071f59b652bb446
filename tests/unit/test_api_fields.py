"""Times as text and as milliseconds; JSON that only one reading fits."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.api.errors import Problem
from backend.api.fields import to_ms, to_rfc3339
from backend.api.strict_json import parse_strictly

ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1), timezones=ZONES)  # noqa: DTZ001


@given(MOMENTS)
def test_a_time_is_read_to_the_millisecond_wherever_it_was_said(moment: datetime) -> None:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    assert to_ms(moment.isoformat()) == since // timedelta(milliseconds=1)


@given(st.integers(0, 253_402_300_799_999))
def test_milliseconds_become_text_and_come_back(at_ms: int) -> None:
    shown = to_rfc3339(at_ms)
    assert to_ms(shown) == at_ms
    assert len(shown) == len("2026-01-01T00:00:00.000Z")


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00.0019z", 1),
        ("1970-01-01 01:00:00+01:00", 0),
        ("2000-02-29T23:59:59.999999999-00:00", 951_868_799_999),
    ],
)
def test_rfc_3339_is_read_in_all_its_spellings(text: str, at_ms: int) -> None:
    assert to_ms(text) == at_ms


@pytest.mark.parametrize(
    "text",
    ["", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00Z", "2026-1-1T00:00:00Z",
     "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
     "2026-01-01T23:59:60Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00.Z",
     "2026-01-01T00:00:00.0000000000Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00+00:01",
     "0001-01-01T00:00:00+23:59", "0000-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n",
     "2026-01-01T00:00:00.\u0663Z", "\u0662026-01-01T00:00:00Z", "1e9"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        to_ms(text)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert to_ms(text) >= 0


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(DOCUMENTS, st.booleans())
def test_plain_json_is_read_as_it_is(document: object, escaped: bool) -> None:
    assert parse_strictly(json.dumps(document, ensure_ascii=escaped).encode()) == document


@given(st.binary(max_size=60) | st.text('{}[]":,0123456789eE+-.\\untrefalsNI ').map(str.encode))
def test_any_bytes_are_a_document_or_a_problem(body: bytes) -> None:
    try:
        document = parse_strictly(body)
    except Problem as refusal:
        assert (refusal.status_code, refusal.code) == (400, "invalid_json")  # noqa: PT017
    else:
        json.dumps(document, ensure_ascii=False, allow_nan=True).encode()
