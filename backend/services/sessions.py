"""Open and close sessions of browsers; find who is behind one."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection

from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord, session_subject, token_digest, user_by_id
from backend.ledger.people_tables import WebSession
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House

Kind = Literal["staff", "member"]

SESSION_MS: Final[dict[Kind, int]] = {"staff": 12 * 3_600_000, "member": 90 * 86_400_000}
"""A working day for people at a till; a member's phone stays signed in for a season."""
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class _Open:
    row: dict[str, str | int]

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        work.stage(WebSession, self.row)
        return Answer(201, b"")


@dataclass(frozen=True, slots=True)
class _Close:
    columns: dict[str, str | int]

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        work.stage_delete(WebSession, dict(self.columns))
        return Answer(200, b"")


def new_token(house: House) -> str:
    """256 random bits in characters that a URL may have."""
    return urlsafe_b64encode(house.entropy(_TOKEN_BYTES)).decode().rstrip("=")


async def open_session(house: House, kind: Kind, subject: str) -> str:
    """A new session's token, which nothing but the browser keeps."""
    token = new_token(house)
    now_ms = house.now_ms()
    row: dict[str, str | int] = {
        "token_sha256": token_digest(token),
        "kind": kind,
        "subject": subject,
        "created_at_ms": now_ms,
        "expires_at_ms": now_ms + SESSION_MS[kind],
    }
    await house.committer.submit(_Open(row))
    return token


async def close_session(house: House, token: str) -> None:
    """Ends one session; nothing happens when it has ended already."""
    await house.committer.submit(_Close({"token_sha256": token_digest(token)}))


async def close_sessions_of(house: House, kind: Kind, subject: str) -> None:
    """Ends every session of somebody: their password or role has changed."""
    await house.committer.submit(_Close({"kind": kind, "subject": subject}))


async def staff_behind(house: House, token: str) -> StaffRecord | None:
    """The user whose session it is, unless it has ended or they were disabled."""
    now_ms = house.now_ms()

    def read(connection: Connection) -> StaffRecord | None:
        subject = session_subject(connection, "staff", token, now_ms)
        user = user_by_id(connection, subject) if subject else None
        return user if user and user.disabled_at_ms is None else None

    return await house.ledger.run(read)


async def members_behind(house: House, token: str) -> list[str]:
    """The member ids of the person whose session it is; none when it has ended."""
    now_ms = house.now_ms()
    subject = await house.ledger.run(
        lambda connection: session_subject(connection, "member", token, now_ms)
    )
    return subject.split() if subject else []
