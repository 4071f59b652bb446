"""Claim a guest's purchase, once: it becomes the member's and earns what it would have earned.

The rules are those of when it was bought, the points are minted now. Cancelling a claim is what a
till does with a guest's purchase that was returned: nothing was earned, and nothing will be.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.engine.rule_set import RuleSet
from backend.core.ids import is_id
from backend.core.life_errors import ClaimExpired, PurchaseAlreadyClaimed, UnknownGuestPurchase
from backend.core.spending_errors import VoucherCodeInvalid
from backend.core.voucher_codes import parse_code
from backend.ledger import lives
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.life_tables import GuestPurchase
from backend.ledger.loading import ProgramState
from backend.ledger.rule_sets import base_rules
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.accept_purchase import PurchaseAccepted, Sale, earn
from backend.services.house import House
from backend.services.judging import judged_by
from backend.services.lookup import MemberRef, at_own_till, till_program
from backend.services.record_guest import Row, terms_of_guest


def guest_digest(house: House, program_id: str, code: str) -> str:
    """Keyed digest (hex) under which a guest's purchase is found by its code."""
    return house.vault.code_digest(f"guest\x00{program_id}\x00{code}")


async def find_by_code(house: House, program_id: str, text: str) -> str:
    """The purchase with this code; raises UnknownGuestPurchase, for a mistyped one too."""
    try:
        digest = guest_digest(house, program_id, parse_code(text))
    except VoucherCodeInvalid:
        raise UnknownGuestPurchase("There is no guest's purchase with this code.") from None
    found = await house.ledger.run(
        lambda connection: lives.guest_by_claim(connection, program_id, digest)
    )
    if found is None:
        raise UnknownGuestPurchase("There is no guest's purchase with this code.")
    return found


async def find_by_receipt(house: House, program_id: str, receipt_id: str, amount_minor: int) -> str:
    """The guest's purchase with this receipt and amount; raises UnknownGuestPurchase."""

    def read(connection: Connection) -> str | None:
        return lives.guest_by_receipt(connection, program_id, receipt_id, amount_minor)

    found = await house.ledger.run(read) if is_id("prg", program_id) else None
    if found is None:
        raise UnknownGuestPurchase("There is no guest's purchase with this receipt and amount.")
    return found


@dataclass(frozen=True, slots=True)
class ClaimGuest:
    """Raises UnknownProgram, UnknownMember and what keeps members from earning,
    UnknownGuestPurchase, PurchaseAlreadyClaimed, ClaimExpired or PointsOutOfRange."""

    claim: Claim
    member: MemberRef
    purchase_id: str
    render: Callable[[PurchaseAccepted], bytes]

    def wants(self) -> Wants:
        wants = self.member.wants()
        wants.rules_of |= wants.programs
        wants.versions_of |= wants.programs
        wants.purchases = {self.purchase_id}
        wants.guests = {self.purchase_id}
        return wants

    def decide(self, work: UnitOfWork) -> Answer:
        program = till_program(work, self.claim.merchant_id, self.member.program_id)
        member = self.member.resolve(work)
        purchase, guest = _claimable(work, self.purchase_id, program.id)
        if work.now_ms >= guest["claimable_until_ms"]:
            raise ClaimExpired("The time in which the purchase could be claimed is over.")
        terms = terms_of_guest(purchase, guest, self.member)
        version = purchase["rules_version"]
        with judged_by(work, program, _rules(work, program, guest, version), version):
            earned = earn(work, program, member, terms)
            sale = Sale(program, member, terms, earned, purchase["merchant_id"])
            done = sale.settle(work, self.purchase_id)
        _close(work, guest, "claimed_at_ms")
        return Answer(201, self.render(done))


@dataclass(frozen=True, slots=True)
class GuestCancelled:
    purchase_id: str
    program_id: str


@dataclass(frozen=True, slots=True)
class CancelGuest:
    """Raises UnknownGuestPurchase or PurchaseAlreadyClaimed."""

    claim: Claim
    purchase_id: str
    program_id: str
    render: Callable[[GuestCancelled], bytes]

    def wants(self) -> Wants:
        return Wants(
            programs={self.program_id}, purchases={self.purchase_id}, guests={self.purchase_id}
        )

    def decide(self, work: UnitOfWork) -> Answer:
        purchase = work.state.purchases.get(self.purchase_id)
        if purchase is None or not at_own_till(work, self.claim.merchant_id, purchase):
            raise UnknownGuestPurchase("There is no such guest's purchase.")
        _, guest = _claimable(work, self.purchase_id, self.program_id)
        _close(work, guest, "cancelled_at_ms")
        return Answer(200, self.render(GuestCancelled(self.purchase_id, self.program_id)))


def _claimable(work: UnitOfWork, purchase_id: str, program_id: str) -> tuple[Row, Row]:
    purchase, guest = work.state.purchases.get(purchase_id), work.state.guests.get(purchase_id)
    if purchase is None or guest is None or guest["program_id"] != program_id:
        raise UnknownGuestPurchase("There is no such guest's purchase.")
    if guest["claimed_at_ms"] is not None:
        raise PurchaseAlreadyClaimed("The purchase was claimed already.", purchase_id=purchase_id)
    if guest["cancelled_at_ms"] is not None:
        raise ClaimExpired("The purchase was returned before anybody claimed it.")
    return purchase, guest


def _close(work: UnitOfWork, guest: Row, how: str) -> None:
    guest[how] = work.now_ms
    work.stage_update(GuestPurchase, {"purchase_id": guest["purchase_id"], how: work.now_ms})


def _rules(work: UnitOfWork, program: ProgramState, guest: Row, version: int | None) -> RuleSet:
    if version is not None:
        document = work.state.earning.versions[program.id][version]["document"]
        return RuleSet.parse(json.loads(document))
    points, per_amount_minor = json.loads(guest["terms"])["base"]
    return base_rules(points, per_amount_minor, program.currency)
