"""The queue of calls: what waits for a transaction of its own, and what inclusion changes.

Nothing here commits. A call's effect on the ledger (a member's new address) is in the same commit
as the inclusion of its transaction, and is undone in the same commit as a reorganisation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from backend.core.calls import CallKind
from backend.core.canonical import canonical_json
from backend.core.lifecycle import SettlementState
from backend.ledger.call_tables import ChainCall
from backend.ledger.columns import table_of
from backend.ledger.operation_status import settlement_state
from backend.ledger.settlement_tables import SettlementTx
from backend.ledger.settlements import SealConflictError, TxState
from backend.ledger.tables import JournalEntry, Member, OutboxEntry, Program

_CALLS, _TXS, _PROGRAMS = table_of(ChainCall), table_of(SettlementTx), table_of(Program)
_OUTBOX, _JOURNAL, _MEMBERS = table_of(OutboxEntry), table_of(JournalEntry), table_of(Member)
_WAITS = and_(_CALLS.c.settlement_tx_id.is_(None), _CALLS.c.parked_reason.is_(None))
_RECORDS = select(
    _CALLS, _TXS.c.state, _TXS.c.succeeded, _TXS.c.included_tx_hash, _TXS.c.included_block
).outerjoin(_TXS, _TXS.c.id == _CALLS.c.settlement_tx_id)
_DONE = [str(TxState.INCLUDED), str(TxState.FINAL)]


def call_row(
    call_id: str,
    program_id: str,
    kind: CallKind,
    arguments: Mapping[str, object],
    created_at_ms: int,
    *,
    member_id: str | None = None,
    entry_no: int | None = None,
    commitment: str | None = None,
) -> dict[str, Any]:
    """The row of a new call."""
    return {
        "id": call_id,
        "program_id": program_id,
        "kind": str(kind),
        "member_id": member_id,
        "entry_no": entry_no,
        "arguments": canonical_json(arguments).decode(),
        "commitment": commitment,
        "created_at_ms": created_at_ms,
        "settlement_tx_id": None,
        "parked_reason": None,
    }


def insert_call(connection: Connection, row: Mapping[str, Any]) -> None:
    connection.execute(insert(_CALLS), dict(row))


def assign_calls(connection: Connection, call_ids: Sequence[str], slot_id: str) -> None:
    """Puts waiting calls into a slot; SealConflictError when one does not wait any more."""
    changed = connection.execute(
        update(_CALLS)
        .where(_CALLS.c.id.in_(list(call_ids)), _WAITS)
        .values(settlement_tx_id=slot_id)
    )
    if changed.rowcount != len(call_ids):
        raise SealConflictError("a call is under way already")


def park_call(connection: Connection, call_id: str, reason: str) -> bool:
    """Sets a waiting call aside; False when it does not wait any more."""
    changed = connection.execute(
        update(_CALLS).where(_CALLS.c.id == call_id, _WAITS).values(parked_reason=reason)
    )
    return changed.rowcount == 1


def release_slot(connection: Connection, slot_id: str) -> None:
    """The slot can never apply: its calls wait again."""
    connection.execute(
        update(_CALLS).where(_CALLS.c.settlement_tx_id == slot_id).values(settlement_tx_id=None)
    )


def apply_effects(connection: Connection, slot_id: str) -> None:
    """What the ledger takes over now that the slot's transaction succeeded."""
    _rebind(connection, slot_id, "to")


def undo_effects(connection: Connection, slot_id: str) -> None:
    """The transaction is not on the chain any more."""
    _rebind(connection, slot_id, "from")


def open_call_of_member(connection: Connection, member_id: str) -> str | None:
    """A call signed by, or about, the member that is not on the chain yet; its id."""
    return _first_open(connection, _CALLS.c.member_id == member_id)


def open_call_of_kind(connection: Connection, program_id: str, kind: CallKind) -> str | None:
    """A call of this kind of the program that is not on the chain yet; its id."""
    return _first_open(
        connection, and_(_CALLS.c.program_id == program_id, _CALLS.c.kind == str(kind))
    )


def burning_call(connection: Connection, operation_id: str) -> str | None:
    """The call that is to burn what this redemption took by its member's signature, until that is
    final; its id."""
    found: str | None = connection.execute(
        select(_CALLS.c.id)
        .join(
            _JOURNAL,
            and_(
                _JOURNAL.c.program_id == _CALLS.c.program_id,
                _JOURNAL.c.entry_no == _CALLS.c.entry_no,
            ),
        )
        .outerjoin(_TXS, _TXS.c.id == _CALLS.c.settlement_tx_id)
        .where(
            _JOURNAL.c.operation_id == operation_id,
            _CALLS.c.parked_reason.is_(None),
            or_(_TXS.c.id.is_(None), _TXS.c.state != str(TxState.FINAL)),
        )
    ).scalar()
    return found


def address_taken(connection: Connection, program_id: str, address: str) -> bool:
    """Whether a member has this address, had it, or is about to get it."""
    member = select(_MEMBERS.c.id).where(
        _MEMBERS.c.program_id == program_id, _MEMBERS.c.address == address
    )
    if connection.execute(member).first() is not None:
        return True
    rows = connection.execute(
        select(_CALLS.c.arguments).where(
            _CALLS.c.program_id == program_id,
            _CALLS.c.kind == str(CallKind.REBIND),
            _CALLS.c.parked_reason.is_(None),
        )
    )
    said = [json.loads(arguments) for arguments in rows.scalars()]
    return any(address in (one["to"], one["from"]) for one in said)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call and how far it got; what it has not reached yet is None."""

    id: str
    program_id: str
    member_id: str | None
    kind: CallKind
    created_at_ms: int
    state: SettlementState
    tx_hash: str | None
    block_number: int | None
    parked_reason: str | None


def call_of(connection: Connection, merchant_id: str, call_id: str) -> CallRecord | None:
    """The merchant's call; None when there is none, or it is somebody else's."""
    row = connection.execute(
        _RECORDS.join(_PROGRAMS, _PROGRAMS.c.id == _CALLS.c.program_id).where(
            _PROGRAMS.c.merchant_id == merchant_id, _CALLS.c.id == call_id
        )
    ).first()
    return None if row is None else _record(row)


def records_of_member(
    connection: Connection, member_id: str, kinds: Sequence[str]
) -> list[tuple[CallRecord, dict[str, Any]]]:
    """A member's calls of these kinds with their arguments, the oldest first."""
    rows = connection.execute(
        _RECORDS.where(_CALLS.c.member_id == member_id, _CALLS.c.kind.in_(list(kinds))).order_by(
            _CALLS.c.created_at_ms, _CALLS.c.id
        )
    )
    return [(_record(row), json.loads(row.arguments)) for row in rows]


def _record(row: Row[Any]) -> CallRecord:
    failed = row.succeeded is False
    return CallRecord(
        id=row.id,
        program_id=row.program_id,
        member_id=row.member_id,
        kind=CallKind(row.kind),
        created_at_ms=row.created_at_ms,
        state=settlement_state(row.state, parked=row.parked_reason is not None, failed=failed),
        tx_hash=None if failed else row.included_tx_hash,
        block_number=None if failed else row.included_block,
        parked_reason=row.parked_reason,
    )


def _first_open(connection: Connection, which: Any) -> str | None:
    statement = (
        select(_CALLS.c.id)
        .outerjoin(_TXS, _TXS.c.id == _CALLS.c.settlement_tx_id)
        .where(
            which,
            _CALLS.c.parked_reason.is_(None),
            or_(_TXS.c.id.is_(None), _TXS.c.state.not_in(_DONE), _TXS.c.succeeded.is_(False)),
        )
        .order_by(_CALLS.c.id)
        .limit(1)
    )
    found: str | None = connection.execute(statement).scalar()
    return found


def _rebind(connection: Connection, slot_id: str, direction: str) -> None:
    rows = connection.execute(
        select(_CALLS.c.member_id, _CALLS.c.arguments).where(
            _CALLS.c.settlement_tx_id == slot_id, _CALLS.c.kind == str(CallKind.REBIND)
        )
    )
    for member_id, arguments in rows.all():
        connection.execute(
            update(_MEMBERS)
            .where(_MEMBERS.c.id == member_id)
            .values(address=json.loads(arguments)[direction])
        )
