"""The log of API calls, for merchants to look up what their tills sent."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint


class ApiRequest(SQLModel, table=True):
    """One call: what was asked and how it ended, and nothing that was sent.

    `route` is the template of the path, so that no id and no person is in it. `code` is a
    problem's, None for what went well.
    """

    __tablename__ = "api_requests"
    __table_args__ = (Index("ix_api_requests_merchant", "merchant_id", "id"),)

    id: str = Field(primary_key=True)
    merchant_id: str
    key_id: str
    at_ms: int = Field(sa_column=bigint())
    method: str
    route: str
    status: int
    code: str | None = None
    took_ms: int


class RequestsDropped(SQLModel, table=True):
    """How many calls of a day (an ordinal, UTC) went unlogged: the log gives way to the till."""

    __tablename__ = "api_requests_dropped"

    day: int = Field(primary_key=True)
    calls: int = Field(sa_column=bigint())
