"""A command with the name of who of the merchant's people does it: both are written, or neither."""

from __future__ import annotations

import json
from dataclasses import dataclass

from backend.core.staff_actions import Action
from backend.ledger.group_commit import Answer, Claim, Command
from backend.ledger.people import StaffRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.record_action import stage_action


@dataclass(frozen=True, slots=True)
class DoneBy:
    """`subject` None is the `id` of the command's answer. What is sent again writes no second
    line, for it is not decided again."""

    command: Command
    by: StaffRecord
    action: Action
    program_id: str
    subject: str | None = None
    detail: str = ""

    @property
    def claim(self) -> Claim | None:
        return self.command.claim

    @property
    def merchant_id(self) -> str:
        """Who asks, for commands without a claim."""
        return self.by.merchant_id

    def wants(self) -> Wants:
        return self.command.wants()

    def decide(self, work: UnitOfWork) -> Answer:
        answer = self.command.decide(work)
        subject = self.subject or str(json.loads(answer.body)["id"])
        stage_action(work, self.by, self.action, subject, self.detail, self.program_id)
        return answer
