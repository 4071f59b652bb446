"""Accept a purchase: judge it by the rules in force, record it, queue its points for minting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from backend.core.engine.basket import Basket, Line
from backend.core.engine.context import month_key
from backend.core.engine.contribution import Contribution
from backend.core.engine.outcome import Evaluation
from backend.core.engine.past import with_past_purchase
from backend.core.engine.standing import Standing
from backend.core.errors import CurrencyMismatch, ReceiptAlreadyRecorded, TimestampInvalid
from backend.core.money import Money
from backend.core.operations import Kind
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.rule_tables import PurchaseLine
from backend.ledger.tables import Purchase
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.crediting import credit, credits_document, remember
from backend.services.judging import judge_purchase, judged_at, moment_of
from backend.services.lookup import MemberRef, till_program, well_formed
from backend.services.paid_with_points import paid_part, settle_part
from backend.services.return_receipt import apply_waiting
from backend.services.reward_referral import stage_referral, with_referral
from backend.services.signed_burn import UNSIGNED, SignedBurn
from backend.services.stage_grants import stage_grants
from backend.services.undo_purchase import MADE

CLOCK_SKEW_MS = 24 * 3600 * 1000
"""How far a till's clock may run ahead of ours."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PurchaseTerms:
    """What a till says about a purchase; times in UTC milliseconds.

    The shares paid with points and gift cards are part of what was spent; `discount_minor` was
    taken off the whole basket, `tax_minor` is within an amount without lines. `basket` is all of
    it as the engine takes it. Raises BasketInvalid.
    """

    member: MemberRef
    receipt_id: str
    occurred_at_ms: int
    spent: Money
    store_id: str | None = None
    channel: str | None = None
    lines: tuple[Line, ...] = ()
    discount_minor: int = 0
    tax_minor: int = 0
    paid_with_points_minor: int = 0
    paid_by_redemption: str | None = None
    paid_with_gift_card_minor: int = 0

    basket: Basket = field(init=False)

    def __post_init__(self) -> None:
        basket = Basket(
            currency=self.spent.currency,
            amount_minor=self.spent.amount_minor,
            lines=self.lines,
            discount_minor=self.discount_minor,
            tax_minor=self.tax_minor,
            paid_with_points_minor=self.paid_with_points_minor,
            paid_with_gift_card_minor=self.paid_with_gift_card_minor,
            store_id=self.store_id,
            channel=self.channel,
        )
        object.__setattr__(self, "basket", basket)

    def wants(self) -> Wants:
        wants = self.member.wants()
        wants.rules_of |= wants.programs
        if self.paid_by_redemption is not None:
            wants.redemptions |= well_formed("red", self.paid_by_redemption)
        return wants


@dataclass(frozen=True, slots=True)
class PurchaseAccepted:
    purchase_id: str
    terms: PurchaseTerms
    member: MemberState
    earned: Evaluation
    operation_ids: tuple[str, ...]
    grant_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AcceptPurchase:
    """Raises UnknownProgram, UnknownMember, CurrencyMismatch, TimestampInvalid, BasketInvalid,
    PointsOutOfRange or ReceiptAlreadyRecorded, and what is wrong with the redemption that is to
    have paid a part (`paid_part`); none of them writes anything."""

    claim: Claim
    terms: PurchaseTerms
    render: Callable[[PurchaseAccepted], bytes]
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        wants = self.terms.wants()
        wants.receipts |= {(program_id, self.terms.receipt_id) for program_id in wants.programs}
        return Wants.united([wants, self.signed.wants()]) if self.signed.member_id else wants

    def decide(self, work: UnitOfWork) -> Answer:
        merchant_id = self.claim.merchant_id
        program = till_program(work, merchant_id, self.terms.member.program_id)
        member = self.terms.member.resolve(work)
        terms, payment = with_payment(work, merchant_id, member, self.terms, self.signed)
        with judged_at(work, program, merchant_id):
            earned = earn(work, program, member, terms)
            require_new_receipt(work, program, terms.receipt_id)
            sale = Sale(program, member, terms, earned, merchant_id, payment)
            done = sale.settle(work, work.new_id("pur"))
        return Answer(201, self.render(done))


def require_new_receipt(work: UnitOfWork, program: ProgramState, receipt_id: str) -> None:
    """Raises ReceiptAlreadyRecorded, with the purchase's id."""
    if (recorded := work.state.receipts.get((program.id, receipt_id))) is not None:
        raise ReceiptAlreadyRecorded(
            "The receipt was recorded already, under another Idempotency-Key.",
            purchase_id=recorded,
        )


@dataclass(frozen=True, slots=True)
class Sale:
    """A purchase as it was judged, at this merchant's till; `payment` is what points paid of it."""

    program: ProgramState
    member: MemberState
    terms: PurchaseTerms
    earned: Evaluation
    merchant_id: str
    payment: Row | None = None

    def settle(self, work: UnitOfWork, purchase_id: str) -> PurchaseAccepted:
        """Credits it and records it; what was a guest's until now is the member's."""
        terms, program, member, earned = self.terms, self.program, self.member, self.earned
        details = {
            "amount_minor": terms.spent.amount_minor,
            "currency": terms.spent.currency,
            "occurred_at_ms": terms.occurred_at_ms,
            "purchase_id": purchase_id,
            "receipt_id": terms.receipt_id,
        }
        operation_ids = credit(work, program, member, earned, Kind.ACCRUE, purchase_id, details)
        row = self._record(work, purchase_id, operation_ids)
        if self.payment is not None:
            settle_part(work, member, self.payment, purchase_id)
        stage_referral(work, program, member, earned, purchase_id, terms.occurred_at_ms)
        grant_ids = stage_grants(work, member, earned, purchase_id)
        apply_waiting(work, row)
        return PurchaseAccepted(purchase_id, terms, member, earned, operation_ids, grant_ids)

    def _record(self, work: UnitOfWork, purchase_id: str, operation_ids: tuple[str, ...]) -> Row:
        terms, program, member, earned = self.terms, self.program, self.member, self.earned
        known = work.state.purchases.get(purchase_id)
        row: Row = {
            "id": purchase_id,
            "program_id": program.id,
            "member_id": member.id,
            "receipt_id": terms.receipt_id,
            "occurred_at_ms": terms.occurred_at_ms,
            "received_at_ms": known["received_at_ms"] if known else work.now_ms,
            "currency": terms.spent.currency,
            "amount_minor": terms.spent.amount_minor,
            "points": earned.points_now,
            "store_id": terms.store_id,
            "channel": terms.channel,
            "operation_id": operation_ids[0] if operation_ids else None,
            "merchant_id": self.merchant_id,
            "pending_points": earned.points_pending,
            "rules_version": work.state.earning.rules_version[program.id],
            "document": _document(work, program, terms, earned),
            "activity_no": program.next_activity(),
        }
        work.touch_program(program)
        if known is None:
            work.stage(Purchase, row)
        else:
            work.stage_update(Purchase, row)
        work.state.purchases[purchase_id] = row
        work.state.receipts[program.id, terms.receipt_id] = purchase_id
        lines = work.state.returns.lines[purchase_id] = line_rows(purchase_id, terms.lines, earned)
        for line in lines:
            work.stage(PurchaseLine, line)
        if member.id in work.state.earning.past:
            work.state.earning.past[member.id].append(row)
        if not work.state.earning.rules[program.id].remembers and member.standing is not None:
            # Rules judged the member before they were withdrawn, and others may again.
            day = moment_of(terms.occurred_at_ms, program.timezone).day
            standing = Standing.from_json(member.standing)
            spent_minor = terms.spent.amount_minor
            remember(
                work, member, with_past_purchase(standing, day, spent_minor, earned.points_now)
            )
        return row


def with_payment(
    work: UnitOfWork,
    merchant_id: str,
    member: MemberState,
    terms: PurchaseTerms,
    signed: SignedBurn,
) -> tuple[PurchaseTerms, Row | None]:
    """The terms with what the redemption they name has paid, and that redemption (`paid_part`)."""
    if terms.paid_by_redemption is None:
        return terms, None
    row, worth_minor = paid_part(
        work, merchant_id, member, terms.paid_by_redemption, terms.spent.amount_minor, signed
    )
    return replace(terms, paid_with_points_minor=worth_minor), row


def earn(
    work: UnitOfWork, program: ProgramState, member: MemberState, terms: PurchaseTerms
) -> Evaluation:
    """What the purchase earns under the rules in force; raises when it is none they can judge."""
    require_judgeable(work, program, terms)
    earned = judge_purchase(work, program, member, terms.basket, terms.occurred_at_ms)
    return with_referral(work, program, member, earned, terms.occurred_at_ms)


def require_judgeable(work: UnitOfWork, program: ProgramState, terms: PurchaseTerms) -> None:
    """Raises CurrencyMismatch or TimestampInvalid."""
    if terms.spent.currency != program.currency:
        raise CurrencyMismatch(
            f"The program counts in {program.currency}.", program_currency=program.currency
        )
    if terms.occurred_at_ms > work.now_ms + CLOCK_SKEW_MS:
        raise TimestampInvalid("occurred_at is more than a day in the future.")


def line_rows(purchase_id: str, lines: tuple[Line, ...], earned: Evaluation) -> list[Row]:
    """The lines as they were judged: what of each counted, and what it earned now and later."""
    if not lines:
        return []
    points, pending_points = [0] * len(lines), [0] * len(lines)
    for each in earned.credits:
        of_lines = points if each.pending is None else pending_points
        for line_no, line_points in enumerate(each.line_points):
            of_lines[line_no] += line_points
    basis_minor = earned.line_basis_minor or (0,) * len(lines)
    return [
        {
            "purchase_id": purchase_id,
            "line_no": line_no,
            "line_id": line.line_id,
            "sku": line.sku,
            "category": line.category,
            "kind": line.kind,
            "quantity": line.quantity,
            "amount_minor": line.amount_minor,
            "basis_minor": basis_minor[line_no],
            "points": points[line_no],
            "pending_points": pending_points[line_no],
            "voided": line.voided,
        }
        for line_no, line in enumerate(lines)
    ]


def _document(
    work: UnitOfWork, program: ProgramState, terms: PurchaseTerms, earned: Evaluation
) -> str | None:
    """None where the amount, the points and the program's terms say it all."""
    parts = {
        "discount_minor": terms.discount_minor,
        "tax_minor": terms.tax_minor,
        "paid_with_points_minor": terms.paid_with_points_minor,
        "paid_with_gift_card_minor": terms.paid_with_gift_card_minor,
    }
    given: Row = {name: amount for name, amount in parts.items() if amount}
    if work.state.earning.rules_version[program.id] is None and not terms.lines and not given:
        return None
    if earned.before is not None:
        month = month_key(moment_of(terms.occurred_at_ms, program.timezone).day)
        made = Contribution.between(earned.before, earned.standing, month)
        given[MADE] = made.to_document()
    return credits_document(earned, **given)
