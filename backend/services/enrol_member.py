"""Enrol a member: a pseudonym and an address in the ledger, the person in the vault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.core.cards import CardCheck, require_valid
from backend.core.errors import IdentifierInvalid, MemberAlreadyEnrolled
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.life_errors import CardBlocked
from backend.core.membership import MembershipState
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.staged_member import stage_member
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.vault import Vault
from backend.ledger.wants import Wants
from backend.services.identity import NAME, Identity
from backend.services.lookup import till_program, well_formed
from backend.services.record_event import welcome


@dataclass(frozen=True, slots=True)
class MemberEnrolled:
    member: MemberState
    created_at_ms: int
    identifiers: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class EnrolMember:
    """Raises UnknownProgram, CardCheckInvalid, CardBlocked, or MemberAlreadyEnrolled with the
    member's id when every identifier that is known belongs to one member."""

    merchant_id: str
    claim: Claim | None
    program_id: str
    identifiers: tuple[Identifier, ...]
    digests: tuple[tuple[str, str], ...]
    address: str
    render: Callable[[MemberEnrolled], bytes]
    name: str = ""

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
        name: str = "",
    ) -> EnrolMember:
        """Raises IdentifierInvalid without any identifier. `address` is fresh and random; `name`
        is what the person wants to be called, sealed with the rest."""
        if not identifiers:
            raise IdentifierInvalid(
                "A member needs at least one of external_id, phone, email and card."
            )
        digests = tuple((i.kind.value, vault.digest(program_id, i)) for i in identifiers)
        return cls(
            merchant_id, claim, program_id, tuple(identifiers), digests, address, render, name
        )

    def wants(self) -> Wants:
        programs = well_formed("prg", self.program_id)
        keys = {(one, kind, digest) for one in programs for kind, digest in self.digests}
        return Wants(programs=programs, identifiers=keys, rules_of=programs)

    def decide(self, work: UnitOfWork) -> Answer:
        program = till_program(work, self.merchant_id, self.program_id)
        check_cards(work, program, self.identifiers, self.digests)
        self._refuse_known(work)
        member_id = work.new_id("mem")
        identity: Identity = {
            identifier.kind.value: [identifier.value] for identifier in self.identifiers
        }
        if self.name:
            identity[NAME] = self.name
        row = {
            "id": member_id,
            "program_id": program.id,
            "address": self.address,
            "created_at_ms": work.now_ms,
            "state": MembershipState.ACTIVE.value,
            "merged_into": None,
            "enrolled_by": self.merchant_id,
            "erased_at_ms": None,
        }
        member = stage_member(work, row, work.vault.seal(member_id, identity), self.digests)
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


def check_cards(
    work: UnitOfWork,
    program: ProgramState,
    identifiers: Sequence[Identifier],
    digests: Sequence[tuple[str, str]],
) -> None:
    """Raises CardCheckInvalid or CardBlocked for a card that the program does not take."""
    for identifier, (kind, digest) in zip(identifiers, digests, strict=True):
        if identifier.kind is not IdentifierKind.CARD:
            continue
        require_valid(CardCheck(program.card_check), identifier.value)
        if (program.id, kind, digest) in work.state.blocked_cards:
            raise CardBlocked("The card was reported lost and is refused for ever.")
