"""Tables of what is sent to people: messages on their way, one-time codes, the developer's inbox.

Addresses and codes are personal data: they stand here sealed or digested, and no longer than the
sending takes.
"""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint, blob


class Message(SQLModel, table=True):
    """An e-mail or SMS. `sealed_content` is gone as soon as it was sent or given up.

    `state` is waiting, sent, failed, or withheld: of an address that nobody has, written all the
    same so that asking takes as long. What is not sent at `expires_at_ms` is given up.
    `person_digest` is the keyed digest of the address.
    """

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_due", "state", "due_at_ms"),)

    id: str = Field(primary_key=True)
    channel: str
    member_id: str | None = Field(default=None, foreign_key="members.id", index=True)
    person_digest: str = Field(index=True)
    sealed_content: bytes | None = Field(default=None, sa_column=blob(nullable=True))
    state: str
    attempts: int
    due_at_ms: int = Field(sa_column=bigint())
    created_at_ms: int = Field(sa_column=bigint())
    expires_at_ms: int = Field(sa_column=bigint())
    closed_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    failure: str | None = None


class OneTimeCode(SQLModel, table=True):
    """A code of six digits that proves an address. Found by the SHA-256 of a token that the
    browser keeps; the digits are digested under the vault's key, together with that."""

    __tablename__ = "one_time_codes"
    __table_args__ = (Index("ix_one_time_codes_person", "person_digest", "created_at_ms"),)

    token_sha256: str = Field(primary_key=True)
    purpose: str
    person_digest: str
    code_digest: str
    sealed_context: bytes | None = Field(default=None, sa_column=blob(nullable=True))
    tries_left: int
    created_at_ms: int = Field(sa_column=bigint())
    expires_at_ms: int = Field(sa_column=bigint(nullable=False))
    used_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class InboxMessage(SQLModel, table=True):
    """What the receivers of a development system were sent; `message_id` names the message."""

    __tablename__ = "inbox_messages"

    id: str = Field(primary_key=True)
    message_id: str = Field(index=True)
    channel: str
    sealed_content: bytes = Field(sa_column=blob())
    received_at_ms: int = Field(sa_column=bigint())
