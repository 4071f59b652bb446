"""Say what a program's points cost, and how many of them will be used."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from backend.core.errors import UnknownProgram
from backend.core.staff_actions import Action
from backend.ledger.columns import table_of
from backend.ledger.figure_settings import Settings
from backend.ledger.figure_tables import FigureSettings
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.record_action import stage_action

_SETTINGS = table_of(FigureSettings)


@dataclass(frozen=True, slots=True)
class _Set:
    by: StaffRecord
    program_id: str
    settings: Settings

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants(programs={self.program_id})

    def decide(self, work: UnitOfWork) -> Answer:
        program = work.state.programs.get(self.program_id)
        if program is None or program.merchant_id != self.by.merchant_id:
            raise UnknownProgram("There is no such program.")
        said = self.settings
        row = {
            "program_id": program.id,
            "cost_points": said.cost_points,
            "cost_minor": said.cost_minor,
            "used_bp": said.used_bp,
        }

        def is_there(connection: Connection) -> bool:
            mine = select(_SETTINGS.c.program_id).where(_SETTINGS.c.program_id == program.id)
            return connection.execute(mine).first() is not None

        if work.ask(is_there):
            work.stage_update(FigureSettings, row)
        else:
            work.stage(FigureSettings, row)
        stage_action(work, self.by, Action.PROGRAM_CHANGED, program.id, "", program.id)
        return Answer(200, b"")


async def set_point_cost(
    house: House, by: StaffRecord, program_id: str, settings: Settings
) -> None:
    """For the figures of the console; no point is moved by it. Raises UnknownProgram."""
    await house.committer.submit(_Set(by, program_id, settings))
