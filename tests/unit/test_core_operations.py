"""Operations and their batch words, ids, states and double entry."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.errors import RedemptionNotHeld
from backend.core.ids import ENTROPY_BYTES, is_id, make_id
from backend.core.journal import GENESIS_HASH, entry_hash, posting
from backend.core.lifecycle import RedemptionState, redemption_state, require_held
from backend.core.operations import (
    AGE_MAX,
    POINTS_MAX,
    REASON_MAX,
    Kind,
    Operation,
    decode_word,
    encode_word,
)

ADDRESSES = st.binary(min_size=20, max_size=20).filter(any)
TIMES = st.integers(0, 2**48 - 1)
ENTROPY = st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES)


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    kind = draw(st.sampled_from([kind for kind in Kind if kind.has_word]))
    age = draw(st.integers(0, AGE_MAX)) if kind is Kind.RESTORE else 0
    points, reason = st.integers(1, POINTS_MAX), st.integers(0, REASON_MAX)
    return Operation(kind, draw(ADDRESSES), draw(points), age, draw(reason))


@given(operations())
def test_a_word_is_256_bits_and_stands_for_its_operation(operation: Operation) -> None:
    word = encode_word(operation)
    assert 0 < word < 2**256
    assert decode_word(word) == operation


def test_a_word_is_laid_out_as_the_contract_reads_it() -> None:
    operation = Operation(Kind.RESTORE, bytes(range(1, 21)), 0x12_3456_789A, 3, 0xBEEF)
    assert f"{encode_word(operation):064x}" == (
        "0102030405060708090a0b0c0d0e0f1011121314"  # member
        "05" "03" "beef"  # kind, age, reason
        "000000" "123456789a"  # zero, points
    )  # fmt: skip


@given(st.integers(0, 2**256 - 1))
def test_a_word_decodes_to_an_operation_of_its_own_or_not_at_all(word: int) -> None:
    try:
        operation = decode_word(word)
    except ValueError:
        return
    assert encode_word(operation) == word


GOOD_WORD = encode_word(Operation(Kind.ACCRUE, b"\x11" * 20, 5))


@pytest.mark.parametrize(
    "word",
    [
        0,
        -1,
        GOOD_WORD | 1 << 256,
        GOOD_WORD | 1 << 40,
        GOOD_WORD | 1 << 63,
        GOOD_WORD - 5,
        GOOD_WORD & ~(2**40 - 1) | POINTS_MAX + 1,
        GOOD_WORD & (2**96 - 1),
        GOOD_WORD & ~(0xFF << 88),
        GOOD_WORD | 0xF0 << 88,
        GOOD_WORD | 1 << 80,
    ],
    ids=["zero", "negative", "257 bits", "gap low", "gap high", "no points", "too many points",
         "nobody", "kind 0", "kind unknown", "age of an accrual"],
)  # fmt: skip
def test_a_malformed_word_is_refused(word: int) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        decode_word(word)


def test_an_age_beyond_the_oldest_bucket_is_refused() -> None:
    with pytest.raises(ValueError, match="age"):
        Operation(Kind.RESTORE, b"\x11" * 20, 5, AGE_MAX + 1)


@given(operations())
def test_a_posting_moves_what_the_operation_is_worth(operation: Operation) -> None:
    moved = posting(operation.kind, "mem_x", operation.points)
    sides = {moved.debit_account: -moved.points, moved.credit_account: moved.points}
    assert sum(sides.values()) == 0
    assert sides["mem_x"] == operation.signed_points
    assert sides.keys() - {"mem_x"} <= {"issued", "redeemed"}


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), min_size=1))
def test_an_entrys_hash_covers_every_value_and_what_came_before(entry: dict[str, object]) -> None:
    sealed = entry_hash(GENESIS_HASH, entry)
    assert re.fullmatch(r"0x[0-9a-f]{64}", sealed)
    assert sealed == entry_hash(GENESIS_HASH, dict(reversed(entry.items())))
    assert sealed != entry_hash(sealed, entry)
    for name, value in entry.items():
        changed = value + 1 if isinstance(value, int) else f"{value}."
        assert entry_hash(GENESIS_HASH, entry | {name: changed}) != sealed


@given(TIMES, ENTROPY)
def test_an_id_is_recognised_by_its_own_prefix_only(at_ms: int, entropy: bytes) -> None:
    made = make_id("pur", at_ms, entropy)
    assert is_id("pur", made)
    assert not is_id("red", made)
    assert not is_id("pur", made[:-1])
    assert not is_id("pur", f"{made}0")
    assert re.fullmatch(r"pur_[0-9a-hjkmnp-tv-z]{26}", made)


@given(st.tuples(TIMES, ENTROPY), st.tuples(TIMES, ENTROPY))
def test_ids_sort_by_time_and_differ(one: tuple[int, bytes], other: tuple[int, bytes]) -> None:
    assert (make_id("op", *one) < make_id("op", *other)) == (one < other)


@pytest.mark.parametrize(
    "text", ["", "pur", "pur_", "pur_%00", f"pur_{'u' * 26}", f"PUR_{'0' * 26}", "pur_" + "٣" * 26]
)
def test_what_only_looks_like_an_id_is_none(text: str) -> None:
    assert not is_id("pur", text)


@pytest.mark.parametrize(("at_ms", "size"), [(-1, 10), (2**48, 10), (0, 9), (0, 11)])
def test_an_id_takes_exactly_its_time_and_entropy(at_ms: int, size: int) -> None:
    with pytest.raises(ValueError, match="48 bits"):
        make_id("op", at_ms, b"x" * size)


@given(st.sampled_from(RedemptionState), st.integers(0, 10), st.integers(0, 10))
def test_only_time_ends_a_hold_by_itself(state: RedemptionState, ends: int, now: int) -> None:
    seen = redemption_state(state, ends, now)
    if state is RedemptionState.HELD:
        assert seen is (RedemptionState.HELD if now < ends else RedemptionState.EXPIRED)
    else:
        assert seen is state


@pytest.mark.parametrize(
    "state", [state for state in RedemptionState if state is not RedemptionState.HELD]
)
def test_a_closed_redemption_says_how_it_was_closed(state: RedemptionState) -> None:
    with pytest.raises(RedemptionNotHeld) as refusal:
        require_held(state)
    assert refusal.value.facts == {"state": state.value}


def test_a_held_redemption_may_go_on() -> None:
    require_held(RedemptionState.HELD)
