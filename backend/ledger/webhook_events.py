"""Events made of what a transaction writes, in that transaction.

They are read off the rows that are staged, so that no service can change something and forget to
tell it. Programs whose merchants have no webhook never come here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from backend.core.claims import ClaimState
from backend.core.lifecycle import RedemptionState
from backend.core.webhooks import EventType
from backend.ledger.bulk import insert_rows
from backend.ledger.call_tables import ChainCall
from backend.ledger.columns import table_of
from backend.ledger.loading import Loaded
from backend.ledger.return_tables import PurchaseReturn
from backend.ledger.reward_tables import RewardClaim
from backend.ledger.settlement_tables import Batch, SettlementTx
from backend.ledger.staged import Staged
from backend.ledger.tables import (
    JournalEntry,
    Member,
    OutboxEntry,
    Program,
    ProgramTotals,
    Purchase,
    Redemption,
)
from backend.ledger.tier_tables import TierChanged
from backend.ledger.webhook_tables import WebhookEvent

Row = Mapping[str, Any]
Told = tuple[EventType, Row]
NewId = Callable[[str], str]

_EVENTS: Final = table_of(WebhookEvent)
_MEMBERS, _PURCHASES, _RETURNS = table_of(Member), table_of(Purchase), table_of(PurchaseReturn)
_REDEMPTIONS, _CLAIMS, _TIERS = table_of(Redemption), table_of(RewardClaim), table_of(TierChanged)
_PROGRAMS, _TOTALS = table_of(Program), table_of(ProgramTotals)
_JOURNAL, _OUTBOX, _BATCHES = table_of(JournalEntry), table_of(OutboxEntry), table_of(Batch)
_CALLS, _TXS = table_of(ChainCall), table_of(SettlementTx)

_OF_MEMBER: Final = ("member_id",)
_OF_PURCHASE: Final = (
    "member_id", "receipt_id", "store_id", "currency", "amount_minor", "points", "pending_points",
    "operation_id",
)  # fmt: skip
_OF_RETURN: Final = (
    "purchase_id", "member_id", "value_minor", "whole", "points", "cancelled_points",
    "restored_points", "operation_id",
)  # fmt: skip
_OF_REDEMPTION: Final = ("member_id", "points", "operation_id")
_OF_CLAIM: Final = ("member_id", "reward_id", "step_id", "redemption_id", "voucher_id")
_OF_TIER: Final = ("member_id", "tier_before", "tier_after", "reason", "happened_on")

_TOLD_OF_REDEMPTION: Final = {
    RedemptionState.HELD.value: EventType.REDEMPTION_HELD,
    RedemptionState.CAPTURED.value: EventType.REDEMPTION_CAPTURED,
    RedemptionState.CANCELLED.value: EventType.REDEMPTION_CANCELLED,
}
_TOLD_OF_CLAIM: Final = {
    ClaimState.GRANTED.value: EventType.REWARD_CLAIMED,
    ClaimState.FULFILLED.value: EventType.REWARD_FULFILLED,
    ClaimState.CANCELLED.value: EventType.REWARD_CANCELLED,
}


def stage_events(staged: Staged, state: Loaded, now_ms: int, new_id: NewId, first: int) -> int:
    """Adds the events of what is staged; how many. `first` is how many the group had before."""
    rows: list[dict[str, Any]] = []
    for event_type, row, data in _told(staged, state):
        program = state.programs.get(row["program_id"])
        if program is not None and program.tells:
            place = first + len(rows)
            rows.append(event_row(program.merchant_id, program.id, event_type, data, now_ms,
                                  new_id, place))  # fmt: skip
    if rows:
        staged.inserts.setdefault(_EVENTS, []).extend(rows)
    return len(rows)


def event_row(
    merchant_id: str,
    program_id: str | None,
    event_type: EventType,
    data: Row,
    now_ms: int,
    new_id: NewId,
    place: int = 0,
) -> dict[str, Any]:
    """An event's row; `place` is where it stands among those of its transaction."""
    return {
        "id": new_id("evt"),
        "merchant_id": merchant_id,
        "program_id": program_id,
        "type": event_type.value,
        "at_ms": now_ms,
        "order_no": now_ms << 20 | place,
        "data": msgspec.json.encode({"program_id": program_id, **data}).decode(),
        "dispatched": False,
    }


def tell_redemption(
    connection: Connection, row: Row, event_type: EventType, now_ms: int, new_id: NewId
) -> None:
    """An event about a redemption's row, changed outside a unit of work, if anybody listens."""
    data = _data(row, "redemption_id", _OF_REDEMPTION)
    _tell(connection, row["program_id"], event_type, data, now_ms, new_id)


def tell_claim(
    connection: Connection, row: Row, event_type: EventType, now_ms: int, new_id: NewId
) -> None:
    """The same of a claim's row."""
    data = _data(row, "claim_id", _OF_CLAIM)
    _tell(connection, row["program_id"], event_type, data, now_ms, new_id)


def _tell(
    connection: Connection, program_id: str, event_type: EventType, data: Row, now_ms: int,
    new_id: NewId,
) -> None:  # fmt: skip
    merchant_id = connection.execute(
        select(_PROGRAMS.c.merchant_id)
        .join(_TOTALS, _TOTALS.c.program_id == _PROGRAMS.c.id)
        .where(_PROGRAMS.c.id == program_id, _TOTALS.c.tells)
    ).scalar()
    if merchant_id is not None:
        tell_all(connection, merchant_id, program_id, event_type, [data], now_ms, new_id)


def _told(staged: Staged, state: Loaded) -> Iterator[tuple[EventType, Row, Row]]:
    inserts = staged.inserts
    for row in inserts.get(_MEMBERS, ()):
        yield EventType.MEMBER_ENROLLED, row, {"member_id": row["id"]}
    for row in inserts.get(_PURCHASES, ()):
        yield EventType.PURCHASE_ACCEPTED, row, _data(row, "purchase_id", _OF_PURCHASE)
    for changed in _updated(staged, _PURCHASES):
        whole = state.purchases[changed["id"]]
        yield EventType.PURCHASE_CLAIMED, whole, _data(whole, "purchase_id", _OF_PURCHASE)
    for row in inserts.get(_RETURNS, ()):
        yield EventType.PURCHASE_RETURNED, row, _data(row, "return_id", _OF_RETURN)
    closed = [state.redemptions[row["id"]] for row in staged.redemption_updates]
    for each in (*inserts.get(_REDEMPTIONS, ()), *closed):
        if told := _TOLD_OF_REDEMPTION.get(each["state"]):
            yield told, each, _data(each, "redemption_id", _OF_REDEMPTION)
    claims = [state.spending.claims[row["id"]] for row in _updated(staged, _CLAIMS)]
    for each in (*inserts.get(_CLAIMS, ()), *claims):
        if told := _TOLD_OF_CLAIM.get(each["state"]):
            yield told, each, _data(each, "claim_id", _OF_CLAIM)
    for row in inserts.get(_TIERS, ()):
        yield EventType.TIER_CHANGED, row, _data(row, "", _OF_TIER)


def _updated(staged: Staged, table: Any) -> Iterator[Row]:
    for (changed, _), rows in staged.updates.items():
        if changed is table:
            yield from rows.values()


def _data(row: Row, own_id: str, names: Sequence[str]) -> dict[str, Any]:
    data = {name: row.get(name) for name in names}
    return {own_id: row["id"], **data} if own_id else data


def tell_settled(
    connection: Connection, slot_id: str, event_type: EventType, now_ms: int, new_id: NewId
) -> int:
    """Events for the operations that a settlement transaction carried; how many. One look-up by
    index where no merchant of the transaction has a webhook."""
    listening = connection.execute(
        select(_PROGRAMS.c.id, _PROGRAMS.c.merchant_id)
        .join(_TOTALS, _TOTALS.c.program_id == _PROGRAMS.c.id)
        .where(
            _TOTALS.c.tells,
            _PROGRAMS.c.id.in_(
                select(_BATCHES.c.program_id)
                .where(_BATCHES.c.settlement_tx_id == slot_id)
                .union(select(_CALLS.c.program_id).where(_CALLS.c.settlement_tx_id == slot_id))
            ),
        )
    ).all()
    if not listening:
        return 0
    merchants = {row.id: row.merchant_id for row in listening}
    block = connection.execute(
        select(_TXS.c.included_block, _TXS.c.included_tx_hash).where(_TXS.c.id == slot_id)
    ).one()
    rows: list[dict[str, Any]] = []
    for entry in _entries(connection, slot_id, list(merchants)):
        data = {
            "operation_id": entry.operation_id,
            "member_id": entry.member_id,
            "source_id": entry.source_id,
            "points": entry.points,
            "block_number": block.included_block,
            "tx_hash": block.included_tx_hash,
        }
        merchant_id = merchants[entry.program_id]
        rows.append(
            event_row(merchant_id, entry.program_id, event_type, data, now_ms, new_id, len(rows))
        )
    insert_rows(connection, _EVENTS, rows)
    return len(rows)


def _entries(connection: Connection, slot_id: str, program_ids: Sequence[str]) -> Sequence[Any]:
    columns = (
        _JOURNAL.c.operation_id, _JOURNAL.c.member_id, _JOURNAL.c.source_id, _JOURNAL.c.points,
        _JOURNAL.c.program_id, _JOURNAL.c.entry_no,
    )  # fmt: skip
    by_batch = (
        select(*columns)
        .join_from(_BATCHES, _OUTBOX, _OUTBOX.c.batch_id == _BATCHES.c.id)
        .join(
            _JOURNAL,
            (_JOURNAL.c.program_id == _OUTBOX.c.program_id)
            & (_JOURNAL.c.entry_no == _OUTBOX.c.entry_no),
        )
        .where(
            _BATCHES.c.settlement_tx_id == slot_id,
            _BATCHES.c.voided_at_ms.is_(None),
            _BATCHES.c.program_id.in_(program_ids),
        )
    )
    by_call = (
        select(*columns)
        .join_from(
            _CALLS,
            _JOURNAL,
            (_JOURNAL.c.program_id == _CALLS.c.program_id)
            & (_JOURNAL.c.entry_no == _CALLS.c.entry_no),
        )
        .where(_CALLS.c.settlement_tx_id == slot_id, _CALLS.c.program_id.in_(program_ids))
    )
    found = [*connection.execute(by_batch), *connection.execute(by_call)]
    return sorted(found, key=lambda row: (row.program_id, row.entry_no))


def tell_all(
    connection: Connection,
    merchant_id: str,
    program_id: str,
    event_type: EventType,
    told: Sequence[Row],
    now_ms: int,
    new_id: NewId,
) -> None:
    """Events of one kind, for a merchant who listens."""
    rows = [
        event_row(merchant_id, program_id, event_type, data, now_ms, new_id, place)
        for place, data in enumerate(told)
    ]
    insert_rows(connection, _EVENTS, rows)


def tell_limit_near(
    connection: Connection, program_id: str, data: Row, now_ms: int, new_id: NewId
) -> None:
    """The event of a limit that is nearly used up, where anybody listens."""
    _tell(connection, program_id, EventType.LIMIT_NEAR, data, now_ms, new_id)
