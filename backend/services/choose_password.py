"""Choose a password: the first one with an invitation, later ones with the one before."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from backend.core.people_errors import InvitationInvalid, PasswordWrong, SignInRefused
from backend.core.staff_actions import Action
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord, user_by_invitation
from backend.ledger.people_tables import StaffUser, WebSession
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.record_action import stage_action
from backend.services.sign_in_staff import check_password, hash_password


@dataclass(frozen=True, slots=True)
class _TakeUp:
    token: str
    password_hash: str

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        user = work.ask(lambda found: user_by_invitation(found, self.token, work.now_ms))
        if user is None:
            raise _no_longer_good()
        row = {
            "id": user.id,
            "password_hash": self.password_hash,
            "invite_sha256": None,
            "invite_expires_at_ms": None,
        }
        work.stage_update(StaffUser, row)
        stage_action(work, user, Action.USER_JOINED, user.id)
        return Answer(200, user.id.encode())


@dataclass(frozen=True, slots=True)
class _Change:
    user: StaffRecord
    password_hash: str

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        row = {"id": self.user.id, "password_hash": self.password_hash}
        work.stage_update(StaffUser, row)
        work.stage_delete(WebSession, {"kind": "staff", "subject": self.user.id})
        stage_action(work, self.user, Action.PASSWORD_CHANGED, self.user.id)
        return Answer(200, b"")


def _no_longer_good() -> InvitationInvalid:
    return InvitationInvalid("This invitation was used or replaced, or is too old.")


async def read_invitation(house: House, token: str) -> StaffRecord:
    """Whom it is for; raises InvitationInvalid."""
    now_ms = house.now_ms()
    user = await house.ledger.run(lambda found: user_by_invitation(found, token, now_ms))
    if user is None:
        raise _no_longer_good()
    return user


async def take_up_invitation(house: House, token: str, password: str) -> str:
    """Sets the first password; the id of the user. Raises InvitationInvalid or
    PasswordTooShort."""
    await read_invitation(house, token)
    password_hash = await asyncio.to_thread(hash_password, password)
    answer = await house.committer.submit(_TakeUp(token, password_hash))
    return answer.body.decode()


async def change_password(house: House, user: StaffRecord, old: str, new: str) -> None:
    """Ends every session of the user. Raises PasswordWrong or PasswordTooShort."""
    try:
        await check_password(house, user.email, old)
    except SignInRefused:
        raise PasswordWrong("This is not the password you have now.") from None
    password_hash = await asyncio.to_thread(hash_password, new)
    await house.committer.submit(_Change(user, password_hash))
