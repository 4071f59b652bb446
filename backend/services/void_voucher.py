"""Void a voucher: it takes no use from now on. Reservations that run can still be redeemed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.spending_errors import UnknownVoucher
from backend.core.vouchers import VoucherState
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.spending_loads import VoucherRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.voucher_tables import Voucher
from backend.ledger.vouchers import VoucherPlace
from backend.ledger.wants import Wants
from backend.services.lookup import owned


@dataclass(frozen=True, slots=True)
class VoidVoucher:
    """Voiding one that is void changes nothing. Raises UnknownVoucher."""

    claim: Claim
    place: VoucherPlace
    render: Callable[[VoucherRecord], bytes]

    def wants(self) -> Wants:
        return Wants(programs={self.place.program_id}, vouchers={self.place.voucher_id})

    def decide(self, work: UnitOfWork) -> Answer:
        voucher = work.state.spending.vouchers.get(self.place.voucher_id)
        if voucher is None or not owned(work, self.claim.merchant_id, self.place.program_id):
            raise UnknownVoucher("There is no such voucher.")
        voucher.state = VoucherState.VOID.value
        work.stage_update(Voucher, voucher.changes())
        return Answer(200, self.render(voucher))
