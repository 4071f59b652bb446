"""Tables of vouchers: who holds a code gets what it stands for, so no code is stored as it is."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint, blob


class Voucher(SQLModel, table=True):
    """So many uses, or so much stored value (`kind`), for whoever shows the code.

    Found by a keyed digest of the code, which is sealed under a key of the vault. Units are uses,
    or minor units of `currency`. `benefit` (canonical JSON) says what a use is good for.
    """

    __tablename__ = "vouchers"
    __table_args__ = (Index("ix_vouchers_member", "member_id", "id"),)

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id", index=True)
    member_id: str | None = Field(default=None, foreign_key="members.id")
    claim_id: str | None = Field(default=None, foreign_key="reward_claims.id", unique=True)
    kind: str
    currency: str
    capacity_units: int = Field(sa_column=bigint())
    spent_units: int = Field(sa_column=bigint())
    state: str
    benefit: str
    code_digest: str = Field(unique=True)
    sealed_code: bytes = Field(sa_column=blob())
    valid_from_ms: int = Field(sa_column=bigint())
    expires_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    created_at_ms: int = Field(sa_column=bigint())


class VoucherUse(SQLModel, table=True):
    """A till's use of a voucher: reserved, then redeemed or released; a redemption can be
    reversed. A reservation past `expires_at_ms` counts as gone."""

    __tablename__ = "voucher_uses"
    __table_args__ = (
        Index("ix_voucher_uses_voucher", "voucher_id", "id"),
        Index(
            "ix_voucher_uses_reserved",
            "voucher_id",
            "expires_at_ms",
            sqlite_where=text("state = 'reserved'"),
            postgresql_where=text("state = 'reserved'"),
        ),
    )

    id: str = Field(primary_key=True)
    voucher_id: str = Field(foreign_key="vouchers.id")
    program_id: str = Field(foreign_key="programs.id")
    merchant_id: str = Field(foreign_key="merchants.id")
    units: int = Field(sa_column=bigint())
    redeemed_units: int = Field(sa_column=bigint())
    reversed_units: int = Field(sa_column=bigint())
    state: str
    reference: str | None = None
    created_at_ms: int = Field(sa_column=bigint())
    expires_at_ms: int = Field(sa_column=bigint())
    closed_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
