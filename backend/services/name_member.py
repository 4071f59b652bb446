"""Keep what a member wants to be called; an empty name is none."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.membership import require_open
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.identity import NAME, identity_of, stage_identity
from backend.services.lookup import owned_member


@dataclass(frozen=True, slots=True)
class NameMember:
    """Raises UnknownMember, MemberClosed or MemberMerged."""

    merchant_id: str
    program_id: str
    member_id: str
    name: str

    @property
    def claim(self) -> Claim | None:
        """None: doing it twice is doing it once."""
        return None

    def wants(self) -> Wants:
        mine = {self.member_id}
        return Wants(programs={self.program_id}, members=mine, identities=mine)

    def decide(self, work: UnitOfWork) -> Answer:
        member = owned_member(work, self.merchant_id, self.program_id, self.member_id)
        require_open(member.state, member.merged_into)
        identity = identity_of(work, member)
        identity.pop(NAME, None)
        if self.name:
            identity[NAME] = self.name
        stage_identity(work, member, identity)
        return Answer(200, b"")
