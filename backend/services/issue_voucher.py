"""Issue a voucher that is no reward: a gift card that was sold, a code for a campaign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backend.core.canonical import canonical_json
from backend.core.vouchers import VoucherKind, VoucherState, check_terms
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import ProgramState
from backend.ledger.spending_loads import VoucherRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.grant_claim import stage_voucher
from backend.services.lookup import MemberRef, program_of, well_formed


@dataclass(frozen=True, slots=True)
class VoucherTerms:
    """`capacity_units` uses or minor units; times in UTC ms, None for now and for no end."""

    kind: VoucherKind
    capacity_units: int
    benefit: Mapping[str, object]
    from_ms: int | None = None
    expires_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class VoucherIssued:
    """A voucher with its code, which only this answer and the vault have."""

    voucher: VoucherRecord
    program: ProgramState
    code: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class IssueVoucher:
    """For a member, or None for whoever holds it.

    Raises UnknownProgram, UnknownMember or VoucherInvalid.
    """

    claim: Claim
    program_id: str
    member: MemberRef | None
    terms: VoucherTerms
    code: str
    render: Callable[[VoucherIssued], bytes]

    def wants(self) -> Wants:
        own = Wants(programs=well_formed("prg", self.program_id))
        return Wants.united([own, self.member.wants()]) if self.member else own

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.claim.merchant_id, self.program_id)
        member = self.member.resolve(work) if self.member else None
        terms = self.terms
        from_ms = work.now_ms if terms.from_ms is None else terms.from_ms
        earliest_ms = max(from_ms, work.now_ms)
        check_terms(terms.kind, terms.capacity_units, earliest_ms, terms.expires_at_ms)
        voucher_id = work.new_id("vou")
        voucher = VoucherRecord(
            id=voucher_id,
            program_id=program.id,
            member_id=member.id if member else None,
            claim_id=None,
            kind=terms.kind.value,
            currency=program.currency,
            capacity_units=terms.capacity_units,
            spent_units=0,
            state=VoucherState.ACTIVE.value,
            benefit=canonical_json(terms.benefit).decode(),
            code_digest=work.vault.code_digest(self.code),
            sealed_code=work.vault.seal_code(voucher_id, self.code),
            valid_from_ms=from_ms,
            expires_at_ms=terms.expires_at_ms,
            created_at_ms=work.now_ms,
        )
        stage_voucher(work, voucher)
        issued = VoucherIssued(voucher, program, self.code, work.now_ms)
        return Answer(201, self.render(issued), secret=True)
