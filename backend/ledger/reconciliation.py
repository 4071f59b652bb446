"""The reads of reconciliation: what the ledger, and what the mirror, say of each program.

The mirror is read first and the ledger after it, each in one snapshot: whatever the mirror has
applied was sealed before, so the later ledger always knows it, and what the ledger has on top is
in flight. No lock is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Engine, ScalarSelect, and_, case, func, or_, select

from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord
from backend.core.lifecycle import RedemptionState
from backend.core.operations import Kind
from backend.ledger import mirror_tables as mirror
from backend.ledger.columns import table_of
from backend.ledger.load_statements import LOT_NAMES, LOTS
from backend.ledger.rebase import calendar_of
from backend.ledger.settlement_tables import Batch
from backend.ledger.tables import (
    Balance,
    JournalEntry,
    Member,
    OutboxEntry,
    Program,
    ProgramTotals,
    Redemption,
)

_PROGRAMS, _TOTALS = table_of(Program), table_of(ProgramTotals)
_MEMBERS, _BALANCES = table_of(Member), table_of(Balance)
_JOURNAL, _OUTBOX, _BATCHES = table_of(JournalEntry), table_of(OutboxEntry), table_of(Batch)
_REDEMPTIONS = table_of(Redemption)
_CREDITS = [int(kind) for kind in Kind if kind.is_credit]
OF_WORD = _JOURNAL.c.points - _OUTBOX.c.lapsed_points
SIGNED = case((_JOURNAL.c.kind.in_(_CREDITS), OF_WORD), else_=-OF_WORD)
ENTRY_OF_OUTBOX = and_(
    _OUTBOX.c.program_id == _JOURNAL.c.program_id, _OUTBOX.c.entry_no == _JOURNAL.c.entry_no
)


@dataclass(frozen=True, slots=True)
class BatchSum:
    """What a batch is, the same in ledger and mirror: points that expired when its words touched
    their members are not among those it burned, those that a return asked for in vain are."""

    seq: int
    receipts_root: str
    word_count: int
    minted_points: int
    burned_points: int


@dataclass(frozen=True, slots=True)
class MirrorSide:
    """A program in the mirror, `last_seq` being its newest batch there (0 for none).

    `uneven` members have lots that do not add up to their points.
    """

    total_points: int
    last_seq: int
    batches: list[BatchSum]
    words: dict[str, MemberWord]
    uneven: list[str]
    batch_seconds: dict[int, int]


@dataclass(frozen=True, slots=True)
class LedgerMember:
    """A balance row; `kept_points` have expired and are kept by a hold nobody has closed."""

    member_id: str
    points: int
    kept_points: int
    period: int
    lots: tuple[int, ...]

    @property
    def word(self) -> MemberWord:
        """Raises ValueError for lots no member can have."""
        return MemberWord(self.period, buckets=self.lots)


@dataclass(frozen=True, slots=True)
class LedgerSide:
    """A program in the ledger; `in_flight_by_member` is what the mirror does not have yet."""

    calendar: Calendar
    total_points: int
    batches: list[BatchSum]
    members: dict[str, LedgerMember]
    in_flight_by_member: dict[str, int]
    parked_points: int


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection whose reads all belong to one moment."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def program_contracts(connection: Connection) -> list[tuple[str, str | None]]:
    """Every program's id and contract address."""
    rows = connection.execute(
        select(_PROGRAMS.c.id, _PROGRAMS.c.contract_address).order_by(_PROGRAMS.c.id)
    )
    return [(row[0], row[1]) for row in rows]


def mirror_block(connection: Connection) -> tuple[int, str, int] | None:
    """Number, hash and UTC second of the block the mirror stands at; None for an empty mirror."""
    cursor, blocks = mirror.cursor, mirror.blocks
    row = connection.execute(
        select(cursor.c.block_number, cursor.c.block_hash, blocks.c.timestamp_s).join_from(
            cursor, blocks, blocks.c.number == cursor.c.block_number
        )
    ).first()
    return None if row is None else (row[0], row[1], row[2])


def mirror_side(connection: Connection, contract: str) -> MirrorSide:
    supply = connection.execute(
        select(mirror.supply.c.total_points, mirror.supply.c.last_seq).where(
            mirror.supply.c.program == contract
        )
    ).first()
    total_points, last_seq = (0, 0) if supply is None else (supply[0], supply[1])
    batches, seconds = _mirror_batches(connection, contract)
    balances = mirror.balances
    columns = (balances.c.member, balances.c.points, balances.c.period, balances.c.nonce)
    lots = (balances.c[name] for name in LOT_NAMES)
    members = connection.execute(
        select(*columns, balances.c.signed_only, *lots).where(balances.c.program == contract)
    )
    words, uneven = {}, []
    for address, points, period, nonce, signed_only, *buckets in members:
        words[address] = MemberWord(period, nonce, signed_only, tuple(buckets))
        if points != sum(buckets):
            uneven.append(address)
    return MirrorSide(total_points, last_seq, batches, words, uneven, seconds)


def _mirror_batches(connection: Connection, contract: str) -> tuple[list[BatchSum], dict[int, int]]:
    table = mirror.batches
    swept = _noted(mirror.NoteKind.LAPSED, mirror.notes.c.points)
    # What a return asked for and could not take, because it had expired by then.
    short = _noted(mirror.NoteKind.RETURN_SHORT, mirror.notes.c.number)
    rows = connection.execute(
        select(
            *(table.c[name] for name in BatchSum.__dataclass_fields__),
            swept.label("swept_points"),
            short.label("short_points"),
            mirror.blocks.c.timestamp_s,
        )
        .join(mirror.blocks, mirror.blocks.c.number == table.c.block_number)
        .where(table.c.program == contract)
        .order_by(table.c.seq)
    ).all()
    sums = [
        BatchSum(*row[:4], row[4] - int(row.swept_points) + int(row.short_points)) for row in rows
    ]
    return sums, {row.seq: row.timestamp_s for row in rows}


def _noted(kind: mirror.NoteKind, points: Column[int]) -> ScalarSelect[Any]:
    """The sum of what notes of this kind say of a batch's words."""
    notes, table = mirror.notes, mirror.batches
    return (
        select(func.coalesce(func.sum(points), 0))
        .where(
            notes.c.program == table.c.program,
            notes.c.tx_hash == table.c.tx_hash,
            notes.c.block_number == table.c.block_number,
            notes.c.kind == int(kind),
        )
        .scalar_subquery()
    )


def ledger_side(connection: Connection, program_id: str, last_seq: int) -> LedgerSide:
    """The ledger as seen from a mirror whose newest batch of the program is `last_seq`."""
    columns = [_BATCHES.c[name] for name in BatchSum.__dataclass_fields__]
    batches = connection.execute(
        select(*columns)
        .where(
            _BATCHES.c.program_id == program_id,
            _BATCHES.c.voided_at_ms.is_(None),
            _BATCHES.c.seq <= last_seq,
        )
        .order_by(_BATCHES.c.seq)
    )
    return LedgerSide(
        calendar=calendar_of(connection, program_id),
        total_points=_journal_total(connection, program_id),
        batches=[BatchSum(*row) for row in batches],
        members=_ledger_members(connection, program_id),
        in_flight_by_member=_in_flight(connection, program_id, last_seq),
        parked_points=_parked_points(connection, program_id),
    )


def _ledger_members(connection: Connection, program_id: str) -> dict[str, LedgerMember]:
    kept = connection.execute(
        select(_REDEMPTIONS.c.member_id, func.sum(_REDEMPTIONS.c.lapsed_points))
        .where(
            _REDEMPTIONS.c.program_id == program_id,
            _REDEMPTIONS.c.state == RedemptionState.HELD.value,
            _REDEMPTIONS.c.lapsed_points > 0,
        )
        .group_by(_REDEMPTIONS.c.member_id)
    )
    kept_points = {row[0]: int(row[1]) for row in kept}
    rows = connection.execute(
        select(_MEMBERS.c.address, _MEMBERS.c.id, _BALANCES.c.points, _BALANCES.c.period, *LOTS)
        .join(_BALANCES, _BALANCES.c.member_id == _MEMBERS.c.id)
        .where(_MEMBERS.c.program_id == program_id)
    )
    return {
        address: LedgerMember(member_id, points, kept_points.get(member_id, 0), period, tuple(lots))
        for address, member_id, points, period, *lots in rows
    }


def _journal_total(connection: Connection, program_id: str) -> int:
    row = connection.execute(
        select(
            _TOTALS.c.minted_points,
            _TOTALS.c.redeemed_points,
            _TOTALS.c.returned_points,
            _TOTALS.c.expired_points,
        ).where(_TOTALS.c.program_id == program_id)
    ).first()
    return 0 if row is None else row[0] - row[1] - row[2] - row[3]


def _in_flight(connection: Connection, program_id: str, last_seq: int) -> dict[str, int]:
    rows = connection.execute(
        select(_MEMBERS.c.address, func.sum(SIGNED))
        .select_from(_OUTBOX)
        .join(_JOURNAL, ENTRY_OF_OUTBOX)
        .join(_MEMBERS, _MEMBERS.c.id == _JOURNAL.c.member_id)
        .outerjoin(_BATCHES, _BATCHES.c.id == _OUTBOX.c.batch_id)
        .where(
            _OUTBOX.c.program_id == program_id,
            or_(_OUTBOX.c.batch_id.is_(None), _BATCHES.c.seq > last_seq),
        )
        .group_by(_MEMBERS.c.address)
    )
    return {row[0]: int(row[1]) for row in rows}


def _parked_points(connection: Connection, program_id: str) -> int:
    total = connection.execute(
        select(func.sum(SIGNED))
        .select_from(_OUTBOX)
        .join(_JOURNAL, ENTRY_OF_OUTBOX)
        .where(_OUTBOX.c.program_id == program_id, _OUTBOX.c.parked_reason.is_not(None))
    ).scalar()
    return int(total or 0)
