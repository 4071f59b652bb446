"""Deactivate a member and reactivate them: nothing is lost meanwhile, nothing earned or spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.membership import MembershipState, require_open
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.tables import Member
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.identity import note_change
from backend.services.lookup import owned_member


@dataclass(frozen=True, slots=True)
class ChangeState:
    """To `active` or `deactivated`; the same again changes nothing.

    Raises UnknownMember, MemberClosed or MemberMerged.
    """

    claim: Claim | None
    merchant_id: str
    program_id: str
    member_id: str
    state: MembershipState
    render: Callable[[MemberState], bytes]

    def wants(self) -> Wants:
        return Wants(programs={self.program_id}, members={self.member_id})

    def decide(self, work: UnitOfWork) -> Answer:
        member = owned_member(work, self.merchant_id, self.program_id, self.member_id)
        require_open(member.state, member.merged_into)
        if member.state != self.state:
            stage_state(work, member, self.state)
            reactivated = self.state is MembershipState.ACTIVE
            note_change(work, member, "reactivated" if reactivated else "deactivated")
        return Answer(200, self.render(member))


def stage_state(
    work: UnitOfWork, member: MemberState, state: MembershipState, merged_into: str | None = None
) -> None:
    """Has the member's new state written."""
    member.state, member.merged_into = state.value, merged_into
    row = {"id": member.id, "state": state.value, "merged_into": merged_into}
    work.stage_update(Member, row)
