"""Create an API key of a merchant."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.staff_actions import Action
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.merchants import key_row
from backend.ledger.people import StaffRecord
from backend.ledger.tables import ApiKey
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.record_action import stage_action
from backend.services.sessions import new_token


@dataclass(frozen=True, slots=True)
class _Create:
    claim: Claim
    by: StaffRecord
    key_id: str
    secret: str
    label: str

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        row = key_row(self.key_id, self.by.merchant_id, self.secret, self.label, work.now_ms)
        work.stage(ApiKey, row)
        stage_action(work, self.by, Action.KEY_CREATED, self.key_id, self.label)
        return Answer(201, b"")


async def create_key(house: House, claim: Claim, by: StaffRecord, label: str) -> str | None:
    """The key itself, which nobody can read again: only its digest is kept. None where the claim
    was answered before."""
    secret = f"mk_{new_token(house)}"
    answer = await house.committer.submit(_Create(claim, by, house.new_id("key"), secret, label))
    return None if answer.replayed else secret
