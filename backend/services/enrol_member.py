"""Enrol a member: a pseudonym and an address in the ledger, the person in the vault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.core.errors import IdentifierInvalid, MemberAlreadyEnrolled
from backend.core.identifiers import Identifier
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.vault import Vault
from backend.ledger.wants import Wants
from backend.services.lookup import program_of, well_formed
from backend.services.record_event import welcome


@dataclass(frozen=True, slots=True)
class MemberEnrolled:
    member: MemberState
    created_at_ms: int
    identifiers: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class EnrolMember:
    """Raises UnknownProgram, or MemberAlreadyEnrolled with the member's id when every identifier
    that is known belongs to one member."""

    merchant_id: str
    claim: Claim | None
    program_id: str
    identifiers: tuple[Identifier, ...]
    digests: tuple[tuple[str, str], ...]
    address: str
    render: Callable[[MemberEnrolled], bytes]

    @classmethod
    def build(
        cls,
        vault: Vault,
        merchant_id: str,
        claim: Claim | None,
        program_id: str,
        identifiers: Sequence[Identifier],
        address: str,
        render: Callable[[MemberEnrolled], bytes],
    ) -> EnrolMember:
        """Raises IdentifierInvalid without any identifier. `address` is fresh and random."""
        if not identifiers:
            raise IdentifierInvalid(
                "A member needs at least one of external_id, phone, email and card."
            )
        digests = tuple((i.kind.value, vault.digest(program_id, i)) for i in identifiers)
        return cls(merchant_id, claim, program_id, tuple(identifiers), digests, address, render)

    def wants(self) -> Wants:
        programs = well_formed("prg", self.program_id)
        keys = {(one, kind, digest) for one in programs for kind, digest in self.digests}
        return Wants(programs=programs, identifiers=keys, rules_of=programs)

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.merchant_id, self.program_id)
        self._refuse_known(work)
        member_id = work.new_id("mem")
        identity = {identifier.kind.value: identifier.value for identifier in self.identifiers}
        row = {
            "id": member_id,
            "program_id": program.id,
            "address": self.address,
            "created_at_ms": work.now_ms,
        }
        member = work.stage_member(row, work.vault.seal(member_id, identity), self.digests)
        welcome(work, program, member)
        body = self.render(MemberEnrolled(member, work.now_ms, self.identifiers))
        return Answer(201, body, names_member=member_id)

    def _refuse_known(self, work: UnitOfWork) -> None:
        known = {
            member_id
            for kind, digest in self.digests
            if (member_id := work.state.identifiers.get((self.program_id, kind, digest)))
        }
        if len(known) == 1:
            raise MemberAlreadyEnrolled(
                "An identifier belongs to a member of the program already.", member_id=known.pop()
            )
        if known:
            raise MemberAlreadyEnrolled("The identifiers belong to different members.")
