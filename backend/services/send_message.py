"""Have a message sent to a member; what is not sent in a day is given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend.core.contact import DAY_MS, Channel, Content
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.message_tables import Message
from backend.ledger.messages import message_row
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class _Queue:
    row: dict[str, Any]

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        work.stage(Message, self.row)
        return Answer(201, b"")


async def send_message(
    house: House, channel: Channel, content: Content, member_id: str | None
) -> str:
    """The message's id. It is written down sealed, and sent by the worker; it goes with the member
    where they are erased before."""
    message_id, now_ms = house.new_id("msg"), house.now_ms()
    row = message_row(house.vault, message_id, channel, content, now_ms, now_ms + DAY_MS, member_id)
    await house.committer.submit(_Queue(row))
    return message_id
