"""Referrals: a code for every member, and who brought whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from backend.core.errors import ReferralRefused, UnknownReferralCode
from backend.core.referral import same_person
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.rule_tables import Referral, ReferralCode
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import MemberById, program_of, till_program

OPEN: Final = "open"
REWARDED: Final = "rewarded"
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 10


def make_code(entropy: bytes) -> str:
    """A code people can read to each other, from at least CODE_LENGTH random bytes."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in entropy[:CODE_LENGTH])


@dataclass(frozen=True, slots=True)
class GiveReferralCode:
    """The member's code, made when it is first asked for; raises UnknownProgram, UnknownMember."""

    merchant_id: str
    claim: Claim | None
    member: MemberById
    fresh_code: str
    render: Callable[[MemberState, str], bytes]

    def wants(self) -> Wants:
        wants = self.member.wants()
        wants.codes_of |= wants.members
        return wants

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.merchant_id, self.member.program_id)
        member = self.member.resolve(work)
        code = work.state.earning.codes_of.get(member.id)
        if code is None:
            code = work.state.earning.codes_of[member.id] = self.fresh_code
            row = {"program_id": program.id, "code": code, "member_id": member.id}
            work.stage(ReferralCode, row)
            work.state.earning.codes[program.id, code] = member.id
        return Answer(200, self.render(member, code))


@dataclass(frozen=True, slots=True)
class ReferralRecorded:
    referee: MemberState
    referrer_id: str


@dataclass(frozen=True, slots=True)
class ReferMember:
    """Notes who brought a member. Raises UnknownProgram, UnknownMember, UnknownReferralCode, or
    ReferralRefused for oneself, for a second referral and for a member who bought before."""

    merchant_id: str
    claim: Claim | None
    referee: MemberById
    code: str
    render: Callable[[ReferralRecorded], bytes]

    def wants(self) -> Wants:
        wants = self.referee.wants()
        wants.codes |= {(program_id, self.code) for program_id in wants.programs}
        wants.referrals_of |= wants.members
        return wants

    def decide(self, work: UnitOfWork) -> Answer:
        program = till_program(work, self.merchant_id, self.referee.program_id)
        referee = self.referee.resolve(work)
        referrer_id = work.state.earning.codes.get((program.id, self.code))
        if referrer_id is None:
            raise UnknownReferralCode("No member of the program has this referral code.")
        self._refuse(work, referee, referrer_id)
        row = {
            "referee_id": referee.id,
            "program_id": program.id,
            "referrer_id": referrer_id,
            "state": OPEN,
            "created_at_ms": work.now_ms,
            "purchase_id": None,
        }
        work.stage(Referral, row)
        work.state.earning.referrals[referee.id] = row
        return Answer(201, self.render(ReferralRecorded(referee, referrer_id)))

    def _refuse(self, work: UnitOfWork, referee: MemberState, referrer_id: str) -> None:
        if referrer_id == referee.id or _same_person(work, referee.id, referrer_id):
            raise ReferralRefused("Nobody refers themselves.", reason="self")
        if referee.id in work.state.earning.referrals:
            raise ReferralRefused("The member was referred already.", reason="already_referred")
        if referee.id in work.state.earning.bought:
            raise ReferralRefused("The member is a customer already.", reason="has_bought")


def _same_person(work: UnitOfWork, first_id: str, second_id: str) -> bool:
    sealed = work.state.earning.sealed_identities
    if first_id not in sealed or second_id not in sealed:
        return False
    first, second = (work.vault.open(m, *sealed[m]) for m in (first_id, second_id))
    return same_person(first, second)
