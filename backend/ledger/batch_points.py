"""What each batch did to one member, as the ledger sealed it and as the chain's events say."""

from __future__ import annotations

from sqlalchemy import Connection, and_, func, select

from backend.ledger import mirror_tables as mirror
from backend.ledger.columns import table_of
from backend.ledger.reconciliation import ENTRY_OF_OUTBOX, SIGNED
from backend.ledger.settlement_tables import Batch
from backend.ledger.tables import JournalEntry, Member, OutboxEntry

_JOURNAL, _OUTBOX, _BATCHES = table_of(JournalEntry), table_of(OutboxEntry), table_of(Batch)
_MEMBERS = table_of(Member)


def ledger_points_by_batch(
    connection: Connection, program_id: str, address: str, last_seq: int
) -> dict[int, int]:
    """What each settled batch did to one member, as the ledger sealed it."""
    rows = connection.execute(
        select(_BATCHES.c.seq, func.sum(SIGNED))
        .select_from(_MEMBERS)
        .join(_JOURNAL, _JOURNAL.c.member_id == _MEMBERS.c.id)
        .join(_OUTBOX, ENTRY_OF_OUTBOX)
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
    """What each batch did to one member, as the chain's events have it, but for what expired."""
    transfers, batches, notes = mirror.transfers, mirror.batches, mirror.notes
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
    points = {row[0]: int(row[1]) for row in rows}
    swept = connection.execute(
        select(batches.c.seq, func.sum(notes.c.points))
        .join(
            batches,
            and_(batches.c.tx_hash == notes.c.tx_hash, batches.c.program == notes.c.program),
        )
        .where(
            notes.c.program == contract,
            notes.c.member == address,
            notes.c.kind == int(mirror.NoteKind.LAPSED),
        )
        .group_by(batches.c.seq)
    )
    for seq, lapsed_points in swept:
        points[seq] = points.get(seq, 0) + int(lapsed_points)
    return points
