"""Tables of members' own keys, and of what members are asked to confirm with them."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class Confirmation(SQLModel, table=True):
    """A redemption that waits for its member's signature, as long as its hold runs.

    `merchant_id`, `till` and `note` say who asks and what for; `redemption_ref` (0x hex of 32
    bytes) is part of what is signed. `state` is a ConfirmationState; one that still waits is over
    with its hold.
    """

    __tablename__ = "confirmations"
    __table_args__ = (
        Index("ix_confirmations_redemption", "redemption_id", unique=True),
        Index("ix_confirmations_member", "member_id", "id"),
    )

    id: str = Field(primary_key=True)
    redemption_id: str = Field(foreign_key="redemptions.id")
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id")
    merchant_id: str = Field(foreign_key="merchants.id")
    till: str | None = None
    note: str | None = None
    redemption_ref: str
    state: str
    created_at_ms: int = Field(sa_column=bigint())
    answered_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class MemberKey(SQLModel, table=True):
    """Which kind of key stands behind an address that a member took on their card.

    `kind` is `passkey` or `wallet`. It stays when the member moves on to another key.
    """

    __tablename__ = "member_keys"

    member_id: str = Field(primary_key=True, foreign_key="members.id")
    address: str = Field(primary_key=True)
    kind: str
    passkey_id: str | None = Field(default=None, foreign_key="passkeys.id")
    created_at_ms: int = Field(sa_column=bigint())


class PasskeyRecord(SQLModel, table=True):
    """A WebAuthn credential: its id (base64url), public point (0x hex) and counter.

    It lives at `rp_id`, the host it was made on, and nowhere else.
    """

    __tablename__ = "passkeys"

    id: str = Field(primary_key=True)
    credential_id: str = Field(unique=True)
    rp_id: str
    public_x: str
    public_y: str
    sign_count: int = Field(sa_column=bigint())
    created_at_ms: int = Field(sa_column=bigint())
    used_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class PasskeyMember(SQLModel, table=True):
    """A membership that a passkey signs in to."""

    __tablename__ = "passkey_members"

    passkey_id: str = Field(primary_key=True, foreign_key="passkeys.id")
    member_id: str = Field(primary_key=True, foreign_key="members.id", index=True)


class PasskeyChallenge(SQLModel, table=True):
    """What a browser was asked to sign, once and for a few minutes; found by its SHA-256.

    `subject` are the member ids that ask, empty for somebody who signs in.
    """

    __tablename__ = "passkey_challenges"
    __table_args__ = (Index("ix_passkey_challenges_end", "expires_at_ms"),)

    challenge_sha256: str = Field(primary_key=True)
    purpose: str
    subject: str
    expires_at_ms: int = Field(sa_column=bigint())
