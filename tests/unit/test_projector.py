"""What the projector makes of events, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.chain.port import Log
from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord
from backend.core.expiry import decode as decode_member
from indexer.errors import MalformedLog, ProjectionError
from indexer.events import BatchApplied, Event, ProgramCreated, RulesSet, Transfer, decode
from indexer.program import Rules, Supply
from indexer.projector import Mirrored, Projection, holders_of, project
from indexer.words import balance_of
from tests.indexer_model import FakeChain, member_address, program_address, word

PROGRAM = "0x" + program_address(0).hex()
ANNA = "0x" + member_address(1).hex()
BEN = "0x" + member_address(2).hex()


def logs() -> list[Log]:
    """A program; a batch that gives Anna 10 and Ben 5; a batch that takes 4 from Anna."""
    chain = FakeChain()
    chain.extend(programs=1)
    chain.extend([(0, [(1, 10), (2, 5)])])
    chain.extend([(0, [(1, -4)])])
    return [log for block in chain.blocks for log in block.logs]


def events() -> list[Event]:
    return [decode(log) for log in logs()]


ENDLESS = Rules(Calendar(0, 0), False, 0)


def fold(
    events: list[Event],
    supplies: dict[str, Supply] | None = None,
    words: dict[tuple[str, str], int] | None = None,
) -> Projection:
    """The projection of events in blocks of no matter what time."""
    known = supplies or {}
    return project(
        events,
        Mirrored(known, dict.fromkeys(known, ENDLESS), words or {}),
        dict.fromkeys(range(9), 1_700_000_000),
    )


def balances(projection: Projection) -> dict[tuple[str, str], int]:
    return {holder: balance_of(word) for holder, word in projection.words.items()}


def test_rows_sums_and_balances() -> None:
    projection = fold(events())
    assert [created.address for created, _ in projection.programs] == [PROGRAM]
    assert [row.points for row in projection.transfers] == [10, 5, -4]
    assert [row.seq for row in projection.batches] == [1, 2]
    assert projection.supplies == {PROGRAM: Supply(15, 4, 0, 2)}
    assert projection.supplies[PROGRAM].total_points == 11
    assert balances(projection) == {(PROGRAM, ANNA): 6, (PROGRAM, BEN): 5}


def test_goes_on_from_what_is_mirrored() -> None:
    words = {(PROGRAM, ANNA): MemberWord(1, 3, True, (10, 0, 0, 0, 0)).encode()}
    with pytest.raises(ProjectionError, match="points lapsed"):
        fold(events()[5:], {PROGRAM: Supply(15, 0, 0, 1)}, {(PROGRAM, ANNA): 10})
    projection = fold(events()[5:], {PROGRAM: Supply(15, 0, 0, 1)}, words)
    assert projection.supplies == {PROGRAM: Supply(15, 4, 0, 2)}
    (word,) = projection.words.values()
    assert decode_member(word) == MemberWord(1, 3, True, (6, 0, 0, 0, 0))
    assert projection.before == words


def test_names_the_holders_it_needs() -> None:
    assert holders_of(events()) == {PROGRAM: {ANNA, BEN}}


def test_the_same_events_do_not_change_what_came_in() -> None:
    supplies: dict[str, Supply] = {}
    words: dict[tuple[str, str], int] = {}
    fold(events(), supplies, words)
    assert not supplies
    assert not words


def test_a_name_keeps_no_nul() -> None:
    created = events()[0]
    assert isinstance(created, ProgramCreated)
    assert created.name == "Cafe\ufffd"


def altered(index: int, **changes: object) -> list[Event]:
    """The events with one of them changed."""
    changed = events()
    changed[index] = changed[index]._replace(**changes)  # type: ignore[arg-type]
    return changed


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (events()[2:], "no factory of ours"),
        (events()[1:], "which was not created"),
        (events()[:1] + events()[2:], "no factory of ours"),
        (events()[:1], "created without rules"),
        (events()[:2] + events()[5:], "4 points out of 0"),
        (events()[:2] + events()[3:], "minted 15 points, its transfers 5"),
        (events()[:-1], "belong to no batch"),
        (events()[:4] + events()[5:], "belong to no batch"),
        ([*events()[:2], *events()], "created twice"),
        (altered(4, seq=2), "does not follow batch 0"),
        (altered(4, seq=0), "does not follow batch 0"),
        (altered(4, minted_points=16), "minted 16 points, its transfers 15"),
        (altered(4, burned_points=1), "burned 1 points, its transfers 0"),
        (altered(4, tx_hash=b"other"), "belong to no batch"),
        (altered(2, points=-1), "1 points out of 0"),
    ],
)
def test_refuses(broken: list[Event], complaint: str) -> None:
    with pytest.raises(ProjectionError, match=complaint):
        fold(broken)


@pytest.mark.parametrize(
    "changes",
    [
        {"topics": ()},
        {"topics": (bytes(32),)},
        {"data": b""},
        {"topics": (logs()[2].topics[0], word(1), word(2))},
        {"topics": (logs()[2].topics[0], word(0), word(0))},
        {"data": word(2**63)},
    ],
)
def test_refuses_malformed_logs(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedLog):
        decode(replace(logs()[2], **changes))  # type: ignore[arg-type]


def test_decodes_every_event() -> None:
    kinds = [type(event) for event in events()]
    batch = [Transfer, BatchApplied]
    assert kinds == [ProgramCreated, RulesSet, Transfer, *batch, *batch]
