"""Write down who of a merchant's people did what, in the transaction that did it.

A command calls `stage_action` in its `decide`, so that there is no act without its line and no
line without its act; `record_action` is for what no command of ours does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.core.staff_actions import Action
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord
from backend.ledger.staff_action_tables import StaffAction
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House

DETAIL_CHARACTERS_MAX: Final = 300


def stage_action(
    work: UnitOfWork,
    by: StaffRecord,
    action: Action,
    subject: str,
    detail: str = "",
    program_id: str | None = None,
) -> None:
    """Adds a line to the trail with what the command stages. `subject` is an id of ours; `detail`
    has nothing personal about a member."""
    row = {
        "id": work.new_id("act"),
        "merchant_id": by.merchant_id,
        "user_id": by.id,
        "program_id": program_id,
        "action": action.value,
        "subject": subject,
        "detail": detail[:DETAIL_CHARACTERS_MAX],
        "at_ms": work.now_ms,
    }
    work.stage(StaffAction, row)


@dataclass(frozen=True, slots=True)
class _Record:
    by: StaffRecord
    action: Action
    subject: str
    detail: str
    program_id: str | None

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        stage_action(work, self.by, self.action, self.subject, self.detail, self.program_id)
        return Answer(201, b"")


async def record_action(
    house: House,
    by: StaffRecord,
    action: Action,
    subject: str,
    detail: str = "",
    program_id: str | None = None,
) -> None:
    """Adds a line to the trail by itself."""
    await house.committer.submit(_Record(by, action, subject, detail, program_id))
