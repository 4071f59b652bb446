"""Reads of a merchant's people and of sessions; writing them is the commands' business."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, bindparam, select

from backend.core.roles import Role
from backend.ledger.columns import table_of
from backend.ledger.people_tables import StaffUser, WebSession
from backend.ledger.tables import Merchant

_USERS, _SESSIONS, _MERCHANTS = table_of(StaffUser), table_of(WebSession), table_of(Merchant)
_SELECT_USER = select(_USERS, _MERCHANTS.c.name.label("merchant_name")).join(
    _MERCHANTS, _MERCHANTS.c.id == _USERS.c.merchant_id
)
_BY_EMAIL = _SELECT_USER.where(_USERS.c.email == bindparam("email"))
_BY_ID = _SELECT_USER.where(_USERS.c.id == bindparam("user"))
_OF_MERCHANT = _SELECT_USER.where(_USERS.c.merchant_id == bindparam("merchant")).order_by(
    _USERS.c.id
)
_BY_INVITATION = _SELECT_USER.where(
    _USERS.c.invite_sha256 == bindparam("digest"),
    _USERS.c.invite_expires_at_ms > bindparam("now_ms"),
    _USERS.c.disabled_at_ms.is_(None),
)
_SESSION = select(_SESSIONS.c.subject).where(
    _SESSIONS.c.token_sha256 == bindparam("digest"),
    _SESSIONS.c.kind == bindparam("kind"),
    _SESSIONS.c.expires_at_ms > bindparam("now_ms"),
)


@dataclass(frozen=True, slots=True)
class StaffRecord:
    """One of a merchant's people as stored."""

    id: str
    merchant_id: str
    merchant_name: str
    email: str
    name: str
    role: str
    password_hash: str | None
    invite_sha256: str | None
    invite_expires_at_ms: int | None
    created_at_ms: int
    disabled_at_ms: int | None

    @property
    def rights(self) -> Role:
        return Role(self.role)


def token_digest(token: str) -> str:
    """What is stored of a token. It has 256 random bits, so a plain hash cannot be guessed."""
    return sha256(token.encode()).hexdigest()


def user_by_email(connection: Connection, email: str) -> StaffRecord | None:
    row = connection.execute(_BY_EMAIL, {"email": email}).first()
    return StaffRecord(**row._mapping) if row else None


def user_by_id(connection: Connection, user_id: str) -> StaffRecord | None:
    row = connection.execute(_BY_ID, {"user": user_id}).first()
    return StaffRecord(**row._mapping) if row else None


def user_by_invitation(connection: Connection, token: str, now_ms: int) -> StaffRecord | None:
    """Whom an invitation is for, as long as it may be taken up."""
    bound = {"digest": token_digest(token), "now_ms": now_ms}
    row = connection.execute(_BY_INVITATION, bound).first()
    return StaffRecord(**row._mapping) if row else None


def locked_users_of(connection: Connection, merchant_id: str) -> list[StaffRecord]:
    """`users_of`, with changes of the merchant's people by others waiting for this transaction."""
    locked = select(_MERCHANTS.c.id).where(_MERCHANTS.c.id == merchant_id).with_for_update()
    connection.execute(locked)
    return users_of(connection, merchant_id)


def users_of(connection: Connection, merchant_id: str) -> list[StaffRecord]:
    """All of a merchant's people, oldest first, the disabled among them."""
    rows = connection.execute(_OF_MERCHANT, {"merchant": merchant_id})
    return [StaffRecord(**row._mapping) for row in rows]


def session_subject(connection: Connection, kind: str, token: str, now_ms: int) -> str | None:
    """Whose session of this kind it is, as long as it lasts."""
    bound = {"digest": token_digest(token), "kind": kind, "now_ms": now_ms}
    return connection.execute(_SESSION, bound).scalar()
