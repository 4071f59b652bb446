"""Tables of those who sign in to pages: a merchant's people, and sessions of theirs and of members.

A session is found by the SHA-256 of its token, which only the browser has.
"""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class StaffUser(SQLModel, table=True):
    """One of a merchant's people. `email` is in lower case; `role` is a core Role.

    `password_hash` (Argon2id) is None until an invitation was taken up; `invite_sha256` is the
    digest of the invitation's token, None once used. A disabled user keeps their name in what
    they did.
    """

    __tablename__ = "staff_users"

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchants.id", index=True)
    email: str = Field(unique=True)
    name: str
    role: str
    password_hash: str | None = None
    invite_sha256: str | None = Field(default=None, unique=True)
    invite_expires_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    created_at_ms: int = Field(sa_column=bigint())
    disabled_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class WebSession(SQLModel, table=True):
    """A signed-in browser. `kind` is `staff` or `member`.

    `subject` is the user's id, or the ids of one person's members with spaces between them.
    """

    __tablename__ = "web_sessions"

    token_sha256: str = Field(primary_key=True)
    kind: str
    subject: str = Field(index=True)
    created_at_ms: int = Field(sa_column=bigint())
    expires_at_ms: int = Field(sa_column=bigint())
