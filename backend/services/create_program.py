"""Create a loyalty program; its contract is deployed by the settler, not in the request."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from backend.core.cards import CardCheck
from backend.core.errors import InvalidInput
from backend.core.money import currency_exponent
from backend.core.rules import BaseRule
from backend.ledger import webhooks
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import ProgramState
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.program_rules import DEFAULT_RULES, ProgramRules

HOLD_TTL_SECONDS_MAX: Final = 30 * 24 * 3600
GUEST_CLAIM_DAYS_MAX: Final = 366
_SYMBOL: Final = re.compile(r"[A-Z0-9]{1,11}")


@dataclass(frozen=True, slots=True)
class ProgramTerms:
    """Raises CurrencyUnknown, RuleInvalid or InvalidInput when a term is out of range."""

    name: str
    symbol: str
    currency: str
    earn_points: int
    earn_per_amount_minor: int
    hold_ttl_seconds: int
    rules: ProgramRules = DEFAULT_RULES
    card_check: CardCheck = CardCheck.NONE
    guest_claim_days: int = 30

    def __post_init__(self) -> None:
        currency_exponent(self.currency)
        BaseRule(self.earn_points, self.earn_per_amount_minor, self.currency)
        if not 1 <= len(self.name) <= 60 or not self.name.isprintable():
            raise InvalidInput("A program's name is 1 to 60 printable characters.")
        if not _SYMBOL.fullmatch(self.symbol):
            raise InvalidInput("A program's symbol is 1 to 11 capital letters and digits.")
        if not 1 <= self.hold_ttl_seconds <= HOLD_TTL_SECONDS_MAX:
            raise InvalidInput(f"A hold lasts 1 to {HOLD_TTL_SECONDS_MAX} seconds.")
        if not 1 <= self.guest_claim_days <= GUEST_CLAIM_DAYS_MAX:
            raise InvalidInput(f"Guests claim within 1 to {GUEST_CLAIM_DAYS_MAX} days.")


@dataclass(frozen=True, slots=True)
class CreateProgram:
    merchant_id: str
    claim: Claim | None
    terms: ProgramTerms
    render: Callable[[ProgramState], bytes]

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        program_id = work.new_id("prg")
        work.stage_program(
            {
                "id": program_id,
                "merchant_id": self.merchant_id,
                "name": self.terms.name,
                "symbol": self.terms.symbol,
                "currency": self.terms.currency,
                "earn_points": self.terms.earn_points,
                "earn_per_amount_minor": self.terms.earn_per_amount_minor,
                "hold_ttl_seconds": self.terms.hold_ttl_seconds,
                "created_at_ms": work.now_ms,
                "contract_address": None,
                **self.terms.rules.columns(work.now_ms),
                "card_check": self.terms.card_check.value,
                "guest_claim_days": self.terms.guest_claim_days,
                "coalition": False,
            },
            tells=work.ask(lambda connection: webhooks.listens(connection, self.merchant_id)),
        )
        return Answer(201, self.render(work.state.programs[program_id]))
