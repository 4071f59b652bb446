"""Turns what services return into the API's answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from fastapi import Response
from pydantic import BaseModel

from backend.api import limit_schemas, schemas
from backend.api.fields import Strict, to_rfc3339
from backend.core.identifiers import IdentifierKind
from backend.core.membership import MembershipState
from backend.core.operations import Kind
from backend.ledger.group_commit import Answer
from backend.ledger.loading import MemberState
from backend.ledger.members import MemberRecord
from backend.ledger.operations import OperationRecord
from backend.services.enrol_member import MemberEnrolled
from backend.services.find_member import FoundMember
from backend.services.read_balance import BalanceRead, ExpiringLot
from backend.services.read_history import HistoryRead
from backend.services.read_operation import OperationRead, ProofRead
from backend.services.read_supply import SupplyRead

_KIND_NAMES: Final[dict[Kind, schemas.KindName]] = {
    Kind.ACCRUE: "accrue",
    Kind.BONUS: "bonus",
    Kind.REDEEM: "redeem",
    Kind.RETURN: "return",
    Kind.RESTORE: "restore",
    Kind.ADJUST_CREDIT: "adjust_credit",
    Kind.ADJUST_DEBIT: "adjust_debit",
    Kind.LAPSE: "lapse",
    Kind.LAPSE_UNDONE: "lapse_undone",
    Kind.REDEEM_UNDONE: "redeem_undone",
    Kind.RETURN_UNDONE: "return_undone",
}


def fingerprint(route: str, body: Strict | None = None) -> str:
    """What an idempotency key is bound to: the route and the body's one canonical form."""
    canonical = body.model_dump_json() if body is not None else ""
    return sha256(f"{route}\n{canonical}".encode()).hexdigest()


def to_json(model: BaseModel) -> bytes:
    return model.__pydantic_serializer__.to_json(model, by_alias=True)


def as_json(model: BaseModel) -> Response:
    return Response(to_json(model), media_type="application/json")


def answered(answer: Answer) -> Response:
    """A committed answer as it is stored; a replay says so in a header."""
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else None
    return Response(answer.body, answer.status_code, headers, "application/json")


def enrolled(result: MemberEnrolled) -> bytes:
    identity = {identifier.kind.value: [identifier.value] for identifier in result.identifiers}
    member = result.member
    return to_json(
        schemas.MemberOut(
            id=member.id,
            program_id=member.program_id,
            address=member.address,
            **identifiers_shown(identity),
            created_at=to_rfc3339(result.created_at_ms),
        )
    )


def member(found: FoundMember) -> schemas.MemberOut:
    record: MemberRecord = found.record
    return schemas.MemberOut(
        id=record.id,
        program_id=record.program_id,
        address=record.address,
        **identifiers_shown(found.identity),
        created_at=to_rfc3339(record.created_at_ms),
        state=MembershipState(record.state).value,
        merged_into=record.merged_into,
        erased=record.erased_at_ms is not None,
    )


def identifiers_shown(identity: Mapping[str, Any]) -> dict[str, Any]:
    """The newest of each kind, and all of them."""
    known = {kind.value: list(identity.get(kind.value, ())) for kind in IdentifierKind}
    newest = {kind: values[0] if values else None for kind, values in known.items()}
    return {**newest, "identifiers": schemas.IdentifiersOut(**known)}


def balance_summary(
    state: MemberState, more_points: int = 0, more_pending_points: int = 0
) -> schemas.BalanceSummary:
    """The member's points, with some that are to come."""
    return schemas.BalanceSummary(
        available=state.available_points + more_points,
        pending=state.pending_points + more_pending_points,
        held=state.held_points,
    )


def settlement_summary(operation_ids: tuple[str, ...]) -> schemas.SettlementSummary:
    """Whether anything is on its way to the chain."""
    return schemas.SettlementSummary(status="accepted" if operation_ids else "none")


def balance(read: BalanceRead) -> schemas.BalanceOut:
    on_chain = read.on_chain
    return schemas.BalanceOut(
        member_id=read.member_id,
        available=read.available_points,
        pending=read.pending_points,
        held=read.held_points,
        debt=read.debt_points,
        settled=on_chain.included_points,
        final=on_chain.final_points,
        as_of_block=on_chain.as_of_block,
        expiring=[expiring_lot(lot) for lot in read.expiring],
    )


def expiring_lot(lot: ExpiringLot) -> schemas.ExpiringOut:
    return schemas.ExpiringOut(
        points=lot.points,
        expires_at=to_rfc3339(lot.expires_at_ms),
        last_day=lot.last_day.isoformat(),
    )


def supply(read: SupplyRead) -> schemas.SupplyOut:
    state = read.program
    return schemas.SupplyOut(
        program_id=state.id,
        total_supply=read.total_points,
        minted=state.minted_points,
        redeemed=state.redeemed_points,
        returned=state.returned_points,
        expired=state.expired_points,
        in_flight=read.in_flight_points,
        parked=read.parked_count,
        as_of_block=read.as_of_block,
    )


def operation(read: OperationRead) -> schemas.OperationOut:
    record, status = read.record, read.status
    place = None
    if status.seq is not None and status.word_index is not None:
        place = schemas.BatchPlace(seq=status.seq, index=status.word_index)
    return schemas.OperationOut(
        id=record.operation_id,
        program_id=record.program_id,
        member_id=record.member_id,
        kind=_KIND_NAMES[record.kind],
        points=record.signed_points,
        source_id=record.source_id,
        recorded_at=to_rfc3339(record.recorded_at_ms),
        status=status.state.value,
        waiting=None
        if read.waiting is None
        else limit_schemas.WaitingOut(
            reason=read.waiting.reason.value,
            settles_on=read.waiting.settles_on.isoformat() if read.waiting.settles_on else None,
        ),
        batch=place,
        tx_hash=status.tx_hash,
        block_number=status.block_number,
        explorer_url=read.explorer_url,
        parked_reason=status.parked_reason,
    )


def proof(read: ProofRead) -> schemas.ProofOut:
    proven = read.proof
    return schemas.ProofOut(
        operation_id=read.record.operation_id,
        program_address=proven.program_address,
        seq=proven.seq,
        index=proven.index,
        leaf_count=proven.leaf_count,
        word=f"0x{proven.word:064x}",
        commitment=f"0x{proven.commitment.hex()}",
        details=read.record.details,
        leaf=f"0x{proven.leaf.hex()}",
        siblings=[f"0x{sibling.hex()}" for sibling in proven.siblings],
        receipts_root=f"0x{proven.root.hex()}",
    )


def history(read: HistoryRead) -> schemas.HistoryPage:
    return schemas.HistoryPage(
        data=[_history_entry(record) for record in read.records], has_more=read.has_more
    )


def _history_entry(record: OperationRecord) -> schemas.HistoryEntry:
    reasons = json.loads(record.details).get("reasons", [])
    return schemas.HistoryEntry(
        operation_id=record.operation_id,
        kind=_KIND_NAMES[record.kind],
        points=record.signed_points,
        source_id=record.source_id,
        recorded_at=to_rfc3339(record.recorded_at_ms),
        reasons=[schemas.ReasonOut(rule=r, points=p, text=t) for r, p, t in reasons],
        status=record.state.value,
    )
