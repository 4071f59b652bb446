"""Reserve what a basket takes of a voucher while it is being paid, or redeem it at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.core.spending_errors import UnknownVoucher
from backend.core.vouchers import UseState, VoucherKind, require_usable
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.spending_loads import VoucherRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.voucher_tables import Voucher, VoucherUse
from backend.ledger.vouchers import VoucherPlace
from backend.ledger.wants import Wants
from backend.services.check_voucher import reason_of
from backend.services.close_claim import fulfil, unfulfil

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UseChanged:
    """A use after the step, and the voucher as it is then."""

    use: Row
    voucher: VoucherRecord
    now_ms: int


def wants_of(place: VoucherPlace) -> Wants:
    """The voucher, and the claim it came from."""
    return Wants(
        programs={place.program_id},
        vouchers={place.voucher_id},
        claims={place.claim_id} if place.claim_id else set(),
    )


@dataclass(frozen=True, slots=True)
class ReserveVoucher:
    """`units` of a stored value; None is one use, or all that is free of a value.

    Raises UnknownVoucher, VoucherNotUsable or VoucherValueExceeded.
    """

    claim: Claim
    place: VoucherPlace
    units: int | None
    redeem: bool
    reference: str | None
    render: Callable[[UseChanged], bytes]

    def wants(self) -> Wants:
        return wants_of(self.place)

    def decide(self, work: UnitOfWork) -> Answer:
        voucher = voucher_at_till(work, self.claim.merchant_id, self.place)
        require_usable(reason_of(voucher, work.now_ms))
        units = self.units
        if units is None:
            whole = voucher.kind == VoucherKind.VALUE
            units = voucher.allowance.free_units if whole else 1
        voucher.allowance = voucher.allowance.reserved(units)
        ttl_ms = work.state.programs[self.place.program_id].hold_ttl_seconds * 1000
        use: Row = {
            "id": work.new_id("use"),
            "voucher_id": voucher.id,
            "program_id": voucher.program_id,
            "merchant_id": self.claim.merchant_id,
            "units": units,
            "redeemed_units": 0,
            "reversed_units": 0,
            "state": UseState.RESERVED.value,
            "reference": self.reference,
            "created_at_ms": work.now_ms,
            "expires_at_ms": work.now_ms + ttl_ms,
            "closed_at_ms": None,
        }
        work.state.spending.voucher_uses[use["id"]] = use
        if self.redeem:
            redeem(work, voucher, use, units)
        work.stage(VoucherUse, use)
        return Answer(201, self.render(UseChanged(use, voucher, work.now_ms)))


def redeem(work: UnitOfWork, voucher: VoucherRecord, use: Row, units: int) -> None:
    """Spends so many of the reserved units; the use's row is for the caller to stage."""
    voucher.allowance = voucher.allowance.redeemed(use["units"], units)
    use["state"], use["redeemed_units"] = UseState.REDEEMED.value, units
    use["closed_at_ms"] = work.now_ms
    stage_spent(work, voucher)


def stage_spent(work: UnitOfWork, voucher: VoucherRecord) -> None:
    """Stages what is left, and whether the claim behind it still has something to give."""
    work.stage_update(Voucher, voucher.changes())
    claim = work.state.spending.claims.get(voucher.claim_id or "")
    if claim is None:
        return
    if voucher.spent_units == voucher.capacity_units:
        fulfil(work, claim)
    elif claim["closed_at_ms"] is not None:
        unfulfil(work, claim)


def voucher_at_till(work: UnitOfWork, merchant_id: str, place: VoucherPlace) -> VoucherRecord:
    """A voucher of the program that the merchant's till works for; raises UnknownVoucher."""
    voucher = work.state.spending.vouchers.get(place.voucher_id)
    program = work.state.programs.get(place.program_id)
    takes = program is not None and merchant_id in (program.merchant_id, *program.partners)
    if voucher is None or not takes:
        raise UnknownVoucher("There is no such voucher.")
    return voucher
