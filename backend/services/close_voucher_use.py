"""Close a use of a voucher: redeem what was reserved, release it, or reverse a redemption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from backend.core.spending_errors import UnknownVoucherUse
from backend.core.vouchers import UseState, require_use, use_state
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.spending_loads import VoucherRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.voucher_tables import VoucherUse
from backend.ledger.vouchers import VoucherPlace
from backend.ledger.wants import Wants
from backend.services.lookup import at_own_till
from backend.services.reserve_voucher import UseChanged, redeem, stage_spent, wants_of

Row = dict[str, Any]


class Step(StrEnum):
    """What can be done with a use."""

    REDEEM = "redeem"
    RELEASE = "release"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class CloseVoucherUse:
    """`units` of the use, None for all of it; a release is always of all.

    Raises UnknownVoucherUse, VoucherUseClosed or VoucherValueExceeded. A reservation is redeemed
    although its voucher expired meanwhile: it was in time.
    """

    claim: Claim
    place: VoucherPlace
    use_id: str
    step: Step
    units: int | None
    render: Callable[[UseChanged], bytes]

    def wants(self) -> Wants:
        own = Wants(voucher_uses={self.use_id})
        return Wants.united([own, wants_of(self.place)])

    def decide(self, work: UnitOfWork) -> Answer:
        use = work.state.spending.voucher_uses.get(self.use_id)
        if use is None or not at_own_till(work, self.claim.merchant_id, use):
            raise UnknownVoucherUse("There is no such use of a voucher.")
        voucher = work.state.spending.vouchers[use["voucher_id"]]
        wanted = UseState.REDEEMED if self.step is Step.REVERSE else UseState.RESERVED
        require_use(use_state(UseState(use["state"]), use["expires_at_ms"], work.now_ms), wanted)
        if self.step is Step.REDEEM:
            redeem(work, voucher, use, use["units"] if self.units is None else self.units)
        elif self.step is Step.RELEASE:
            voucher.allowance = voucher.allowance.released(use["units"])
            use["state"], use["closed_at_ms"] = UseState.RELEASED.value, work.now_ms
        else:
            self._reverse(work, voucher, use)
        changing = ("id", "state", "redeemed_units", "reversed_units", "closed_at_ms")
        work.stage_update(VoucherUse, {name: use[name] for name in changing})
        return Answer(200, self.render(UseChanged(use, voucher, work.now_ms)))

    def _reverse(self, work: UnitOfWork, voucher: VoucherRecord, use: Row) -> None:
        standing = use["redeemed_units"] - use["reversed_units"]
        units = standing if self.units is None else self.units
        voucher.allowance = voucher.allowance.reversed(standing, units)
        use["reversed_units"] += units
        if use["reversed_units"] == use["redeemed_units"]:
            use["state"], use["closed_at_ms"] = UseState.REVERSED.value, work.now_ms
        stage_spent(work, voucher)
