"""What the projector makes of events, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backend.chain.port import Log
from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord
from backend.core.expiry import decode as decode_member
from backend.ledger.mirror_tables import NoteKind
from indexer.errors import MalformedLog, ProjectionError
from indexer.events import BatchApplied, Event, Note, ProgramCreated, RulesSet, Transfer, decode
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


class Story:
    """Events of one program with quarters, two of them valid, one transaction after the other."""

    CALENDAR = Calendar(3, 2, 60)
    RULES = Rules(CALENDAR, False, 30)

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.times: dict[int, int] = {}
        self.block = 0

    def quarter(self, period: int) -> None:
        self.block += 1
        self.times[self.block] = self.CALENDAR.starts_at(period)

    def transfer(self, member: str, points: int, tx: bytes = b"tx") -> None:
        self.events.append(
            Transfer(self.block, len(self.events), PROGRAM, member, points, self._tx(tx))
        )

    def note(
        self, kind: NoteKind, member: str, points: int, number: int = 0, other: str | None = None
    ) -> None:
        at = (self.block, len(self.events), PROGRAM, member)
        self.events.append(Note(*at, int(kind), points, number, other, self._tx(b"tx")))

    def batch(self, seq: int, minted: int, burned: int) -> None:
        self.events.append(
            BatchApplied(PROGRAM, seq, "0x", 1, minted, burned, self.block, self._tx(b"tx"))
        )

    def fold(self, rules: Rules | None = None) -> Projection:
        mirrored = Mirrored({PROGRAM: Supply()}, {PROGRAM: rules or self.RULES}, {})
        return project(self.events, mirrored, self.times)

    def words(self) -> dict[str, MemberWord]:
        return {member: decode_member(word) for (_, member), word in self.fold().words.items()}

    def _tx(self, name: bytes) -> bytes:
        return name + bytes([self.block])


@pytest.fixture
def story() -> Story:
    """Anna earns 10 in quarter 100, 5 in quarter 102."""
    made = Story()
    for seq, (period, points) in enumerate([(100, 10), (102, 5)], 1):
        made.quarter(period)
        made.transfer(ANNA, points)
        made.batch(seq, points, 0)
    return made


def test_points_age_and_the_oldest_go_first(story: Story) -> None:
    story.transfer(ANNA, -12)
    story.batch(3, 0, 12)
    assert story.words() == {ANNA: MemberWord(102, 0, False, (3, 0, 0, 0, 0))}


def test_swept_points_belong_to_no_batch(story: Story) -> None:
    story.quarter(103)
    story.transfer(ANNA, -10)
    story.note(NoteKind.LAPSED, ANNA, 10)
    assert story.fold().supplies[PROGRAM] == Supply(15, 10, 10, 2)
    assert story.words() == {ANNA: MemberWord(103, 0, False, (0, 5, 0, 0, 0))}


def test_a_sweep_before_a_batch_of_the_same_transaction_is_not_of_the_batch(story: Story) -> None:
    story.quarter(103)
    story.transfer(ANNA, -10)
    story.note(NoteKind.LAPSED, ANNA, 10)
    story.transfer(ANNA, -1)
    story.batch(3, 0, 1)
    assert story.fold().supplies[PROGRAM] == Supply(15, 11, 10, 3)
    story.events[-1] = story.events[-1]._replace(burned_points=11)  # type: ignore[call-arg]
    assert story.fold().supplies[PROGRAM] == Supply(15, 11, 10, 3)
    story.events[-1] = story.events[-1]._replace(burned_points=10)  # type: ignore[call-arg]
    with pytest.raises(ProjectionError, match="burned 10 points, its transfers 11"):
        story.fold()


def test_restored_points_are_as_old_as_they_were(story: Story) -> None:
    story.transfer(ANNA, 7)
    story.note(NoteKind.RESTORED, ANNA, 7, 1)
    story.batch(3, 7, 0)
    assert story.words() == {ANNA: MemberWord(102, 0, False, (5, 7, 10, 0, 0))}


def test_signatures_use_nonces(story: Story) -> None:
    story.note(NoteKind.SIGNED_ONLY, ANNA, 0, 1)
    story.transfer(ANNA, -2)
    story.note(NoteKind.REDEEMED, ANNA, 2, other="0x" + "1" * 64)
    assert story.words() == {ANNA: MemberWord(102, 2, True, (5, 0, 8, 0, 0))}
    assert story.fold().supplies[PROGRAM].burned_points == 2


@pytest.mark.parametrize("signed_only", [False, True])
def test_a_rebind_moves_lots_and_leaves_the_nonce(story: Story, signed_only: bool) -> None:
    story.transfer(ANNA, -15)
    story.transfer(BEN, 15)
    story.note(NoteKind.REBOUND, ANNA, 15, other=BEN)
    story.batch(3, 15, 15)
    words = story.fold(Rules(Story.CALENDAR, signed_only, 30)).words
    assert decode_member(words[PROGRAM, ANNA]) == MemberWord(102, int(signed_only))
    assert decode_member(words[PROGRAM, BEN]) == MemberWord(102, 0, False, (5, 0, 10, 0, 0))


def test_a_return_that_finds_nothing_touches_the_word(story: Story) -> None:
    story.note(NoteKind.RETURN_SHORT, BEN, 3, 3)
    story.batch(3, 0, 0)
    assert story.words()[BEN] == MemberWord(102)


@pytest.mark.parametrize(
    ("later", "events", "complaint"),
    [
        (103, [("t", ANNA, 1)], "10 points lapsed, but 1 moved"),
        (103, [("t", ANNA, -10)], "no event says so"),
        (103, [("t", ANNA, -10), ("n", NoteKind.LAPSED, ANNA, 9)], "without its Transfer"),
        (103, [("n", NoteKind.SIGNED_ONLY, ANNA, 0, 0)], "lapsed and were not burned"),
        (102, [("t", ANNA, -1), ("n", NoteKind.LAPSED, ANNA, 1)], "no 1 points"),
        (102, [("n", NoteKind.SIGNED_ONLY, ANNA, 0, 2)], "nonce went from 0 to 2"),
        (102, [("n", NoteKind.REDEEMED, ANNA, 1)], "without its Transfer"),
        (102, [("t", ANNA, 1), ("n", NoteKind.RESTORED, ANNA, 1, 3)], "restored into age 3"),
        (102, [("n", NoteKind.REBOUND, BEN, 0, 0, ANNA)], "used before"),
        (
            102,
            [("t", ANNA, -1), ("t", BEN, 1), ("n", NoteKind.REBOUND, ANNA, 1, 0, BEN)],
            "not all there were",
        ),
        (102, [("t", ANNA, 2**40 - 10)], "a balance is at most"),
    ],
)
def test_refuses_what_the_contract_cannot_do(
    story: Story, later: int, events: list[tuple[Any, ...]], complaint: str
) -> None:
    story.quarter(later)
    for what, *arguments in events:
        (story.transfer if what == "t" else story.note)(*arguments)
    with pytest.raises(ProjectionError, match=complaint):
        story.fold()
