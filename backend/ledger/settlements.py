"""Reads of settlement: transaction slots, their signed attempts, and the batches inside them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from backend.ledger.columns import table_of
from backend.ledger.settlement_tables import Batch, SettlementTx, TxAttempt
from backend.ledger.tables import Program

_TXS, _ATTEMPTS = table_of(SettlementTx), table_of(TxAttempt)
_BATCHES, _PROGRAMS = table_of(Batch), table_of(Program)


class TxState(StrEnum):
    """Where a transaction slot stands. A reverted one is over: its batches are void."""

    SEALED = "sealed"
    SIGNED = "signed"
    BROADCAST = "broadcast"
    INCLUDED = "included"
    FINAL = "final"
    REVERTED = "reverted"


class Purpose(StrEnum):
    SETTLE = "settle"
    CREATE_PROGRAM = "create_program"
    CALL = "call"
    FILL = "fill"
    """Nothing: its nonce would be missing otherwise."""
    RELAYED = "relayed"
    """Somebody else's transaction, which did what a call of ours was to do."""


OPEN_STATES: Final = (TxState.SEALED, TxState.SIGNED, TxState.BROADCAST)
"""States of a transaction that is not included yet; a lane has at most one."""


class SealConflictError(Exception):
    """What was to be sealed is no longer as it was read; nothing may be committed."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A transaction slot without its calldata."""

    id: str
    lane: str
    nonce: int
    purpose: str
    program_id: str | None
    to_address: str
    gas_limit: int
    state: str
    included_block: int | None
    included_block_hash: str | None
    included_tx_hash: str | None
    succeeded: bool | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """Signed bytes of a slot; fees in wei per gas."""

    tx_hash: str
    attempt_no: int
    raw_transaction: bytes
    max_fee_wei: int
    priority_fee_wei: int
    persisted_at_ms: int
    broadcast_at_ms: int | None


@dataclass(frozen=True, slots=True)
class SlotBatch:
    """What a slot holds of one program; `contract_address` as the program has it now."""

    id: str
    program_id: str
    seq: int
    word_count: int
    receipts_root: str
    contract_address: str | None


_SLOT_COLUMNS = [_TXS.c[name] for name in Slot.__dataclass_fields__]
_SELECT_SLOTS = select(*_SLOT_COLUMNS).order_by(_TXS.c.lane, _TXS.c.nonce)
_ATTEMPT_COLUMNS = [_ATTEMPTS.c[name] for name in Attempt.__dataclass_fields__]
_SLOTS_BY_STATE = _SELECT_SLOTS.where(_TXS.c.state.in_(bindparam("states", expanding=True)))
_NOT_VOID = _BATCHES.c.voided_at_ms.is_(None)


def slots_in_states(connection: Connection, states: Sequence[TxState]) -> list[Slot]:
    """All lanes' slots in these states, in order of lane and nonce."""
    rows = connection.execute(_SLOTS_BY_STATE, {"states": [str(state) for state in states]})
    return [Slot(*row) for row in rows]


def settled_slots(
    connection: Connection, lane: str, below_nonce: int | None, limit: int
) -> list[Slot]:
    """A lane's slots that are over (final or reverted), the greatest nonce first."""
    over = [str(TxState.FINAL), str(TxState.REVERTED)]
    statement = select(*_SLOT_COLUMNS).where(_TXS.c.lane == lane, _TXS.c.state.in_(over))
    if below_nonce is not None:
        statement = statement.where(_TXS.c.nonce < below_nonce)
    rows = connection.execute(statement.order_by(_TXS.c.nonce.desc()).limit(limit))
    return [Slot(*row) for row in rows]


def slots_from_nonce(connection: Connection, lane: str, nonce: int) -> list[Slot]:
    """A lane's slots of this nonce and greater ones, in order."""
    rows = connection.execute(_SELECT_SLOTS.where(_TXS.c.lane == lane, _TXS.c.nonce >= nonce))
    return [Slot(*row) for row in rows]


def next_nonce(connection: Connection, lane: str) -> int | None:
    """One more than the greatest nonce the lane has a slot for; None for a lane without any."""
    greatest = connection.execute(
        select(func.max(_TXS.c.nonce)).where(_TXS.c.lane == lane)
    ).scalar()
    return None if greatest is None else int(greatest) + 1


def calldata_of(connection: Connection, slot_id: str) -> bytes:
    return bytes(
        connection.execute(select(_TXS.c.calldata).where(_TXS.c.id == slot_id)).scalar_one()
    )


def attempts_of(connection: Connection, slot_id: str) -> list[Attempt]:
    """A slot's signed attempts, the first one first."""
    rows = connection.execute(
        select(*_ATTEMPT_COLUMNS)
        .where(_ATTEMPTS.c.settlement_tx_id == slot_id)
        .order_by(_ATTEMPTS.c.attempt_no)
    )
    return [
        Attempt(row[0], row[1], bytes(row[2]), int(row[3]), int(row[4]), row[5], row[6])
        for row in rows
    ]


def batches_of(connection: Connection, slot_id: str) -> list[SlotBatch]:
    """A slot's batches that are not void."""
    columns = [_BATCHES.c[name] for name in list(SlotBatch.__dataclass_fields__)[:-1]]
    rows = connection.execute(
        select(*columns, _PROGRAMS.c.contract_address)
        .join(_PROGRAMS, _PROGRAMS.c.id == _BATCHES.c.program_id)
        .where(_BATCHES.c.settlement_tx_id == slot_id, _NOT_VOID)
    )
    return [SlotBatch(**row._mapping) for row in rows]


def words_of(connection: Connection, batch_id: str) -> bytes:
    """A batch's words as they were sealed."""
    return bytes(
        connection.execute(select(_BATCHES.c.words).where(_BATCHES.c.id == batch_id)).scalar_one()
    )


def blocked_programs(connection: Connection) -> set[str]:
    """Programs that must not be sealed for: a batch of theirs may still apply, or has failed and
    is not void yet."""
    unsure = or_(
        _TXS.c.state.in_([str(state) for state in OPEN_STATES]),
        and_(_TXS.c.state == str(TxState.INCLUDED), _TXS.c.succeeded.is_(False)),
    )
    rows = connection.execute(
        select(_BATCHES.c.program_id)
        .join(_TXS, _TXS.c.id == _BATCHES.c.settlement_tx_id)
        .where(unsure, _NOT_VOID)
        .distinct()
    )
    return {row[0] for row in rows}


def open_batches(connection: Connection) -> set[tuple[str, int]]:
    """Program and number of each batch whose transaction is not known to be included."""
    open_states = [str(state) for state in OPEN_STATES]
    rows = connection.execute(
        select(_BATCHES.c.program_id, _BATCHES.c.seq)
        .join(_TXS, _TXS.c.id == _BATCHES.c.settlement_tx_id)
        .where(_TXS.c.state.in_(open_states), _NOT_VOID)
    )
    return {(row[0], int(row[1])) for row in rows}


def all_noted(connection: Connection, program_id: str, last_seq: int) -> bool:
    """Whether the inclusion of each of the program's batches up to `last_seq` is known."""
    done = [str(TxState.INCLUDED), str(TxState.FINAL)]
    unknown = (
        select(_BATCHES.c.id)
        .join(_TXS, _TXS.c.id == _BATCHES.c.settlement_tx_id)
        .where(
            _BATCHES.c.program_id == program_id,
            _BATCHES.c.seq <= last_seq,
            _NOT_VOID,
            _TXS.c.state.not_in(done),
        )
        .limit(1)
    )
    return connection.execute(unknown).first() is None


def next_seqs(connection: Connection, program_ids: Collection[str]) -> dict[str, int]:
    """The sequence number each program's next batch gets, as the ledger knows it."""
    statement = (
        select(_BATCHES.c.program_id, func.max(_BATCHES.c.seq))
        .where(_BATCHES.c.program_id.in_(program_ids), _NOT_VOID)
        .group_by(_BATCHES.c.program_id)
    )
    found = {row[0]: int(row[1]) + 1 for row in connection.execute(statement)}
    return {program_id: found.get(program_id, 1) for program_id in program_ids}


def programs_being_created(connection: Connection) -> set[str]:
    """Programs with a creation slot that has not failed for good."""
    rows = connection.execute(
        select(_TXS.c.program_id).where(
            _TXS.c.purpose == str(Purpose.CREATE_PROGRAM),
            _TXS.c.state != str(TxState.REVERTED),
        )
    )
    return {row[0] for row in rows}
