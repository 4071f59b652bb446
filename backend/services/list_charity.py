"""List a charity that members can donate to, or take it off the list again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.core.spending_errors import UnknownCharity
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.reward_tables import Charity
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import owned, program_of, well_formed

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ListCharity:
    """Raises UnknownProgram."""

    merchant_id: str
    claim: Claim | None
    program_id: str
    name: str
    registration: str
    url: str | None
    render: Callable[[Row], bytes]

    def wants(self) -> Wants:
        return Wants(programs=well_formed("prg", self.program_id))

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.merchant_id, self.program_id)
        row: Row = {
            "id": work.new_id("cha"),
            "program_id": program.id,
            "name": self.name,
            "registration": self.registration,
            "url": self.url,
            "listed": True,
            "receipt_count": 0,
            "donated_minor": 0,
            "created_at_ms": work.now_ms,
        }
        work.stage(Charity, row)
        work.state.spending.charities[row["id"]] = row
        return Answer(201, self.render(row))


@dataclass(frozen=True, slots=True)
class DelistCharity:
    """Its rewards take no more claims; receipts stand. Raises UnknownCharity."""

    merchant_id: str
    claim: Claim | None
    charity_id: str
    program_id: str
    render: Callable[[Row], bytes]

    def wants(self) -> Wants:
        return Wants(programs={self.program_id}, charities={self.charity_id})

    def decide(self, work: UnitOfWork) -> Answer:
        charity = work.state.spending.charities.get(self.charity_id)
        if charity is None or not owned(work, self.merchant_id, self.program_id):
            raise UnknownCharity("There is no such charity.")
        charity["listed"] = False
        work.stage_update(Charity, {"id": charity["id"], "listed": False})
        return Answer(200, self.render(charity))
