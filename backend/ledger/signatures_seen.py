"""What members signed for, as the mirror has it, whoever brought it on chain.

A member's signature may be relayed by anybody, and a member may sign for a redemption that no till
ever asked for. What says which one it was is the event `Redeemed`: member, points and reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, exists, select, true

from backend.ledger.mirror_tables import NoteKind, batches, blocks, notes, transfers

_NOTES = select(notes, blocks.c.hash, blocks.c.timestamp_s).join(
    blocks, blocks.c.number == notes.c.block_number
)

_BEHIND_BATCH = (
    exists()
    .where(
        transfers.c.block_number == notes.c.block_number,
        transfers.c.log_index < notes.c.log_index,
        transfers.c.program == notes.c.program,
        batches.c.block_number == notes.c.block_number,
        batches.c.program == notes.c.program,
        batches.c.tx_hash == transfers.c.tx_hash,
    )
    .label("behind_batch")
)

Key = tuple[str, int, str]
"""What tells redemptions apart: address (0x hex), points, and the reference that was signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where something is on chain; `program` is a contract's address, `at_s` its block's UTC
    second. A redemption is `behind_batch` where a batch of the program is before it in its block.
    """

    program: str
    block_number: int
    block_hash: str
    at_s: int
    tx_hash: str
    behind_batch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRedemption(Seen):
    """A redemption on chain."""

    address: str
    points: int
    redemption_ref: str

    @property
    def key(self) -> Key:
        return self.address, self.points, self.redemption_ref


def seen_between(
    connection: Connection, after_block: int, until_block: int, program: str | None = None
) -> list[SeenRedemption]:
    """Those of blocks after the first up to the last, in order: of one program's contract, or of
    all."""
    wanted = notes.c.program == program if program is not None else true()
    rows = connection.execute(
        _NOTES.add_columns(_BEHIND_BATCH)
        .where(
            wanted,
            notes.c.kind == int(NoteKind.REDEEMED),
            notes.c.block_number > after_block,
            notes.c.block_number <= until_block,
        )
        .order_by(notes.c.block_number, notes.c.log_index)
    )
    return [
        SeenRedemption(
            **_place(row),
            address=row.member,
            points=row.points,
            redemption_ref=row.other,
            behind_batch=bool(row.behind_batch),
        )
        for row in rows
    ]


def change_seen(
    connection: Connection, program: str, address: str, *, signed_only: bool, until_block: int
) -> Seen | None:
    """The member's newest change of `signedOnly` up to that block, if it says this."""
    kinds = {int(NoteKind.SIGNED_ONLY): True, int(NoteKind.SIGNED_ONLY_ENDED): False}
    row = connection.execute(
        _NOTES.where(
            notes.c.program == program,
            notes.c.member == address,
            notes.c.kind.in_(list(kinds)),
            notes.c.block_number <= until_block,
        )
        .order_by(notes.c.block_number.desc(), notes.c.log_index.desc())
        .limit(1)
    ).first()
    return Seen(**_place(row)) if row is not None and kinds[row.kind] is signed_only else None


def _place(row: Row[Any]) -> dict[str, Any]:
    return {
        "program": row.program,
        "block_number": row.block_number,
        "block_hash": row.hash,
        "at_s": row.timestamp_s,
        "tx_hash": f"0x{row.tx_hash.hex()}",
    }


def keys_seen(connection: Connection, contract: str, refs: Iterable[str]) -> Counter[Key]:
    """How often the mirror has each redemption of a program with these references."""
    wanted = sorted(set(refs))
    if not wanted:
        return Counter()
    rows = connection.execute(
        select(notes.c.member, notes.c.points, notes.c.other).where(
            notes.c.program == contract,
            notes.c.kind == int(NoteKind.REDEEMED),
            notes.c.other.in_(wanted),
        )
    )
    return Counter((row[0], row[1], row[2]) for row in rows)
