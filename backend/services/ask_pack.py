"""Ask for a proof pack of a program, and find those that were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backend.core.book_errors import UnknownPack
from backend.ledger import packs
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.pack_tables import ProofPack
from backend.ledger.packs import PackRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class AskPack:
    """Asked for twice while one is under way, there is one."""

    program_id: str
    user_id: str

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        known = work.ask(lambda connection: packs.packs_of(connection, self.program_id))
        if not any(each.state in {"asked", "making"} for each in known):
            work.stage(
                ProofPack,
                {
                    "id": work.new_id("pck"),
                    "program_id": self.program_id,
                    "asked_by": self.user_id,
                    "asked_at_ms": work.now_ms,
                    "state": "asked",
                },
            )
        return Answer(201, b"")


async def list_packs(house: House, program_id: str) -> list[PackRecord]:
    """The program's newest packs."""
    return await house.ledger.run(lambda connection: packs.packs_of(connection, program_id))


async def pack_file(house: House, program_id: str, pack_id: str) -> tuple[PackRecord, Path]:
    """A pack that is ready, and its file. Raises UnknownPack."""
    found = await house.ledger.run(
        lambda connection: packs.pack_of(connection, program_id, pack_id)
    )
    if found is not None and found.state == "ready" and house.downloads is not None:
        path = house.downloads / f"{found.id}.zip"
        if path.is_file():
            return found, path
    raise UnknownPack("There is no such proof pack, or its file was removed.")
