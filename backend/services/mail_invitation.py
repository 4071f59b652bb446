"""Mail an invitation to the address it is for, where mail can leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend.core.contact import Channel, Content
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.message_tables import Message
from backend.ledger.messages import message_row
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.invite_user import INVITATION_MS


@dataclass(frozen=True, slots=True)
class _Mail:
    message: dict[str, Any]

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        work.stage(Message, self.message)
        return Answer(201, b"")


async def mail_invitation(house: House, content: Content) -> bool:
    """Whether it is on its way."""
    if Channel.EMAIL not in house.channels:
        return False
    now_ms = house.now_ms()
    message = message_row(
        house.vault,
        house.new_id("msg"),
        Channel.EMAIL,
        content,
        now_ms,
        now_ms + INVITATION_MS,
        None,
    )
    await house.committer.submit(_Mail(message))
    return True
