"""What others brought on chain: relayed before us, or a redemption asked for at no till.

The chain wins. A call that waits is carried by the transaction that did it; what no call stands for
is posted as a redemption of its own. Both are done once the block is final. Nothing here commits.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from backend.core.calls import CallKind
from backend.core.lifecycle import RedemptionState
from backend.core.operations import Kind
from backend.core.webhooks import EventType
from backend.ledger.call_tables import ChainCall, RedemptionsNoted
from backend.ledger.calls import assign_calls, call_row, insert_call
from backend.ledger.calls_in_flight import key_of
from backend.ledger.columns import table_of
from backend.ledger.journal_rows import locked_totals
from backend.ledger.posting import NewEntry, NewId, post, post_lapse
from backend.ledger.rebase import Rebased, calendar_of, rebase, rebased
from backend.ledger.settlement_tables import Batch, SettlementTx
from backend.ledger.settlements import Purpose, TxState
from backend.ledger.signatures_seen import Key, Seen, SeenRedemption
from backend.ledger.tables import Member, Redemption
from backend.ledger.webhook_events import tell_settled

_CALLS, _TXS, _MEMBERS = table_of(ChainCall), table_of(SettlementTx), table_of(Member)
_REDEMPTIONS, _NOTED = table_of(Redemption), table_of(RedemptionsNoted)
_BATCHES = table_of(Batch)
_ONLY_ROW = 1


@dataclass(frozen=True, slots=True)
class KnownCall:
    """The call behind a redemption; `settlement_tx_id` None while it waits. It `is_on_chain` where
    the settler saw it there, by transaction `tx_hash` in block `included_block`."""

    id: str
    settlement_tx_id: str | None
    is_on_chain: bool
    is_final: bool
    included_block: int | None
    tx_hash: str | None


def noted_until(connection: Connection) -> int:
    """The block up to which every redemption on chain is in the books; −1 for none."""
    found: int | None = connection.execute(select(_NOTED.c.block_number)).scalar()
    return -1 if found is None else found


def note_until(connection: Connection, block_number: int) -> None:
    """Moves that on, and never back."""
    behind = _NOTED.c.block_number < block_number
    connection.execute(update(_NOTED).where(behind).values(block_number=block_number))
    if connection.execute(select(_NOTED.c.id)).first() is None:
        connection.execute(insert(_NOTED), {"id": _ONLY_ROW, "block_number": block_number})


def member_at(connection: Connection, program_id: str, address: str) -> str | None:
    """The member who has this address, had it, or is about to get it."""
    found: str | None = connection.execute(
        select(_MEMBERS.c.id).where(
            _MEMBERS.c.program_id == program_id, _MEMBERS.c.address == address
        )
    ).scalar()
    if found is not None:
        return found
    rows = connection.execute(
        select(_CALLS.c.member_id, _CALLS.c.arguments).where(
            _CALLS.c.program_id == program_id, _CALLS.c.kind == str(CallKind.REBIND)
        )
    )
    for member_id, arguments in rows:
        said = json.loads(arguments)
        if address in (said["from"], said["to"]):
            return str(member_id)
    return None


def matched(
    connection: Connection,
    program_id: str,
    seen: Sequence[SeenRedemption],
    *,
    final: bool = False,
) -> list[tuple[SeenRedemption, str | None, KnownCall | None]]:
    """Each redemption of a program with its member and the call that stands for it, if there are
    any. A member may sign for the same twice: one call stands for one redemption.

    What another transaction did is another redemption: that of `final` ones, and of final calls.
    Before, mirror and ledger may each have it of another fork.
    """
    if not seen:
        return []
    members = {
        address: member_at(connection, program_id, address)
        for address in {one.address for one in seen}
    }
    calls = _calls_by_key(connection, {m for m in members.values() if m is not None})
    found = []
    for one in seen:
        alike = [
            call
            for call in calls.get(one.key, ())
            if call.tx_hash in (None, one.tx_hash) or not (final or call.is_final)
        ]
        alike.sort(key=lambda call: call.tx_hash != one.tx_hash)
        if alike:
            calls[one.key].remove(alike[0])
        found.append((one, members[one.address], alike[0] if alike else None))
    return found


def _calls_by_key(connection: Connection, member_ids: set[str]) -> dict[Key, list[KnownCall]]:
    rows = connection.execute(
        select(
            _CALLS.c.id,
            _CALLS.c.arguments,
            _CALLS.c.settlement_tx_id,
            _TXS.c.state,
            _TXS.c.succeeded,
            _TXS.c.included_block,
            _TXS.c.included_tx_hash,
        )
        .outerjoin(_TXS, _TXS.c.id == _CALLS.c.settlement_tx_id)
        .where(
            _CALLS.c.member_id.in_(sorted(member_ids)),
            _CALLS.c.kind == str(CallKind.REDEEM),
            _CALLS.c.parked_reason.is_(None),
        )
        .order_by(_CALLS.c.id)
    )
    found: dict[Key, list[KnownCall]] = defaultdict(list)
    for row in rows:
        done = row.state in (str(TxState.INCLUDED), str(TxState.FINAL)) and row.succeeded is True
        call = KnownCall(
            id=row.id,
            settlement_tx_id=row.settlement_tx_id,
            is_on_chain=done,
            is_final=done and row.state == str(TxState.FINAL),
            included_block=row.included_block if done else None,
            tx_hash=row.included_tx_hash if done else None,
        )
        found[key_of(row.arguments)].append(call)
    return found


def carry(
    connection: Connection, program_id: str, call_id: str, seen: Seen,
    now_ms: int, new_id: NewId,
) -> None:  # fmt: skip
    """A waiting call was done by somebody else's transaction, which is final. Raises
    SealConflictError where it does not wait any more."""
    locked_totals(connection, program_id)
    slot_id = _slot(connection, program_id, seen, new_id)
    assign_calls(connection, [call_id], slot_id)
    if calendar_of(connection, program_id).expires:
        # What was accepted before it may find less now than it was to take.
        of_call = select(_CALLS.c.member_id).where(_CALLS.c.id == call_id)
        member_id = connection.execute(of_call).scalar_one()
        rebase(connection, program_id, [member_id], now_ms, new_id)
    tell_settled(connection, slot_id, EventType.OPERATION_FINAL, now_ms, new_id)


def post_burn(
    connection: Connection, program_id: str, member_id: str, seen: SeenRedemption,
    now_ms: int, new_id: NewId,
) -> bool:  # fmt: skip
    """Takes a redemption into the books that no till asked for; False, with nothing written, while
    the member's points there are promised otherwise."""
    with connection.begin_nested() as trial:
        _redeemed(connection, program_id, member_id, seen, now_ms, new_id)
        plan = _plan(connection, program_id, member_id, now_ms)
        trial.rollback()
    held = select(func.coalesce(func.sum(_REDEMPTIONS.c.points), 0)).where(
        _REDEMPTIONS.c.member_id == member_id,
        _REDEMPTIONS.c.state == RedemptionState.HELD.value,
        _REDEMPTIONS.c.expires_at_ms > now_ms,
    )
    promised_points = connection.execute(held).scalar_one() - plan.covered_points
    if plan.projection.overdrawn_points or plan.projection.word.balance < promised_points:
        return False
    if plan.lapsing_points < 0:
        # First, so that the member's account is never below zero.
        post_lapse(connection, program_id, member_id, plan.lapsing_points, now_ms, new_id)
    slot_id = _redeemed(connection, program_id, member_id, seen, now_ms, new_id)
    rebase(connection, program_id, [member_id], now_ms, new_id)
    tell_settled(connection, slot_id, EventType.OPERATION_FINAL, now_ms, new_id)
    return True


def _plan(connection: Connection, program_id: str, member_id: str, now_ms: int) -> Rebased:
    calendar = calendar_of(connection, program_id)
    return rebased(connection, calendar, [member_id], now_ms)[member_id]


def _redeemed(
    connection: Connection, program_id: str, member_id: str, seen: SeenRedemption,
    now_ms: int, new_id: NewId,
) -> str:  # fmt: skip
    """A redemption that is done, its entry, and the call that stands for it; its slot's id."""
    slot_id = _slot(connection, program_id, seen, new_id)
    redemption_id, operation_id = new_id("red"), new_id("op")
    at_ms = seen.at_s * 1000
    row = {
        "id": redemption_id,
        "program_id": program_id,
        "member_id": member_id,
        "points": seen.points,
        "state": RedemptionState.CAPTURED.value,
        "created_at_ms": at_ms,
        "expires_at_ms": at_ms,
        "closed_at_ms": at_ms,
        "operation_id": operation_id,
    }
    connection.execute(insert(_REDEMPTIONS), row)
    entry_no = post(
        connection,
        NewEntry(
            program_id=program_id,
            operation_id=operation_id,
            kind=Kind.REDEEM,
            member_id=member_id,
            points=seen.points,
            source_id=redemption_id,
            details={
                "redeemed_on_chain": {
                    "redemption_ref": seen.redemption_ref,
                    "tx_hash": seen.tx_hash,
                }
            },
            recorded_at_ms=at_ms,
        ),
    )
    arguments = {
        "member": seen.address,
        "points": seen.points,
        "redemption_ref": seen.redemption_ref,
        "deadline_s": 0,
        "signature": "0x",
    }
    call = call_row(
        new_id("cal"), program_id, CallKind.REDEEM, arguments, now_ms,
        member_id=member_id, entry_no=entry_no,
    )  # fmt: skip
    insert_call(connection, call | {"settlement_tx_id": slot_id})
    return slot_id


def _beside_batch(connection: Connection, program_id: str, seen: Seen) -> int:
    """When we would have sealed it for its place in its block, which may have a batch of ours."""
    sealed_at_ms: int | None = connection.execute(
        select(_TXS.c.sealed_at_ms)
        .join(_BATCHES, _BATCHES.c.settlement_tx_id == _TXS.c.id)
        .where(
            _BATCHES.c.program_id == program_id,
            _BATCHES.c.voided_at_ms.is_(None),
            _TXS.c.included_block == seen.block_number,
        )
    ).scalar()
    if sealed_at_ms is None:
        return seen.at_s * 1000
    return sealed_at_ms + (1 if seen.behind_batch else -1)


def _slot(connection: Connection, program_id: str, seen: Seen, new_id: NewId) -> str:
    """The slot of somebody else's transaction, which is on no lane of ours; its id."""
    lane = f"others:{seen.tx_hash}"
    of_lane = and_(_TXS.c.lane == lane, _TXS.c.program_id == program_id)
    there: str | None = connection.execute(select(_TXS.c.id).where(of_lane)).scalar()
    if there is not None:
        return there
    taken = connection.execute(select(func.count()).where(_TXS.c.lane == lane)).scalar_one()
    row: dict[str, Any] = {
        "id": new_id("stx"),
        "lane": lane,
        "nonce": taken,
        "purpose": str(Purpose.RELAYED),
        "program_id": program_id,
        "to_address": seen.program,
        "calldata": b"",
        "gas_limit": 0,
        "state": str(TxState.FINAL),
        "sealed_at_ms": _beside_batch(connection, program_id, seen),
        "included_block": seen.block_number,
        "included_block_hash": seen.block_hash,
        "included_tx_hash": seen.tx_hash,
        "included_at_s": seen.at_s,
        "succeeded": True,
    }
    connection.execute(insert(_TXS), row)
    return str(row["id"])
