"""Reads and steps of proof packs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from backend.ledger.columns import table_of
from backend.ledger.pack_tables import ProofPack
from backend.ledger.tables import Program

_PACKS, _PROGRAMS = table_of(ProofPack), table_of(Program)
SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class PackRecord:
    """A proof pack as stored."""

    id: str
    program_id: str
    asked_by: str
    asked_at_ms: int
    state: str
    done_at_ms: int | None
    block_number: int | None
    block_hash: str | None
    size_bytes: int | None
    clean: bool | None
    failure: str | None


def packs_of(connection: Connection, program_id: str) -> list[PackRecord]:
    """The newest packs of a program."""
    rows = connection.execute(
        select(_PACKS)
        .where(_PACKS.c.program_id == program_id)
        .order_by(_PACKS.c.id.desc())
        .limit(SHOWN_MAX)
    )
    return [PackRecord(**row._mapping) for row in rows]


def pack_of(connection: Connection, program_id: str, pack_id: str) -> PackRecord | None:
    row = connection.execute(
        select(_PACKS).where(_PACKS.c.id == pack_id, _PACKS.c.program_id == program_id)
    ).first()
    return PackRecord(**row._mapping) if row else None


def next_pack(connection: Connection) -> tuple[PackRecord, str] | None:
    """The oldest that is to be made, with its program's contract; one that was being made when the
    worker was killed is to be made again."""
    row = connection.execute(
        select(_PACKS, _PROGRAMS.c.contract_address)
        .join(_PROGRAMS, _PROGRAMS.c.id == _PACKS.c.program_id)
        .where(_PACKS.c.state.in_(("asked", "making")))
        .order_by(_PACKS.c.id)
        .limit(1)
    ).first()
    if row is None:
        return None
    values = dict(row._mapping)
    contract = values.pop("contract_address")
    return PackRecord(**values), str(contract)


def packs_ready_before(connection: Connection, at_ms: int) -> list[str]:
    """Packs whose files have been kept long enough."""
    rows = connection.execute(
        select(_PACKS.c.id).where(_PACKS.c.state == "ready", _PACKS.c.done_at_ms < at_ms)
    )
    return [row.id for row in rows]


def set_pack(connection: Connection, pack_id: str, **columns: str | int | bool | None) -> None:
    """Writes what is known of a pack now."""
    connection.execute(update(_PACKS).where(_PACKS.c.id == pack_id).values(**columns))
