"""Record a guest's purchase: of nobody, under a code that whoever has it can claim it with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from backend.core.canonical import canonical_json
from backend.core.engine.basket import Line
from backend.core.money import Money
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.life_tables import GuestPurchase
from backend.ledger.loading import ProgramState
from backend.ledger.tables import Purchase
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.accept_purchase import PurchaseTerms, require_judgeable, require_new_receipt
from backend.services.judging import own_terms
from backend.services.lookup import MemberRef, till_program, well_formed

Row = dict[str, Any]
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class GuestRecorded:
    """`code` is told once; we keep a digest of it."""

    purchase_id: str
    terms: PurchaseTerms
    code: str
    claimable_until_ms: int


@dataclass(frozen=True, slots=True)
class RecordGuest:
    """`terms` name no member that is looked at. Raises UnknownProgram, CurrencyMismatch,
    TimestampInvalid, BasketInvalid or ReceiptAlreadyRecorded."""

    claim: Claim
    terms: PurchaseTerms
    code: str
    code_digest: str
    render: Callable[[GuestRecorded], bytes]

    def wants(self) -> Wants:
        programs = well_formed("prg", self.terms.member.program_id)
        return Wants(
            programs=programs,
            rules_of=programs,
            receipts={(program_id, self.terms.receipt_id) for program_id in programs},
        )

    def decide(self, work: UnitOfWork) -> Answer:
        terms = self.terms
        program = till_program(work, self.claim.merchant_id, terms.member.program_id)
        require_judgeable(work, program, terms)
        _ = terms.basket  # It has to be one that can be judged when it is claimed.
        require_new_receipt(work, program, terms.receipt_id)
        base = own_terms(program, self.claim.merchant_id)
        purchase_id = work.new_id("pur")
        row: Row = {
            "id": purchase_id,
            "program_id": program.id,
            "member_id": None,
            "receipt_id": terms.receipt_id,
            "occurred_at_ms": terms.occurred_at_ms,
            "received_at_ms": work.now_ms,
            "currency": terms.spent.currency,
            "amount_minor": terms.spent.amount_minor,
            "points": 0,
            "store_id": terms.store_id,
            "channel": terms.channel,
            "operation_id": None,
            "merchant_id": self.claim.merchant_id,
            "pending_points": 0,
            "rules_version": None if base else program.rules_version,
            "document": None,
        }
        work.stage(Purchase, row)
        work.state.purchases[purchase_id] = row
        work.state.receipts[program.id, terms.receipt_id] = purchase_id
        until_ms = work.now_ms + program.guest_claim_days * DAY_MS
        guest = {
            "purchase_id": purchase_id,
            "program_id": program.id,
            "claim_digest": self.code_digest,
            "claimable_until_ms": until_ms,
            "terms": _kept(program, terms, base),
            "claimed_at_ms": None,
            "cancelled_at_ms": None,
        }
        work.stage(GuestPurchase, guest)
        work.state.guests[purchase_id] = guest
        done = GuestRecorded(purchase_id, terms, self.code, until_ms)
        return Answer(201, self.render(done), secret=True)


def _kept(program: ProgramState, terms: PurchaseTerms, base: tuple[int, int] | None) -> str:
    """What the till said beside the purchase's row, and the base terms as of now."""
    own = (program.earn_points, program.earn_per_amount_minor)
    kept = {
        "base": list(base or own),
        "lines": [asdict(line) for line in terms.lines],
        "discount_minor": terms.discount_minor,
        "paid_with_gift_card_minor": terms.paid_with_gift_card_minor,
    }
    return canonical_json(kept).decode()


def terms_of_guest(purchase: Row, guest: Row, member: MemberRef) -> PurchaseTerms:
    """The purchase as the till told it, now of a member."""
    kept = json.loads(guest["terms"])
    return PurchaseTerms(
        member=member,
        receipt_id=purchase["receipt_id"],
        occurred_at_ms=purchase["occurred_at_ms"],
        spent=Money(purchase["amount_minor"], purchase["currency"]),
        store_id=purchase["store_id"],
        channel=purchase["channel"],
        lines=tuple(Line(**line) for line in kept["lines"]),
        discount_minor=kept["discount_minor"],
        paid_with_gift_card_minor=kept["paid_with_gift_card_minor"],
    )
