"""The table of payments with points: redemptions that pay part of a basket."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class PointPayment(SQLModel, table=True):
    """What a redemption pays: `worth_minor` of a basket, at the rate of the moment of its hold.

    `purchase_id` is the purchase that named it: one at most, for ever.
    """

    __tablename__ = "point_payments"

    redemption_id: str = Field(primary_key=True, foreign_key="redemptions.id")
    program_id: str = Field(foreign_key="programs.id")
    currency: str
    basket_minor: int = Field(sa_column=bigint())
    worth_minor: int = Field(sa_column=bigint())
    rate_points: int = Field(sa_column=bigint())
    rate_worth_minor: int = Field(sa_column=bigint())
    purchase_id: str | None = Field(default=None, foreign_key="purchases.id", unique=True)
