"""Invite somebody to a merchant's people, and invite them again.

The invitation is a token in a link. It is shown once and only its digest is kept; it is good once,
until somebody chose a password with it, it was replaced, or its time is over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from backend.core.people_errors import EmailInvalid, EmailTaken, InvitationInvalid
from backend.core.roles import Role
from backend.core.staff_actions import Action
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord, locked_users_of, token_digest, user_by_email
from backend.ledger.people_tables import StaffUser
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.change_user import found_among
from backend.services.house import House
from backend.services.record_action import stage_action
from backend.services.sessions import new_token

INVITATION_MS: Final = 7 * 86_400_000
EMAIL_LENGTH_MAX: Final = 254
# What a mail server may refuse is its business; this keeps out what is no address at all.
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


def read_email(text: str) -> str:
    """An address in lower case; raises EmailInvalid."""
    email = text.strip().lower()
    if len(email) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(email):
        raise EmailInvalid("This is no e-mail address.")
    return email


@dataclass(frozen=True, slots=True)
class _Invite:
    claim: Claim
    by: StaffRecord
    user_id: str
    email: str
    name: str
    role: Role
    token_sha256: str

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        if work.ask(lambda connection: user_by_email(connection, self.email)):
            raise EmailTaken("Somebody signs in with this address already.")
        row = {
            "id": self.user_id,
            "merchant_id": self.by.merchant_id,
            "email": self.email,
            "name": self.name,
            "role": self.role.value,
            "password_hash": None,
            "invite_sha256": self.token_sha256,
            "invite_expires_at_ms": work.now_ms + INVITATION_MS,
            "created_at_ms": work.now_ms,
            "disabled_at_ms": None,
        }
        work.stage(StaffUser, row)
        stage_action(work, self.by, Action.USER_INVITED, self.user_id, self.role.value)
        return Answer(201, b"")


@dataclass(frozen=True, slots=True)
class _InviteAgain:
    by: StaffRecord
    user_id: str
    token_sha256: str

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        users = work.ask(lambda connection: locked_users_of(connection, self.by.merchant_id))
        user = found_among(users, self.user_id)
        if user.password_hash is not None or user.disabled_at_ms is not None:
            raise InvitationInvalid("Only somebody who has not joined yet can be invited again.")
        row = {
            "id": user.id,
            "invite_sha256": self.token_sha256,
            "invite_expires_at_ms": work.now_ms + INVITATION_MS,
        }
        work.stage_update(StaffUser, row)
        stage_action(work, self.by, Action.USER_INVITED_AGAIN, user.id)
        return Answer(200, b"")


async def invite_user(
    house: House, claim: Claim, by: StaffRecord, email: str, name: str, role: Role
) -> str | None:
    """Adds a user who cannot sign in yet; the token, or None where the claim was answered before.
    Raises EmailInvalid or EmailTaken."""
    user_id, token = house.new_id("usr"), new_token(house)
    command = _Invite(claim, by, user_id, read_email(email), name, role, token_digest(token))
    answer = await house.committer.submit(command)
    return None if answer.replayed else token


async def invite_again(house: House, by: StaffRecord, user_id: str) -> str:
    """A new token; the one before is good for nothing. Raises UnknownUser or InvitationInvalid."""
    token = new_token(house)
    await house.committer.submit(_InviteAgain(by, user_id, token_digest(token)))
    return token
