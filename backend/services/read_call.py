"""Read a call: what was asked of the chain besides batches, and how far it got."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.errors import UnknownCall
from backend.core.ids import is_id
from backend.ledger import calls
from backend.ledger.calls import CallRecord
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class CallRead:
    record: CallRecord
    explorer_url: str | None


async def read_call(house: House, merchant_id: str, call_id: str) -> CallRead:
    """Raises UnknownCall, also when it is somebody else's."""

    def read(connection: Connection) -> CallRead:
        known = is_id("cal", call_id)
        record = calls.call_of(connection, merchant_id, call_id) if known else None
        if record is None:
            raise UnknownCall("There is no such call.")
        template = house.explorer_tx_url
        url = template.replace("{tx_hash}", record.tx_hash or "") if template else None
        return CallRead(record, url if record.tx_hash else None)

    return await house.ledger.run(read)
