"""The changes of settlement: sealing, storing signed bytes, and each change of a slot's state.

A change of state is a compare-and-set that answers whether it happened, and the unique indexes
(lane, nonce), (settlement, attempt) and (program, seq) refuse what two settlers at once must not
both do. Nothing here commits: the caller's transaction does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, exists, insert, select, update

from backend.ledger import calls
from backend.ledger.columns import table_of
from backend.ledger.settlement_tables import Batch, SettlementTx, TxAttempt
from backend.ledger.settlements import OPEN_STATES, Attempt, Purpose, TxState
from backend.ledger.tables import OutboxEntry, Program

_TXS, _ATTEMPTS = table_of(SettlementTx), table_of(TxAttempt)
_BATCHES, _OUTBOX = table_of(Batch), table_of(OutboxEntry)
_PROGRAMS = table_of(Program)
_NOT_VOID = _BATCHES.c.voided_at_ms.is_(None)


@dataclass(frozen=True, slots=True)
class NewSlot:
    id: str
    lane: str
    nonce: int
    purpose: Purpose
    program_id: str | None
    to_address: str
    calldata: bytes
    gas_limit: int
    sealed_at_ms: int


@dataclass(frozen=True, slots=True)
class NewBatch:
    id: str
    program_id: str
    seq: int
    receipts_root: str
    words: bytes
    minted_points: int
    burned_points: int


def insert_slot(connection: Connection, slot: NewSlot) -> None:
    """Takes the lane's nonce; sqlalchemy's IntegrityError when another settler has it."""
    values = {name: getattr(slot, name) for name in NewSlot.__dataclass_fields__}
    values |= {"purpose": str(slot.purpose), "state": str(TxState.SEALED)}
    connection.execute(insert(_TXS), values)


def insert_batch(connection: Connection, slot: NewSlot, batch: NewBatch) -> None:
    """Takes the program's sequence number; IntegrityError when another settler has it."""
    values = {name: getattr(batch, name) for name in NewBatch.__dataclass_fields__}
    values |= {
        "settlement_tx_id": slot.id,
        "word_count": len(batch.words) // 32,
        "sealed_at_ms": slot.sealed_at_ms,
    }
    connection.execute(insert(_BATCHES), values)


def insert_attempt(connection: Connection, slot_id: str, attempt: Attempt) -> None:
    """Stores signed bytes; IntegrityError when another settler stored this attempt first."""
    connection.execute(
        insert(_ATTEMPTS),
        {
            "tx_hash": attempt.tx_hash,
            "settlement_tx_id": slot_id,
            "attempt_no": attempt.attempt_no,
            "raw_transaction": attempt.raw_transaction,
            "max_fee_wei": str(attempt.max_fee_wei),
            "priority_fee_wei": str(attempt.priority_fee_wei),
            "persisted_at_ms": attempt.persisted_at_ms,
        },
    )
    _advance(connection, slot_id, [TxState.SEALED], TxState.SIGNED)


def mark_broadcast(connection: Connection, slot_id: str, tx_hash: str, now_ms: int) -> None:
    connection.execute(
        update(_ATTEMPTS)
        .where(_ATTEMPTS.c.tx_hash == tx_hash, _ATTEMPTS.c.broadcast_at_ms.is_(None))
        .values(broadcast_at_ms=now_ms)
    )
    _advance(connection, slot_id, [TxState.SIGNED], TxState.BROADCAST)


def mark_included(
    connection: Connection,
    slot_id: str,
    block: int,
    block_hash: str,
    block_at_s: int,
    tx_hash: str,
    succeeded: bool,
) -> bool:
    """Notes where a slot's transaction was included, and in which second by the block's word, with
    what that changes in the ledger; False when it was not open any more."""
    changed = _advance(
        connection,
        slot_id,
        OPEN_STATES,
        TxState.INCLUDED,
        included_block=block,
        included_block_hash=block_hash,
        included_tx_hash=tx_hash,
        included_at_s=block_at_s,
        succeeded=succeeded,
    )
    if changed and succeeded:
        calls.apply_effects(connection, slot_id)
    return changed


def mark_final(connection: Connection, slot_id: str) -> bool:
    return _advance(connection, slot_id, [TxState.INCLUDED], TxState.FINAL)


def take_back(connection: Connection, slot_id: str, from_state: TxState) -> bool:
    """An inclusion that is no longer on the chain: the stored attempts are to be sent again."""
    changed = _advance(
        connection,
        slot_id,
        [from_state],
        TxState.BROADCAST,
        included_block=None,
        included_block_hash=None,
        included_tx_hash=None,
        included_at_s=None,
        succeeded=None,
    )
    if changed:
        calls.undo_effects(connection, slot_id)
    return changed


def mark_reverted(
    connection: Connection, slot_id: str, from_states: Sequence[TxState], now_ms: int
) -> bool:
    """Ends a slot that can never apply: its batches become void, their entries wait again, and a
    program it was to create has no contract, even if a fork once had it, unless the creation of
    another settler made one."""
    if not _advance(connection, slot_id, from_states, TxState.REVERTED, succeeded=False):
        return False
    unborn = select(_TXS.c.program_id).where(
        _TXS.c.id == slot_id, _TXS.c.purpose == str(Purpose.CREATE_PROGRAM)
    )
    other = _TXS.alias()
    made_otherwise = exists().where(
        other.c.purpose == str(Purpose.CREATE_PROGRAM),
        other.c.program_id == _PROGRAMS.c.id,
        other.c.state.in_([str(TxState.INCLUDED), str(TxState.FINAL)]),
        other.c.succeeded.is_(True),
    )
    connection.execute(
        update(_PROGRAMS)
        .where(_PROGRAMS.c.id.in_(unborn), ~made_otherwise)
        .values(contract_address=None)
    )
    calls.release_slot(connection, slot_id)
    of_slot = and_(_BATCHES.c.settlement_tx_id == slot_id, _NOT_VOID)
    batch_ids = [row[0] for row in connection.execute(select(_BATCHES.c.id).where(of_slot))]
    connection.execute(update(_BATCHES).where(of_slot).values(voided_at_ms=now_ms))
    connection.execute(
        update(_OUTBOX)
        .where(_OUTBOX.c.batch_id.in_(batch_ids))
        .values(batch_id=None, word_index=None)
    )
    return True


def set_moved_points(connection: Connection, batch_id: str, points: int) -> None:
    """What a rebind moved: it burns and mints as much, known once it is applied."""
    connection.execute(
        update(_BATCHES)
        .where(_BATCHES.c.id == batch_id)
        .values(minted_points=points, burned_points=points)
    )


def set_contract_address(connection: Connection, program_id: str, address: str) -> bool:
    """Gives a program its contract; False when it already has one."""
    changed = connection.execute(
        update(_PROGRAMS)
        .where(_PROGRAMS.c.id == program_id, _PROGRAMS.c.contract_address.is_(None))
        .values(contract_address=address)
    )
    return changed.rowcount == 1


def _advance(
    connection: Connection,
    slot_id: str,
    from_states: Sequence[TxState],
    to_state: TxState,
    **values: int | str | bool | None,
) -> bool:
    changed = connection.execute(
        update(_TXS)
        .where(_TXS.c.id == slot_id, _TXS.c.state.in_([str(state) for state in from_states]))
        .values(state=str(to_state), **values)
    )
    return changed.rowcount == 1
