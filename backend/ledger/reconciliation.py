"""The reads of reconciliation: what the ledger, and what the mirror, say of each program.

The mirror is read first and the ledger after it, each in one snapshot: whatever the mirror has
applied was sealed before, so the later ledger always knows it, and what the ledger has on top is
in flight. No lock is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, and_, case, func, or_, select

from backend.core.operations import Kind
from backend.ledger import mirror_tables as mirror
from backend.ledger.columns import table_of
from backend.ledger.settlement_tables import Batch
from backend.ledger.tables import Balance, JournalEntry, Member, OutboxEntry, Program, ProgramTotals

_PROGRAMS, _TOTALS = table_of(Program), table_of(ProgramTotals)
_MEMBERS, _BALANCES = table_of(Member), table_of(Balance)
_JOURNAL, _OUTBOX, _BATCHES = table_of(JournalEntry), table_of(OutboxEntry), table_of(Batch)
_CREDITS = [int(kind) for kind in Kind if kind.is_credit]
_SIGNED = case((_JOURNAL.c.kind.in_(_CREDITS), _JOURNAL.c.points), else_=-_JOURNAL.c.points)
_ENTRY_OF_OUTBOX = and_(
    _OUTBOX.c.program_id == _JOURNAL.c.program_id, _OUTBOX.c.entry_no == _JOURNAL.c.entry_no
)


@dataclass(frozen=True, slots=True)
class BatchSum:
    """What a batch is, the same in ledger and mirror."""

    seq: int
    receipts_root: str
    word_count: int
    minted_points: int
    burned_points: int


@dataclass(frozen=True, slots=True)
class MirrorSide:
    """A program in the mirror, `last_seq` being its newest batch there (0 for none)."""

    total_points: int
    last_seq: int
    batches: list[BatchSum]
    points_by_member: dict[str, int]


@dataclass(frozen=True, slots=True)
class LedgerSide:
    """A program in the ledger; `in_flight_by_member` is what the mirror does not have yet."""

    total_points: int
    batches: list[BatchSum]
    points_by_member: dict[str, int]
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


def mirror_block(connection: Connection) -> tuple[int, str] | None:
    """Number and hash of the block the mirror stands at; None for an empty mirror."""
    row = connection.execute(
        select(mirror.cursor.c.block_number, mirror.cursor.c.block_hash)
    ).first()
    return None if row is None else (row[0], row[1])


def mirror_side(connection: Connection, contract: str) -> MirrorSide:
    supply = connection.execute(
        select(mirror.supply.c.total_points, mirror.supply.c.last_seq).where(
            mirror.supply.c.program == contract
        )
    ).first()
    total_points, last_seq = (0, 0) if supply is None else (supply[0], supply[1])
    columns = [mirror.batches.c[name] for name in BatchSum.__dataclass_fields__]
    batches = connection.execute(
        select(*columns).where(mirror.batches.c.program == contract).order_by(mirror.batches.c.seq)
    )
    members = connection.execute(
        select(mirror.balances.c.member, mirror.balances.c.points).where(
            mirror.balances.c.program == contract
        )
    )
    return MirrorSide(
        total_points,
        last_seq,
        [BatchSum(*row) for row in batches],
        {row[0]: row[1] for row in members},
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
    members = connection.execute(
        select(_MEMBERS.c.address, _BALANCES.c.points)
        .join(_BALANCES, _BALANCES.c.member_id == _MEMBERS.c.id)
        .where(_MEMBERS.c.program_id == program_id)
    )
    return LedgerSide(
        total_points=_journal_total(connection, program_id),
        batches=[BatchSum(*row) for row in batches],
        points_by_member={row[0]: row[1] for row in members},
        in_flight_by_member=_in_flight(connection, program_id, last_seq),
        parked_points=_parked_points(connection, program_id),
    )


def ledger_points_by_batch(
    connection: Connection, program_id: str, address: str, last_seq: int
) -> dict[int, int]:
    """What each settled batch did to one member, as the ledger sealed it."""
    rows = connection.execute(
        select(_BATCHES.c.seq, func.sum(_SIGNED))
        .select_from(_MEMBERS)
        .join(_JOURNAL, _JOURNAL.c.member_id == _MEMBERS.c.id)
        .join(_OUTBOX, _ENTRY_OF_OUTBOX)
        .join(_BATCHES, _BATCHES.c.id == _OUTBOX.c.batch_id)
        .where(
            _MEMBERS.c.program_id == program_id,
            _MEMBERS.c.address == address,
            _BATCHES.c.seq <= last_seq,
        )
        .group_by(_BATCHES.c.seq)
    )
    return {row[0]: int(row[1]) for row in rows}


def mirror_points_by_batch(connection: Connection, contract: str, address: str) -> dict[int, int]:
    """What each batch did to one member, as the chain's events have it."""
    transfers, batches = mirror.transfers, mirror.batches
    rows = connection.execute(
        select(batches.c.seq, func.sum(transfers.c.points))
        .join(
            batches,
            and_(
                batches.c.tx_hash == transfers.c.tx_hash, batches.c.program == transfers.c.program
            ),
        )
        .where(transfers.c.program == contract, transfers.c.member == address)
        .group_by(batches.c.seq)
    )
    return {row[0]: int(row[1]) for row in rows}


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
        select(_MEMBERS.c.address, func.sum(_SIGNED))
        .select_from(_OUTBOX)
        .join(_JOURNAL, _ENTRY_OF_OUTBOX)
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
        select(func.sum(_SIGNED))
        .select_from(_OUTBOX)
        .join(_JOURNAL, _ENTRY_OF_OUTBOX)
        .where(_OUTBOX.c.program_id == program_id, _OUTBOX.c.parked_reason.is_not(None))
    ).scalar()
    return int(total or 0)
