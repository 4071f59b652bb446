"""Pay part of a basket with points: a redemption that knows what it is worth.

It is held, captured (whole or in part) and cancelled like any other; a purchase that names it is
known to have been paid with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.errors import CurrencyMismatch
from backend.core.money import Money
from backend.core.spending import Payment, Refused, SpendPolicy
from backend.core.spending_errors import PaymentMismatch, PaymentNotOffered, PaymentRefused
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.payment_tables import PointPayment
from backend.ledger.rule_sets import rules_of
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.ask_confirmation import Ask, ask_confirmation
from backend.services.house import House
from backend.services.lookup import MemberRef, till_program
from backend.services.redeem import Render, changed, require_points, take_points
from backend.services.signed_burn import UNSIGNED, SignedBurn


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """What of a basket is to be paid: an amount, what so many points are worth, or the most."""

    member: MemberRef
    basket: Money
    amount_minor: int | None = None
    points: int | None = None


@dataclass(frozen=True, slots=True)
class PaymentQuote:
    """The most the member can pay of the basket now; `refusal` says why that is nothing."""

    program: ProgramState
    member: MemberState
    basket: Money
    policy: SpendPolicy
    most: Payment
    refusal: Refused | None


@dataclass(frozen=True, slots=True)
class PayWithPoints:
    """Raises UnknownProgram, UnknownMember, CurrencyMismatch, PaymentNotOffered, PaymentRefused,
    PaymentMismatch, InsufficientPoints, and what is wrong with the member's signature or the lack
    of one (SignedBurn)."""

    claim: Claim
    terms: PaymentTerms
    capture: bool
    render: Render
    signed: SignedBurn = UNSIGNED
    ask: Ask | None = None

    def wants(self) -> Wants:
        return Wants.united([self.terms.member.wants(), self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        terms = self.terms
        program = till_program(work, self.claim.merchant_id, terms.member.program_id)
        member = terms.member.resolve(work)
        policy = policy_for(work, program, terms.basket)
        payment = _payment(policy, terms, member)
        ask = require_points(work, program, member, payment.points, self.signed, self.ask)
        details = {"paid_minor": payment.worth_minor, "currency": program.currency}
        row = take_points(
            work,
            self.claim.merchant_id,
            member,
            payment.points,
            self.signed,
            details,
            capture=self.capture and ask is None,
        )
        paid = {
            "redemption_id": row["id"],
            "program_id": program.id,
            "currency": program.currency,
            "basket_minor": terms.basket.amount_minor,
            "worth_minor": payment.worth_minor,
            "rate_points": policy.points,
            "rate_worth_minor": policy.worth_minor,
            "purchase_id": None,
        }
        work.stage(PointPayment, paid)
        row |= paid
        ask_confirmation(work, ask, row)
        return Answer(201, self.render(changed(row, member, work.now_ms)))


def policy_for(work: UnitOfWork, program: ProgramState, basket: Money) -> SpendPolicy:
    """The program's policy; raises CurrencyMismatch or PaymentNotOffered."""
    if basket.currency != program.currency:
        raise CurrencyMismatch(
            f"The program counts in {program.currency}.", program_currency=program.currency
        )
    rules = work.ask(lambda connection: rules_of(connection, program))
    policy: SpendPolicy | None = rules.sections.get("spend")
    if policy is None:
        raise PaymentNotOffered("The program's rules do not say what points are worth.")
    return policy


async def quote_payment(house: House, merchant_id: str, terms: PaymentTerms) -> PaymentQuote:
    """Without any effect. Raises UnknownProgram, UnknownMember, CurrencyMismatch or
    PaymentNotOffered."""
    now_ms = house.now_ms()

    def read(connection: Connection) -> PaymentQuote:
        work = UnitOfWork(connection, house.vault, now_ms, house.new_id)
        work.load(terms.member.wants(), lock=False)
        program = till_program(work, merchant_id, terms.member.program_id)
        member = terms.member.resolve(work)
        policy = policy_for(work, program, terms.basket)
        basket_minor, available = terms.basket.amount_minor, member.available_points
        most = policy.most(basket_minor, available)
        refusal = policy.why_nothing(basket_minor, available)
        return PaymentQuote(program, member, terms.basket, policy, most, refusal)

    return await house.ledger.run(read)


def _payment(policy: SpendPolicy, terms: PaymentTerms, member: MemberState) -> Payment:
    basket_minor, available = terms.basket.amount_minor, member.available_points
    if terms.amount_minor is not None:
        return policy.pay(terms.amount_minor, basket_minor, available)
    if terms.points is not None:
        payment = policy.pay(policy.worth_minor_floor(terms.points), basket_minor, available)
        if payment.points != terms.points:
            raise PaymentMismatch("So many points are worth no whole amount.", reason="points")
        return payment
    if (reason := policy.why_nothing(basket_minor, available)) is not None:
        raise PaymentRefused("The basket takes no points of the member.", reason=reason)
    return policy.most(basket_minor, available)
