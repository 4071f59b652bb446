"""Write down what a member agrees to, or no longer; what is as before is not written again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.core.membership import require_open
from backend.core.privacy import WORDING, ChoicePurpose
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.privacy import Choice, choices_of, holding
from backend.ledger.privacy_tables import MemberChoice
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.lookup import owned_member


@dataclass(frozen=True, slots=True)
class ChoosePrivacy:
    """`source` is where the member chose. Raises UnknownMember, MemberClosed or MemberMerged."""

    merchant_id: str
    program_id: str
    member_id: str
    choices: Mapping[ChoicePurpose, bool]
    source: str

    @property
    def claim(self) -> Claim | None:
        """None: doing it twice is doing it once."""
        return None

    def wants(self) -> Wants:
        return Wants(programs={self.program_id}, members={self.member_id})

    def decide(self, work: UnitOfWork) -> Answer:
        member = owned_member(work, self.merchant_id, self.program_id, self.member_id)
        require_open(member.state, member.merged_into)
        now = holding(work.ask(lambda connection: choices_of(connection, member.id)))
        for purpose, granted in self.choices.items():
            if granted == (purpose in now and now[purpose].granted):
                continue
            row = {
                "id": work.new_id("cho"),
                "member_id": member.id,
                "program_id": member.program_id,
                "purpose": purpose.value,
                "granted": granted,
                "source": self.source,
                "wording": WORDING,
                "chosen_at_ms": work.now_ms,
            }
            work.stage(MemberChoice, row)
        return Answer(200, b"")


async def read_choices(house: House, merchant_id: str, member_id: str) -> list[Choice]:
    """Every choice of a member's, the newest first; raises UnknownMember."""
    record = await member_record(house, merchant_id, member_id)
    return await house.ledger.run(lambda connection: choices_of(connection, record.id))
