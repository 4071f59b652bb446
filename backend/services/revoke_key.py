"""Revoke an API key: it is refused within seconds, for ever."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.people_errors import UnknownKey
from backend.core.staff_actions import Action
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.merchants import KeyRecord, keys_of
from backend.ledger.people import StaffRecord
from backend.ledger.tables import ApiKey
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.record_action import stage_action


@dataclass(frozen=True, slots=True)
class _Revoke:
    by: StaffRecord
    key_id: str

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        keys = work.ask(lambda connection: keys_of(connection, self.by.merchant_id))
        key = next((each for each in keys if each.id == self.key_id), None)
        if key is None:
            raise UnknownKey("There is no such key.")
        if key.revoked_at_ms is None:
            work.stage_update(ApiKey, {"id": key.id, "revoked_at_ms": work.now_ms})
            stage_action(work, self.by, Action.KEY_REVOKED, key.id, key.label)
        return Answer(200, b"")


async def read_keys(house: House, merchant_id: str) -> list[KeyRecord]:
    """A merchant's keys, the live ones first."""
    return await house.ledger.run(lambda connection: keys_of(connection, merchant_id))


async def revoke_key(house: House, by: StaffRecord, key_id: str) -> None:
    """Once revoked it stays so. Raises UnknownKey."""
    await house.committer.submit(_Revoke(by, key_id))
