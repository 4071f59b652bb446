"""Accept a purchase: record it, and queue the points it earns for minting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.errors import (
    CurrencyMismatch,
    PointsOutOfRange,
    ReceiptAlreadyRecorded,
    TimestampInvalid,
)
from backend.core.money import Money
from backend.core.operations import POINTS_MAX, Kind
from backend.core.rules import BaseRule, Earned
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.tables import Purchase
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import MemberRef, program_of
from backend.services.return_receipt import apply_waiting

CLOCK_SKEW_MS = 24 * 3600 * 1000
"""How far a till's clock may run ahead of ours."""


@dataclass(frozen=True, slots=True)
class PurchaseTerms:
    """What a till says about a purchase; times in UTC milliseconds."""

    member: MemberRef
    receipt_id: str
    occurred_at_ms: int
    spent: Money
    store_id: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class PurchaseAccepted:
    purchase_id: str
    terms: PurchaseTerms
    member: MemberState
    earned: Earned
    operation_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AcceptPurchase:
    """Raises UnknownProgram, UnknownMember, CurrencyMismatch, TimestampInvalid, PointsOutOfRange
    or ReceiptAlreadyRecorded; none of them writes anything."""

    claim: Claim
    terms: PurchaseTerms
    render: Callable[[PurchaseAccepted], bytes]

    def wants(self) -> Wants:
        wants = self.terms.member.wants()
        wants.receipts |= {(program_id, self.terms.receipt_id) for program_id in wants.programs}
        return wants

    def decide(self, work: UnitOfWork) -> Answer:
        terms = self.terms
        program = program_of(work, self.claim.merchant_id, terms.member.program_id)
        member = terms.member.resolve(work)
        earned = earn(program, member, terms, work.now_ms)
        receipt_key = (program.id, terms.receipt_id)
        if (recorded := work.state.receipts.get(receipt_key)) is not None:
            raise ReceiptAlreadyRecorded(
                "The receipt was recorded already, under another Idempotency-Key.",
                purchase_id=recorded,
            )
        purchase_id = work.new_id("pur")
        operation_ids = _mint(work, program, member, purchase_id, terms, earned)
        row = {
            "id": purchase_id,
            "program_id": program.id,
            "member_id": member.id,
            "receipt_id": terms.receipt_id,
            "occurred_at_ms": terms.occurred_at_ms,
            "received_at_ms": work.now_ms,
            "currency": terms.spent.currency,
            "amount_minor": terms.spent.amount_minor,
            "points": earned.points,
            "store_id": terms.store_id,
            "channel": terms.channel,
            "operation_id": operation_ids[0] if operation_ids else None,
            "merchant_id": self.claim.merchant_id,
            "pending_points": 0,
            "rules_version": program.rules_version,
        }
        work.stage(Purchase, row)
        work.state.purchases[purchase_id] = row
        work.state.receipts[receipt_key] = purchase_id
        apply_waiting(work, row)
        result = PurchaseAccepted(purchase_id, terms, member, earned, operation_ids)
        return Answer(201, self.render(result))


def earn(program: ProgramState, member: MemberState, terms: PurchaseTerms, now_ms: int) -> Earned:
    """What the purchase earns under the program's terms; raises when they do not allow it."""
    if terms.spent.currency != program.currency:
        raise CurrencyMismatch(
            f"The program counts in {program.currency}.", program_currency=program.currency
        )
    if terms.occurred_at_ms > now_ms + CLOCK_SKEW_MS:
        raise TimestampInvalid("occurred_at is more than a day in the future.")
    rule = BaseRule(program.earn_points, program.earn_per_amount_minor, program.currency)
    earned = rule.earn(terms.spent)
    if member.points + earned.points > POINTS_MAX:
        raise PointsOutOfRange("The member's balance would pass what the chain can hold.")
    return earned


def _mint(
    work: UnitOfWork,
    program: ProgramState,
    member: MemberState,
    purchase_id: str,
    terms: PurchaseTerms,
    earned: Earned,
) -> tuple[str, ...]:
    if not earned.points:
        return ()
    rule = BaseRule(program.earn_points, program.earn_per_amount_minor, program.currency)
    details = {
        "amount_minor": terms.spent.amount_minor,
        "currency": terms.spent.currency,
        "occurred_at_ms": terms.occurred_at_ms,
        "purchase_id": purchase_id,
        "receipt_id": terms.receipt_id,
        "rule_hash": rule.rule_hash,
        "reasons": [[reason.rule, reason.points, reason.text] for reason in earned.reasons],
    }
    return (work.stage_operation(Kind.ACCRUE, member, earned.points, purchase_id, details),)
