"""Reads of journaled operations."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, bindparam, exists, func, or_, select

from backend.core.lifecycle import SettlementState
from backend.core.operations import Kind
from backend.ledger.call_tables import ChainCall
from backend.ledger.columns import table_of
from backend.ledger.life_tables import OperationOrigin
from backend.ledger.on_its_way import on_its_way
from backend.ledger.operation_status import settlement_state
from backend.ledger.settlement_tables import Batch, SettlementTx
from backend.ledger.tables import JournalEntry, OutboxEntry, Program

_JOURNAL, _OUTBOX, _BATCHES = table_of(JournalEntry), table_of(OutboxEntry), table_of(Batch)
_CALLS, _ORIGINS = table_of(ChainCall), table_of(OperationOrigin)
_TXS, _PROGRAMS = table_of(SettlementTx), table_of(Program)

_SELECT = on_its_way(
    select(
        _JOURNAL.c.operation_id,
        _JOURNAL.c.program_id,
        _JOURNAL.c.member_id,
        _JOURNAL.c.kind,
        _JOURNAL.c.points,
        _JOURNAL.c.source_id,
        _JOURNAL.c.details,
        _JOURNAL.c.recorded_at_ms,
        func.coalesce(_OUTBOX.c.entry_no, _CALLS.c.entry_no).label("outbox_entry"),
        func.coalesce(_OUTBOX.c.parked_reason, _CALLS.c.parked_reason).label("parked_reason"),
        _TXS.c.state,
        _TXS.c.succeeded,
        _TXS.c.included_tx_hash,
        _TXS.c.included_block,
    )
)
# Of a coalition, its owner sees all, and a partner what came from its own tills.
_SEEN = or_(
    _PROGRAMS.c.merchant_id == bindparam("merchant"),
    exists().where(
        _ORIGINS.c.operation_id == _JOURNAL.c.operation_id,
        _ORIGINS.c.merchant_id == bindparam("merchant"),
    ),
)
_VISIBLE = _SELECT.join(_PROGRAMS, _PROGRAMS.c.id == _JOURNAL.c.program_id).where(_SEEN)
_ONE = _VISIBLE.where(_JOURNAL.c.operation_id == bindparam("operation"))
_OF_MEMBER = (
    _VISIBLE.where(_JOURNAL.c.member_id == bindparam("member"))
    .order_by(_JOURNAL.c.entry_no.desc())
    .limit(bindparam("row_limit"))
)
_OF_MEMBER_AFTER = _OF_MEMBER.where(_JOURNAL.c.entry_no < bindparam("before"))
_OF_MEMBER_BETWEEN = (
    _VISIBLE.where(
        _JOURNAL.c.member_id == bindparam("member"),
        _JOURNAL.c.recorded_at_ms >= bindparam("from_ms"),
        _JOURNAL.c.recorded_at_ms < bindparam("to_ms"),
    )
    .order_by(_JOURNAL.c.entry_no)
    .limit(bindparam("row_limit"))
)
_ENTRY_NO = select(_JOURNAL.c.entry_no).where(
    _JOURNAL.c.operation_id == bindparam("operation"), _JOURNAL.c.member_id == bindparam("member")
)


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """A journal entry with how far it got; `details` is the canonical JSON behind its receipt.
    Transaction and block are those that carried it, None until one did."""

    operation_id: str
    program_id: str
    member_id: str
    kind: Kind
    points: int
    source_id: str
    details: str
    recorded_at_ms: int
    state: SettlementState
    tx_hash: str | None = None
    block_number: int | None = None

    @property
    def signed_points(self) -> int:
        """Points with the sign of their effect on the member's balance."""
        return self.points if self.kind.is_credit else -self.points


def operation_of(
    connection: Connection, merchant_id: str, operation_id: str
) -> OperationRecord | None:
    """The operation, in the merchant's program or from its tills; None when there is none, or it
    is somebody else's."""
    bound = {"merchant": merchant_id, "operation": operation_id}
    row = connection.execute(_ONE, bound).first()
    return _record(row) if row else None


def operations_of_member(
    connection: Connection,
    merchant_id: str,
    member_id: str,
    limit: int,
    after_operation_id: str | None,
) -> list[OperationRecord] | None:
    """Up to `limit` operations that the merchant may see, newest first, older than the one given.

    None when that one is not the member's.
    """
    bound: dict[str, str | int] = {
        "merchant": merchant_id, "member": member_id, "row_limit": limit,
    }  # fmt: skip
    statement: Select[*tuple[object, ...]] = _OF_MEMBER
    if after_operation_id is not None:
        place = {"operation": after_operation_id, "member": member_id}
        entry_no = connection.execute(_ENTRY_NO, place).scalar()
        if entry_no is None:
            return None
        statement = _OF_MEMBER_AFTER
        bound["before"] = entry_no
    return [_record(row) for row in connection.execute(statement, bound)]


def operations_between(
    connection: Connection, merchant_id: str, member_id: str, span: tuple[int, int], limit: int
) -> list[OperationRecord]:
    """The first `limit` operations of a span of time (ms, its end not included), oldest first."""
    bound = {"merchant": merchant_id, "member": member_id, "row_limit": limit}
    times = {"from_ms": span[0], "to_ms": span[1]}
    return [_record(row) for row in connection.execute(_OF_MEMBER_BETWEEN, bound | times)]


def _record(row: Row[*tuple[object, ...]]) -> OperationRecord:
    fields = row._mapping
    failed = fields["succeeded"] is False
    return OperationRecord(
        operation_id=fields["operation_id"],
        program_id=fields["program_id"],
        member_id=fields["member_id"],
        kind=Kind(fields["kind"]),
        points=fields["points"],
        source_id=fields["source_id"],
        details=fields["details"],
        recorded_at_ms=fields["recorded_at_ms"],
        state=settlement_state(
            fields["state"],
            parked=fields["parked_reason"] is not None,
            failed=failed,
            has_word=fields["outbox_entry"] is not None,
        ),
        tx_hash=None if failed else fields["included_tx_hash"],
        block_number=None if failed else fields["included_block"],
    )


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    """Operations accepted and in no batch yet, and operations the chain refused."""

    waiting_count: int
    parked_count: int


def outbox_depth(connection: Connection) -> OutboxDepth:
    """How much of all programs is not on its way to the chain."""
    unsealed = select(
        func.count().filter(_OUTBOX.c.parked_reason.is_(None)),
        func.count().filter(_OUTBOX.c.parked_reason.is_not(None)),
    ).where(_OUTBOX.c.batch_id.is_(None))
    waiting_count, parked_count = connection.execute(unsealed).one()
    return OutboxDepth(waiting_count, parked_count)
