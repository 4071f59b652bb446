"""Release pending points whose day has come, a slice at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.ledger.earning_state import WAITING
from backend.ledger.engine import writing
from backend.ledger.occasions import DuePoints, due_points
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.vault import Vault
from backend.ledger.wants import Wants
from backend.services.minute_sweep import MinuteSweep
from backend.services.pending_points import release

SLICE_MAX = 200


@dataclass(slots=True)
class ReleaseSweep(MinuteSweep):
    """Counts pending points. They are read again under the program's lock before they are
    released."""

    vault: Vault

    def do_slice(self, now_ms: int) -> int:
        with self.engine.connect() as connection:
            due = due_points(connection, now_ms, SLICE_MAX)
        return sum(self._release(*each, now_ms) for each in due.items())

    def _release(self, program_id: str, due: Sequence[DuePoints], now_ms: int) -> int:
        wants = Wants(
            programs={program_id},
            members={each.member_id for each in due},
            pending={each.id for each in due},
        )
        count = 0
        with writing(self.engine) as connection:
            work = UnitOfWork(connection, self.vault, now_ms, self.new_id)
            work.load(wants)
            for row in list(work.state.earning.pending.values()):
                member = work.state.members.get(row["member_id"])
                # A member who was erased has nobody left to receive them.
                if member is not None and row["state"] == WAITING:
                    release(work, member, row)
                    count += 1
            work.flush()
        return count
