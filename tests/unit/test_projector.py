"""What the projector makes of events, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.chain.port import Log
from indexer.errors import MalformedLog, ProjectionError
from indexer.events import BatchApplied, Event, ProgramCreated, Transfer, decode
from indexer.projector import Supply, holders_of, project
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


def test_rows_sums_and_balances() -> None:
    projection = project(events(), {}, {})
    assert [row.address for row in projection.programs] == [PROGRAM]
    assert [row.points for row in projection.transfers] == [10, 5, -4]
    assert [row.seq for row in projection.batches] == [1, 2]
    assert projection.supplies == {PROGRAM: Supply(15, 4, 2)}
    assert projection.supplies[PROGRAM].total_points == 11
    assert projection.balances == {(PROGRAM, ANNA): 6, (PROGRAM, BEN): 5}


def test_goes_on_from_what_is_mirrored() -> None:
    later = events()[4:]
    projection = project(later, {PROGRAM: Supply(15, 0, 1)}, {(PROGRAM, ANNA): 10})
    assert projection.supplies == {PROGRAM: Supply(15, 4, 2)}
    assert projection.balances == {(PROGRAM, ANNA): 6}


def test_names_the_holders_it_needs() -> None:
    assert holders_of(events()) == {PROGRAM: {ANNA, BEN}}


def test_the_same_events_do_not_change_what_came_in() -> None:
    supplies: dict[str, Supply] = {}
    project(events(), supplies, {})
    assert supplies == {}


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
        (events()[1:], "no factory of ours"),
        (events()[:1] + events()[4:], "would hold -4"),
        (events()[:1] + events()[2:], "minted 15 points, its transfers 5"),
        (events()[:-1], "belong to no batch"),
        (events()[:3] + events()[4:], "belong to no batch"),
        ([events()[0], *events()], "created twice"),
        (altered(3, seq=2), "does not follow batch 0"),
        (altered(3, seq=0), "does not follow batch 0"),
        (altered(3, minted_points=16), "minted 16 points, its transfers 15"),
        (altered(3, burned_points=1), "burned 1 points, its transfers 0"),
        (altered(3, tx_hash=b"other"), "another transaction"),
        (altered(1, points=-1), "would hold -1"),
    ],
)
def test_refuses(broken: list[Event], complaint: str) -> None:
    with pytest.raises(ProjectionError, match=complaint):
        project(broken, {}, {})


@pytest.mark.parametrize(
    "changes",
    [
        {"topics": ()},
        {"topics": (bytes(32),)},
        {"data": b""},
        {"topics": (logs()[1].topics[0], word(1), word(2))},
        {"topics": (logs()[1].topics[0], word(0), word(0))},
        {"data": word(2**63)},
    ],
)
def test_refuses_malformed_logs(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedLog):
        decode(replace(logs()[1], **changes))  # type: ignore[arg-type]


def test_decodes_every_event() -> None:
    kinds = [type(event) for event in events()]
    assert kinds == [ProgramCreated, Transfer, Transfer, BatchApplied, Transfer, BatchApplied]
