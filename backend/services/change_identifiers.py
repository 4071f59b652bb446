"""Give a member more identifiers, or new ones in place of the old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.errors import IdentifierInvalid
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.membership import require_open
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.enrol_member import check_cards
from backend.services.house import House
from backend.services.identity import (
    Identity,
    forget,
    free_digests,
    identifiers_in,
    identity_of,
    note_change,
    stage_digests,
    stage_identity,
    stage_owner,
)
from backend.services.lookup import owned_member

IDENTIFIERS_MAX = 20
"""Of one kind: a person has a few cards and numbers, not more."""


@dataclass(frozen=True, slots=True)
class IdentityChanged:
    """A member with all that they are known by now."""

    member: MemberState
    identity: Identity


@dataclass(frozen=True, slots=True)
class ChangeIdentifiers:
    """Adds identifiers; with `replace`, those of the same kinds that the member had are gone:
    numbers and addresses are free again, cards are refused for ever.

    Raises UnknownMember, MemberClosed, MemberMerged, IdentifierInvalid, CardCheckInvalid,
    CardBlocked or MemberAlreadyEnrolled.
    """

    claim: Claim | None
    merchant_id: str
    program_id: str
    member_id: str
    identifiers: tuple[Identifier, ...]
    digests: tuple[tuple[str, str], ...]
    replace: bool
    render: Callable[[IdentityChanged], bytes]

    @classmethod
    def build(
        cls,
        house: House,
        merchant_id: str,
        claim: Claim | None,
        place: tuple[str, str],
        identifiers: list[Identifier],
        render: Callable[[IdentityChanged], bytes],
        *,
        replace: bool,
    ) -> ChangeIdentifiers:
        """`place` is (program id, member id)."""
        if not identifiers:
            raise IdentifierInvalid("Give at least one of external_id, phone, email and card.")
        digests = tuple((i.kind.value, house.vault.digest(place[0], i)) for i in identifiers)
        return cls(claim, merchant_id, *place, tuple(identifiers), digests, replace, render)

    def wants(self) -> Wants:
        keys = {(self.program_id, kind, digest) for kind, digest in self.digests}
        return Wants(
            programs={self.program_id},
            members={self.member_id},
            identities={self.member_id},
            identifiers=keys,
        )

    def decide(self, work: UnitOfWork) -> Answer:
        member = owned_member(work, self.merchant_id, self.program_id, self.member_id)
        require_open(member.state, member.merged_into)
        program = work.state.programs[self.program_id]
        check_cards(work, program, self.identifiers, self.digests)
        fresh = free_digests(work, member, self.identifiers)
        identity = identity_of(work, member)
        replaced = self._replaced(identity)
        for identifier in self.identifiers:
            known = [value for value in identity.get(identifier.kind, ()) if value not in replaced]
            others = [value for value in known if value != identifier.value]
            if len(others) >= IDENTIFIERS_MAX:
                raise IdentifierInvalid(f"A member has at most {IDENTIFIERS_MAX} of a kind.")
            identity[identifier.kind.value] = [identifier.value, *others]
        for gone in replaced.values():
            if gone.kind is IdentifierKind.CARD:
                stage_owner(work, self.program_id, gone, None)
            else:
                forget(work, self.program_id, gone)
        stage_digests(work, member, fresh)
        stage_identity(work, member, identity)
        note_change(work, member, "identifiers_replaced" if self.replace else "identifiers_added")
        body = self.render(IdentityChanged(member, identity))
        return Answer(200, body, names_member=member.id)

    def _replaced(self, identity: Identity) -> dict[str, Identifier]:
        """Those that go, by value."""
        if not self.replace:
            return {}
        kinds, kept = {i.kind for i in self.identifiers}, {i.value for i in self.identifiers}
        return {
            had.value: had
            for had in identifiers_in(identity)
            if had.kind in kinds and had.value not in kept
        }
