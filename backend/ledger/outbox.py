"""The outbox: which journal entries wait for the chain, which are in a batch, which are parked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, bindparam, delete, exists, func, select, update

from backend.core.operations import Kind
from backend.ledger.columns import table_of
from backend.ledger.operation_status import (
    InclusionProof,
    OperationStatus,
    inclusion_proof,
    operation_status,
)
from backend.ledger.settlements import SealConflictError
from backend.ledger.tables import JournalEntry, Member, OutboxEntry, Program, Redemption

__all__ = [
    "InclusionProof",
    "OperationStatus",
    "ProgramRow",
    "WaitingEntry",
    "WordNote",
    "assign_entries",
    "complete_entries",
    "contract_of",
    "inclusion_proof",
    "note_words",
    "operation_status",
    "park_entry",
    "programs_with_contract",
    "programs_with_waiting",
    "programs_without_contract",
    "waiting_count",
    "waiting_debits",
    "waiting_entries",
]

_OUTBOX, _JOURNAL, _MEMBERS = table_of(OutboxEntry), table_of(JournalEntry), table_of(Member)
_PROGRAMS, _REDEMPTIONS = table_of(Program), table_of(Redemption)

_CREDITS: Final = [int(kind) for kind in Kind if kind.is_credit]
_WAITS = and_(_OUTBOX.c.batch_id.is_(None), _OUTBOX.c.parked_reason.is_(None))


@dataclass(frozen=True, slots=True)
class ProgramRow:
    """What settling to a program, and creating its contract, needs of its row."""

    id: str
    name: str
    symbol: str
    contract_address: str | None
    period_months: int
    validity_periods: int
    utc_offset_minutes: int
    signed_only: bool
    notice_days: int
    supply_cap_points: int | None
    mint_per_day_points: int | None
    debit_per_day_points: int | None
    terms_uri: str | None
    terms_hash: str | None


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """A journal entry that waits; `address` is the member's, `commitment` hex of 32 bytes.

    `points` are those its word would take, and `age` the one it would restore them into, as of
    when it was accepted; `lapsed_points` are the rest, which expired points cover. The points of a
    captured hold were promised when it was placed.
    """

    entry_no: int
    kind: int
    age: int
    reason: int
    points: int
    commitment: str
    address: str
    member_id: str = ""
    operation_id: str = ""
    recorded_at_ms: int = 0
    lapsed_points: int = 0
    promised_at_ms: int = 0

    @property
    def is_credit(self) -> bool:
        """Whether it mints (the others burn)."""
        return Kind(self.kind).is_credit


@dataclass(frozen=True, slots=True)
class WordNote:
    """How much of an entry its word leaves out, and the age it restores into."""

    entry_no: int
    lapsed_points: int
    age: int


_SELECT_PROGRAMS = select(
    *(_PROGRAMS.c[name] for name in ProgramRow.__dataclass_fields__)
).order_by(_PROGRAMS.c.id)
_PROGRAMS_WITH_WAITING = _SELECT_PROGRAMS.where(
    _PROGRAMS.c.contract_address.is_not(None),
    exists().where(_OUTBOX.c.program_id == _PROGRAMS.c.id, _WAITS),
)
_PROGRAMS_WITH_CONTRACT = _SELECT_PROGRAMS.where(
    _PROGRAMS.c.contract_address.is_not(None), _PROGRAMS.c.id > bindparam("after")
).limit(bindparam("most"))
_PROGRAMS_WITHOUT_CONTRACT = _SELECT_PROGRAMS.where(_PROGRAMS.c.contract_address.is_(None))


def _select_waiting(only_credits: bool | None, *, overtaking: bool = False) -> Select[Any]:
    statement = (
        select(
            _OUTBOX.c.entry_no,
            _JOURNAL.c.kind,
            _JOURNAL.c.age,
            _JOURNAL.c.reason,
            (_JOURNAL.c.points - _OUTBOX.c.lapsed_points).label("points"),
            _JOURNAL.c.commitment,
            _MEMBERS.c.address,
            _JOURNAL.c.member_id,
            _JOURNAL.c.operation_id,
            _JOURNAL.c.recorded_at_ms,
            _OUTBOX.c.lapsed_points,
            func.coalesce(_REDEMPTIONS.c.created_at_ms, _JOURNAL.c.recorded_at_ms),
        )
        .join(
            _JOURNAL,
            and_(
                _JOURNAL.c.program_id == _OUTBOX.c.program_id,
                _JOURNAL.c.entry_no == _OUTBOX.c.entry_no,
            ),
        )
        .join(_MEMBERS, _MEMBERS.c.id == _JOURNAL.c.member_id)
        .outerjoin(
            _REDEMPTIONS,
            and_(_REDEMPTIONS.c.id == _JOURNAL.c.source_id, _JOURNAL.c.kind == int(Kind.REDEEM)),
        )
        .where(_OUTBOX.c.program_id == bindparam("program"), _WAITS)
        .order_by(_OUTBOX.c.entry_no)
        .limit(bindparam("most"))
    )
    if only_credits is None:
        return statement
    # Nothing may overtake an operation of the same member that waits in the other queue.
    outbox, journal = _OUTBOX.alias(), _JOURNAL.alias()
    wanted = _JOURNAL.c.kind.in_(_CREDITS)
    others = journal.c.kind.in_(_CREDITS)
    overtaken = exists().where(
        journal.c.member_id == _JOURNAL.c.member_id,
        journal.c.program_id == _JOURNAL.c.program_id,
        journal.c.entry_no < _JOURNAL.c.entry_no,
        ~others if only_credits else others,
        outbox.c.program_id == journal.c.program_id,
        outbox.c.entry_no == journal.c.entry_no,
        outbox.c.batch_id.is_(None),
        outbox.c.parked_reason.is_(None),
    )
    statement = statement.where(wanted if only_credits else ~wanted)
    return statement if overtaking else statement.where(~overtaken)


_NOTE_WORD = (
    update(_OUTBOX)
    .where(_OUTBOX.c.program_id == bindparam("program"), _OUTBOX.c.entry_no == bindparam("entry"))
    .values(lapsed_points=bindparam("new_lapsed_points"), age=bindparam("new_age"))
)
_SELECT_WAITING = {only: _select_waiting(only) for only in (None, True, False)}
_SELECT_DEBITS = _select_waiting(only_credits=False, overtaking=True)


def contract_of(connection: Connection, program_id: str) -> str | None:
    """The address of a program's contract; None while it has none, or there is no such program."""
    statement = select(_PROGRAMS.c.contract_address).where(_PROGRAMS.c.id == program_id)
    found: str | None = connection.execute(statement).scalar()
    return found


def programs_with_waiting(connection: Connection) -> list[ProgramRow]:
    """Programs that have a contract and something to settle, by id."""
    return [ProgramRow(*row) for row in connection.execute(_PROGRAMS_WITH_WAITING)]


def programs_without_contract(connection: Connection) -> list[ProgramRow]:
    return [ProgramRow(*row) for row in connection.execute(_PROGRAMS_WITHOUT_CONTRACT)]


def programs_with_contract(connection: Connection, after_id: str, limit: int) -> list[ProgramRow]:
    """Up to `limit` programs that have a contract, by id, those after `after_id`."""
    bound = {"after": after_id, "most": limit}
    return [ProgramRow(*row) for row in connection.execute(_PROGRAMS_WITH_CONTRACT, bound)]


def waiting_entries(
    connection: Connection, program_id: str, limit: int, *, only_credits: bool | None = None
) -> list[WaitingEntry]:
    """The program's oldest waiting entries in entry order.

    With `only_credits`, only mints (or only burns, when False), and none that would overtake a
    waiting operation of its member in the other queue.
    """
    statement = _SELECT_WAITING[only_credits]
    rows = connection.execute(statement, {"program": program_id, "most": limit})
    return list(starmap(WaitingEntry, rows))


def waiting_debits(connection: Connection, program_id: str, limit: int) -> list[WaitingEntry]:
    """The oldest waiting burns, also those behind a mint of their member: for a program that
    mints no more."""
    rows = connection.execute(_SELECT_DEBITS, {"program": program_id, "most": limit})
    return list(starmap(WaitingEntry, rows))


def assign_entries(
    connection: Connection, program_id: str, entry_nos: Sequence[int], batch_id: str
) -> None:
    """Puts waiting entries into a batch, their positions being those in `entry_nos` (ascending).

    One statement per run of consecutive numbers. Raises SealConflictError when one does not wait.
    """
    for first, last, index in _runs(entry_nos):
        changed = connection.execute(
            update(_OUTBOX)
            .where(
                _OUTBOX.c.program_id == program_id, _OUTBOX.c.entry_no.between(first, last), _WAITS
            )
            .values(batch_id=batch_id, word_index=_OUTBOX.c.entry_no - (first - index))
        )
        if changed.rowcount != last - first + 1:
            raise SealConflictError(f"entries {first} to {last} of {program_id} do not all wait")


def note_words(connection: Connection, program_id: str, words: Sequence[WordNote]) -> None:
    """Keeps with entries what their words say that the journal does not."""
    if words:
        connection.execute(
            _NOTE_WORD,
            [
                {
                    "program": program_id,
                    "entry": word.entry_no,
                    "new_lapsed_points": word.lapsed_points,
                    "new_age": word.age,
                }
                for word in words
            ],
        )


def complete_entries(connection: Connection, program_id: str, entry_nos: Sequence[int]) -> None:
    """Takes waiting entries off the way to the chain: they need no word."""
    connection.execute(
        delete(_OUTBOX).where(
            _OUTBOX.c.program_id == program_id, _OUTBOX.c.entry_no.in_(entry_nos), _WAITS
        )
    )


def park_entry(connection: Connection, program_id: str, entry_no: int, reason: str) -> bool:
    """Sets a waiting entry aside with the reason; False when it does not wait any more."""
    changed = connection.execute(
        update(_OUTBOX)
        .where(_OUTBOX.c.program_id == program_id, _OUTBOX.c.entry_no == entry_no, _WAITS)
        .values(parked_reason=reason)
    )
    return changed.rowcount == 1


def waiting_count(connection: Connection) -> int:
    """Entries of all programs that wait for a batch."""
    return connection.execute(select(func.count()).select_from(_OUTBOX).where(_WAITS)).scalar_one()


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Runs of consecutive numbers as (first, last, index of the first)."""
    start = 0
    for index in range(1, len(numbers) + 1):
        if index == len(numbers) or numbers[index] != numbers[index - 1] + 1:
            yield numbers[start], numbers[index - 1], start
            start = index
