"""What a program's pages are set to: when a second person approves, what receipts say."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from backend.core.adjustments import APPROVAL_ABOVE_POINTS, AdjustmentInvalid
from backend.core.operations import POINTS_MAX
from backend.core.staff_actions import Action
from backend.ledger import adjustments
from backend.ledger.adjustment_tables import ConsoleSettings
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.lookup import program_of
from backend.services.record_action import stage_action

TEXT_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class Settings:
    """Empty texts stand for our own words."""

    approval_above_points: int = APPROVAL_ABOVE_POINTS
    receipt_head: str = ""
    receipt_foot: str = ""


async def read_settings(house: House, program_id: str) -> Settings:
    """As the merchant has set them."""
    row = await house.ledger.run(lambda connection: adjustments.settings_of(connection, program_id))
    if row is None:
        return Settings()
    return Settings(row["approval_above_points"], row["receipt_head"], row["receipt_foot"])


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Raises UnknownProgram, or AdjustmentInvalid for a bound that no adjustment has."""

    by: StaffRecord
    program_id: str
    settings: Settings

    @property
    def claim(self) -> Claim | None:
        """None: doing it twice is doing it once."""
        return None

    def wants(self) -> Wants:
        return Wants(programs={self.program_id})

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.by.merchant_id, self.program_id)
        if not 0 <= self.settings.approval_above_points <= POINTS_MAX:
            raise AdjustmentInvalid(f"The bound is 0 to {POINTS_MAX} points.")
        # Of two that set it for the first time in one group, the second finds the first's row.
        work.execute()
        known = work.ask(lambda connection: adjustments.settings_of(connection, program.id))
        row = {"program_id": program.id, **asdict(self.settings)}
        if known is None:
            work.stage(ConsoleSettings, row)
        else:
            work.stage_update(ConsoleSettings, row)
        detail = f"approval above {self.settings.approval_above_points}"
        stage_action(work, self.by, Action.PROGRAM_CHANGED, program.id, detail, program.id)
        return Answer(200, b"")
