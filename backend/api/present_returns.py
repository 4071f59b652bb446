"""Turns what services return about returns and refunds into the API's answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal, cast

from backend.api import return_models
from backend.api.fields import to_rfc3339
from backend.api.present import balance_summary, settlement_summary, to_json
from backend.core.returned_parts import Figures
from backend.core.returns import ClawBack
from backend.ledger.returns import ReturnRecord
from backend.services.read_return import ReturnsRead
from backend.services.refund_redemption import RedemptionRefunded
from backend.services.restore_points import Restored
from backend.services.return_receipt import ReturnWaits
from backend.services.take_back import PurchaseReturned


def purchase_return(result: PurchaseReturned) -> bytes:
    clawed = result.clawed
    return to_json(
        return_models.ReturnOut(
            id=result.return_id,
            purchase_id=result.purchase_id,
            program_id=result.program_id,
            member_id=result.member.id,
            operation_ids=list(result.operation_ids),
            points=return_models.ReturnedPoints(
                taken_back=clawed.taken_points,
                unrecovered=clawed.debt_points + clawed.forgiven_points,
            ),
            balance=balance_summary(result.member),
            settlement=settlement_summary(result.operation_ids),
            amount=_amount(result.went_back),
            clawed_back=_clawed(clawed),
            points_part=_points_part(result.restored),
            remaining=_remaining(result.remaining),
            grants=[return_models.ClaimedGrantOut(**asdict(grant)) for grant in result.grants],
        )
    )


def return_waits(result: ReturnWaits) -> bytes:
    return to_json(
        return_models.ReturnWaitsOut(
            id=result.return_id,
            program_id=result.program_id,
            receipt_id=result.receipt_id,
            received_at=to_rfc3339(result.received_at_ms),
        )
    )


def return_record(record: ReturnRecord) -> return_models.ReturnRecordOut:
    went_back, clawed = record.went_back, record.clawed
    points_part = None
    if went_back is not None:
        restored_points = went_back.restored_points - record.expired_points
        points_part = return_models.RestoredPoints(
            restored=restored_points, expired=record.expired_points
        )
    return return_models.ReturnRecordOut(
        id=record.id,
        program_id=record.program_id,
        status=cast('Literal["waiting", "applied", "refused"]', record.status),
        refusal=record.refusal,
        receipt_id=record.receipt_id,
        purchase_id=record.purchase_id,
        received_at=to_rfc3339(record.received_at_ms),
        amount=None if went_back is None else _amount(went_back),
        clawed_back=None if clawed is None else _clawed(clawed),
        points_part=points_part,
    )


def purchase_returns(read: ReturnsRead) -> return_models.PurchaseReturnsOut:
    return return_models.PurchaseReturnsOut(
        data=[return_record(record) for record in read.records],
        remaining=_remaining(read.remaining),
    )


def refund(result: RedemptionRefunded) -> bytes:
    restored = result.restored
    return to_json(
        return_models.RefundOut(
            redemption_id=result.redemption_id,
            program_id=result.program_id,
            member_id=result.member.id,
            points=_points_part(restored),
            operation_ids=list(restored.operation_ids),
            balance=balance_summary(result.member),
            settlement=settlement_summary(restored.operation_ids),
            remaining=result.remaining_points,
        )
    )


def _amount(went_back: Figures) -> return_models.ReturnedAmount:
    return return_models.ReturnedAmount(
        value_minor=went_back.value_minor,
        cash_minor=went_back.cash_minor,
        gift_card_minor=went_back.gift_card_minor,
        points_minor=went_back.points_minor,
    )


def _clawed(clawed: ClawBack) -> return_models.ClawedBack:
    return return_models.ClawedBack(
        credited=clawed.points,
        cancelled=clawed.cancelled_points,
        taken_back=clawed.taken_points,
        debt=clawed.debt_points,
        forgiven=clawed.forgiven_points,
    )


def _points_part(restored: Restored) -> return_models.RestoredPoints:
    return return_models.RestoredPoints(restored=restored.points, expired=restored.expired_points)


def _remaining(left: Figures) -> return_models.RemainingOut:
    return return_models.RemainingOut(amount_minor=left.value_minor, points=left.points)
