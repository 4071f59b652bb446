"""Signed redemptions as the mirror has them, whoever brought them on chain.

A member's signature may be relayed by anybody, and a member may sign for a redemption that no till
ever asked for. What says which one it was is the event `Redeemed`: member, points and reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, true

from backend.ledger.mirror_tables import NoteKind, blocks, notes

Key = tuple[str, int, str]
"""What tells redemptions apart: address (0x hex), points, and the reference that was signed."""


@dataclass(frozen=True, slots=True)
class SeenRedemption:
    """A redemption on chain; `program` is a contract's address, `at_s` its block's UTC second."""

    block_number: int
    program: str
    address: str
    points: int
    redemption_ref: str
    tx_hash: str
    block_hash: str
    at_s: int

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
        select(
            notes.c.block_number,
            notes.c.program,
            notes.c.member,
            notes.c.points,
            notes.c.other,
            notes.c.tx_hash,
            blocks.c.hash,
            blocks.c.timestamp_s,
        )
        .join(blocks, blocks.c.number == notes.c.block_number)
        .where(
            wanted,
            notes.c.kind == int(NoteKind.REDEEMED),
            notes.c.block_number > after_block,
            notes.c.block_number <= until_block,
        )
        .order_by(notes.c.block_number, notes.c.log_index)
    )
    return [SeenRedemption(*row[:5], f"0x{row.tx_hash.hex()}", *row[6:]) for row in rows]


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
