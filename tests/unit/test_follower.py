"""What the follower decides, case by case."""

from __future__ import annotations

import pytest

from backend.chain.port import Header
from indexer.follower import (
    Action,
    ApplyBlock,
    BlockRef,
    FetchRange,
    Follower,
    Halt,
    NeedHeader,
    Undo,
    Wait,
    Waiting,
    ref_of,
)


def header(number: int, branch: str = "a", parent_branch: str | None = None) -> Header:
    """Block `number` of a branch; `parent_branch` is set on a branch's first block."""
    parent = f"{parent_branch or branch}{number - 1}".encode()
    return Header(number, f"{branch}{number}".encode(), parent, 0, bytes(256), 0, 0)


def final(number: int, branch: str = "a") -> BlockRef:
    return ref_of(header(number, branch))


def follower(first: int, last: int, final_number: int) -> Follower:
    """One that holds `first` … `last` of branch a."""
    return Follower([ref_of(header(number)) for number in range(first, last + 1)], final_number)


def test_starts_with_final_history() -> None:
    following = Follower([], -1)
    assert following.on_head(header(10), final(6)) == NeedHeader(0)
    assert following.on_header(0, header(0)) == FetchRange(header(0), 6)


def test_a_start_that_is_not_final_yet_is_lowered() -> None:
    following = Follower([], -1, start=8)
    assert following.on_head(header(10), final(6)) == NeedHeader(6)


def test_applies_unfinal_blocks_one_by_one() -> None:
    following = follower(6, 6, 6)
    assert following.on_head(header(8), final(6)) == NeedHeader(7)
    assert following.on_header(7, header(7)) == ApplyBlock(header(7))
    following.applied(ref_of(header(7)))
    assert following.on_head(header(8), final(6)) == ApplyBlock(header(8))


def test_is_idle_at_the_head_and_takes_over_finality() -> None:
    following = follower(6, 10, 6)
    assert following.on_head(header(10), final(8)) == Wait(Waiting.IDLE)
    assert following.final_after(10) == 8
    following.finalised()
    assert [ref.number for ref in following.window] == [8, 9, 10]


def test_finality_never_goes_back() -> None:
    following = follower(6, 10, 8)
    following.on_head(header(10), final(5))
    assert following.final_after(10) == 8


def test_the_final_block_of_another_branch_makes_none_of_ours_final() -> None:
    following = follower(6, 10, 6)
    assert following.on_head(header(10), final(8, "b")) == Wait(Waiting.IDLE)
    assert following.final_after(10) == 6


def test_a_head_below_the_final_block_is_that_of_a_node_that_is_behind() -> None:
    action = follower(6, 10, 6).on_head(header(10), final(11, "b"))
    assert isinstance(action, Wait)
    assert action.why is Waiting.BEHIND


def test_a_range_that_ends_in_another_block_than_the_final_one_is_doubted() -> None:
    following = follower(6, 6, 6)
    following.on_head(header(9), final(7))
    assert following.on_header(7, header(7, "b", "a")) == FetchRange(header(7, "b", "a"), 7)
    assert following.contradicts(final(7, "b")) is not None
    assert following.contradicts(final(7)) is None


def test_a_lower_head_of_the_same_chain_is_a_node_that_is_behind() -> None:
    action = follower(6, 10, 6).on_head(header(8), final(4))
    assert isinstance(action, Wait)
    assert action.why is Waiting.BEHIND


def test_a_head_below_everything_held_is_a_node_that_is_behind() -> None:
    action = follower(6, 10, 6).on_head(header(2), final(0))
    assert isinstance(action, Wait)
    assert action.why is Waiting.BEHIND


def test_a_lower_head_with_another_hash_is_a_fork() -> None:
    following = follower(6, 10, 6)
    assert following.on_head(header(9, "b"), final(6)) == NeedHeader(8)
    assert following.on_header(8, header(8, "b")) == NeedHeader(7)
    assert following.on_header(7, header(7)) == Undo(ref_of(header(7)))
    following.undone(ref_of(header(7)))
    assert following.top_number == 7


def test_a_parent_that_is_not_ours_is_a_fork() -> None:
    following = follower(6, 10, 6)
    assert following.on_head(header(11, "b"), final(6)) == NeedHeader(10)
    assert following.on_header(10, header(10, "b")) == NeedHeader(9)
    assert following.on_header(9, header(9)) == Undo(ref_of(header(9)))


def test_a_fork_at_the_final_block_halts() -> None:
    following = follower(6, 8, 6)
    action: Action = following.on_head(header(8, "b"), final(6))
    while isinstance(action, NeedHeader):
        action = following.on_header(action.number, header(action.number, "b"))
    assert isinstance(action, Halt)
    assert "block 6 was final" in action.reason


def test_a_node_that_contradicts_itself_is_doubted() -> None:
    following = follower(6, 10, 6)
    following.on_head(header(11, "b"), final(6))
    action = following.on_header(10, header(10))
    assert isinstance(action, Wait)
    assert action.why is Waiting.DOUBT


def test_a_header_that_is_missing_means_behind() -> None:
    following = follower(6, 10, 6)
    following.on_head(header(15), final(6))
    action = following.on_header(11, None)
    assert isinstance(action, Wait)
    assert action.why is Waiting.BEHIND


def test_after_a_long_pause_the_old_window_is_checked_before_the_range() -> None:
    following = follower(6, 10, 6)
    assert following.on_head(header(500), final(450)) == NeedHeader(11)
    assert following.on_header(11, header(11)) == FetchRange(header(11), 450)
    following.applied(ref_of(header(450)))
    assert following.window == (ref_of(header(450)),)
    assert following.final_number == 450


def test_refuses_a_window_with_a_gap() -> None:
    with pytest.raises(ValueError, match="does not follow"):
        Follower([BlockRef(1, b"a1", b"a0"), BlockRef(3, b"a3", b"a2")], 1)


def test_refuses_a_window_without_a_final_block() -> None:
    with pytest.raises(ValueError, match="no final block"):
        Follower([BlockRef(5, b"a5", b"a4")], 4)


def test_refuses_a_block_that_does_not_follow() -> None:
    following = follower(6, 8, 6)
    following.on_head(header(12), final(6))
    with pytest.raises(ValueError, match="does not follow"):
        following.applied(ref_of(header(11)))
