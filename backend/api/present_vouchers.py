"""Turns vouchers and their uses into the API's answers."""

from __future__ import annotations

import json
from typing import Any

from backend.api.fields import to_rfc3339
from backend.api.present import to_json
from backend.api.voucher_schemas import VoucherOut, VoucherSummary, VoucherUseOut
from backend.core.voucher_codes import barcode_payload, qr_payload, shown
from backend.core.vouchers import UseState, use_state
from backend.ledger.spending_loads import VoucherRecord
from backend.services.check_voucher import VoucherRead, reason_of
from backend.services.issue_voucher import VoucherIssued
from backend.services.reserve_voucher import UseChanged


def voucher(record: VoucherRecord, code: str | None, now_ms: int) -> VoucherOut:
    """The voucher with its code, if the answer may have it."""
    return VoucherOut(
        **_summary(record, now_ms),
        code=shown(code) if code else None,
        qr=qr_payload(code) if code else None,
        barcode=barcode_payload(code) if code else None,
    )


def voucher_read(read: VoucherRead, now_ms: int) -> VoucherOut:
    return voucher(read.voucher, read.code, now_ms)


def issued(result: VoucherIssued) -> bytes:
    return to_json(voucher(result.voucher, result.code, result.now_ms))


def voided(record: VoucherRecord) -> bytes:
    return to_json(VoucherSummary(**_summary(record, record.valid_from_ms)))


def use(result: UseChanged) -> bytes:
    row = result.use
    state = use_state(UseState(row["state"]), row["expires_at_ms"], result.now_ms)
    return to_json(
        VoucherUseOut(
            id=row["id"],
            voucher_id=row["voucher_id"],
            program_id=row["program_id"],
            status=state.value,
            units=row["units"],
            redeemed_units=row["redeemed_units"],
            reversed_units=row["reversed_units"],
            reference=row["reference"],
            created_at=to_rfc3339(row["created_at_ms"]),
            expires_at=to_rfc3339(row["expires_at_ms"]),
            voucher=VoucherSummary(**_summary(result.voucher, result.now_ms)),
        )
    )


def _summary(record: VoucherRecord, now_ms: int) -> dict[str, Any]:
    allowance, reason = record.allowance, reason_of(record, now_ms)
    ends_ms = record.expires_at_ms
    return {
        "id": record.id,
        "program_id": record.program_id,
        "member_id": record.member_id,
        "claim_id": record.claim_id,
        "kind": record.kind,
        "currency": record.currency,
        "usable": reason is None,
        "reason": reason,
        "benefit": json.loads(record.benefit),
        "capacity_units": allowance.capacity_units,
        "spent_units": allowance.spent_units,
        "reserved_units": allowance.reserved_units,
        "free_units": allowance.free_units,
        "valid_from": to_rfc3339(record.valid_from_ms),
        "expires_at": to_rfc3339(ends_ms) if ends_ms is not None else None,
        "created_at": to_rfc3339(record.created_at_ms),
    }
