"""Tables of returns: what went back of each purchase, and returns whose purchase is yet to come."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class PurchaseReturn(SQLModel, table=True):
    """One return of a purchase or of a part of it, for ever; `return_no` counts from 1 per
    purchase.

    `units` (JSON) has the returned units by line number, `loose_minor` an amount that names no
    line, `whole` that all that was left went back. Of `value_minor`, `points_minor` had been paid
    with points and `gift_card_minor` with gift cards.

    Of the points credited with what went back, `points` were burned, `cancelled_points` were still
    pending, `debt_points` are owed and `forgiven_points` are let go. Of those it was paid with,
    `restored_points` came back and `expired_points` were too old to.
    """

    __tablename__ = "purchase_returns"
    __table_args__ = (
        Index("ix_purchase_returns_purchase", "purchase_id", "return_no", unique=True),
    )

    id: str = Field(primary_key=True)
    purchase_id: str = Field(foreign_key="purchases.id")
    return_no: int
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id", index=True)
    occurred_at_ms: int = Field(sa_column=bigint())
    units: str
    loose_minor: int = Field(sa_column=bigint())
    whole: bool
    value_minor: int = Field(sa_column=bigint())
    points_minor: int = Field(sa_column=bigint())
    gift_card_minor: int = Field(sa_column=bigint())
    points: int = Field(sa_column=bigint())
    cancelled_points: int = Field(sa_column=bigint())
    debt_points: int = Field(sa_column=bigint())
    forgiven_points: int = Field(sa_column=bigint())
    restored_points: int = Field(sa_column=bigint())
    expired_points: int = Field(sa_column=bigint())
    operation_id: str | None = None
    activity_no: int = Field(sa_column=bigint())


class WaitingReturn(SQLModel, table=True):
    """A return that came before its purchase, found by the receipt it names.

    `state` is `waiting`, then `applied` in the commit of the purchase, or `refused` there with the
    code `refusal`. An applied one has a `PurchaseReturn` of the same id. `document` (JSON) says
    what is to go back; `member_id` whose purchase it must be, if the till said so.
    """

    __tablename__ = "waiting_returns"
    __table_args__ = (Index("ix_waiting_returns_receipt", "program_id", "receipt_id", "id"),)

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    merchant_id: str = Field(foreign_key="merchants.id")
    receipt_id: str
    member_id: str | None = Field(default=None, foreign_key="members.id")
    document: str
    state: str
    refusal: str | None = None
    received_at_ms: int = Field(sa_column=bigint())
    closed_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
