"""Badge types are told apart for ever, and a token id says what the contract makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core import badges
from backend.core.errors import BadgeTypeUnknown

ADDRESSES = st.binary(min_size=20, max_size=20)
SERIALS = st.binary(min_size=8, max_size=8)


@given(ADDRESSES, ADDRESSES, st.integers(0, 2**32 - 1), SERIALS)
def test_an_id_is_member_type_and_serial(one: bytes, two: bytes, kind: int, serial: bytes) -> None:
    token = badges.token_id(one, kind, serial)
    assert token.to_bytes(32, "big") == one + kind.to_bytes(4, "big") + serial
    assert (badges.holder(token), badges.type_number(token)) == (one, kind)
    assert badges.moved(token, two) == badges.token_id(two, kind, serial)


def test_numbers_and_names_are_those_once_given() -> None:
    assert {one.number: one.name for one in badges.TYPES} == {
        1: "bronze", 2: "silver", 3: "gold", 4: "platinum",
        16: "welcome", 17: "regular", 18: "reviewer", 19: "ambassador",
    }  # fmt: skip
    for one in badges.TYPES:
        assert badges.badge_type(one.name) is badges.badge_type(one.number) is one
    for unknown in ("Gold", "3", 0, 2**64):
        with pytest.raises(BadgeTypeUnknown):
            badges.badge_type(unknown)
    with pytest.raises(ValueError, match="20 bytes"):
        badges.token_id(b"", 1, bytes(8))
