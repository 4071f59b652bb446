"""Ask for an export of a program, find those that were asked for, and take their files.

An export of members has what names them only for somebody whose role works with members and who
asked for it; asking and downloading are written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.core.errors import UnknownProgram
from backend.core.exports import ExportInvalid, FileFormat, Subject, TooManyExports, UnknownExport
from backend.core.roles import Permission, may
from backend.core.staff_actions import Action
from backend.ledger import exports
from backend.ledger.export_tables import Export
from backend.ledger.exports import ExportRecord
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.record_action import record_action, stage_action

UNDER_WAY_MAX: Final = 5


def may_name_members(user: StaffRecord) -> bool:
    """Whether the user may have an export that names members."""
    return may(user.rights, Permission.EXPORT) and may(user.rights, Permission.MEMBERS)


@dataclass(frozen=True, slots=True)
class AskExport:
    """Raises UnknownProgram, ExportInvalid or TooManyExports."""

    claim: Claim
    by: StaffRecord
    program_id: str
    subject: Subject
    format: FileFormat
    personal: bool

    def wants(self) -> Wants:
        return Wants(programs={self.program_id})

    def decide(self, work: UnitOfWork) -> Answer:
        program = work.state.programs.get(self.program_id)
        if program is None or program.merchant_id != self.by.merchant_id:
            raise UnknownProgram("There is no such program.")
        if self.personal and (self.subject is not Subject.MEMBERS or not may_name_members(self.by)):
            raise ExportInvalid("This export cannot name members.")
        known = work.ask(lambda connection: exports.exports_of(connection, program.id))
        if sum(1 for each in known if each.under_way) >= UNDER_WAY_MAX:
            raise TooManyExports("So many exports are under way; wait until one is ready.")
        export_id = work.new_id("exp")
        row = {
            "id": export_id,
            "program_id": program.id,
            "merchant_id": program.merchant_id,
            "asked_by": self.by.id,
            "asked_at_ms": work.now_ms,
            "subject": self.subject.value,
            "format": self.format.value,
            "personal": self.personal,
            "state": "asked",
            "entry_no": program.entry_count,
            "activity_no": program.activity_count,
            "lease_until_ms": 0,
            "rows_total": 0,
            "rows_done": 0,
        }
        work.stage(Export, row)
        detail = f"{self.subject.value}, {self.format.value}{', named' if self.personal else ''}"
        stage_action(work, self.by, Action.EXPORT_ASKED, export_id, detail, program.id)
        return Answer(201, export_id.encode())


async def list_exports(house: House, program_id: str) -> list[ExportRecord]:
    """The program's newest exports."""
    return await house.ledger.run(lambda connection: exports.exports_of(connection, program_id))


async def take_file(
    house: House, by: StaffRecord, program_id: str, export_id: str
) -> tuple[ExportRecord, Path]:
    """An export that is ready, and its file; that it was taken is written down.

    Raises UnknownExport, also where it names members and the user may not see them.
    """
    found = await house.ledger.run(
        lambda connection: exports.export_of(connection, program_id, export_id)
    )
    if found is not None and found.state == "ready" and house.downloads is not None:
        path = house.downloads / found.file_name
        if path.is_file() and (not found.personal or may_name_members(by)):
            await record_action(
                house, by, Action.EXPORT_DOWNLOADED, found.id, found.subject, program_id
            )
            return found, path
    raise UnknownExport("There is no such export, or its file was removed.")
