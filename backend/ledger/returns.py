"""Reads of returns, as they were recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, or_, select

from backend.core.returned_parts import Figures
from backend.core.returns import ClawBack
from backend.ledger.columns import table_of
from backend.ledger.return_tables import PurchaseReturn, WaitingReturn
from backend.ledger.tables import Program, Purchase

_RETURNS, _WAITING = table_of(PurchaseReturn), table_of(WaitingReturn)
_PURCHASES, _PROGRAMS = table_of(Purchase), table_of(Program)
APPLIED: Final = "applied"


@dataclass(frozen=True, slots=True)
class ReturnRecord:
    """A return that waits, was applied or was refused, with the code `refusal`.

    `went_back`, `clawed` and the points of the points part are None until it is applied.
    """

    id: str
    program_id: str
    receipt_id: str
    status: str
    received_at_ms: int
    refusal: str | None = None
    purchase_id: str | None = None
    went_back: Figures | None = None
    clawed: ClawBack | None = None
    expired_points: int = 0


def return_by_id(connection: Connection, merchant_id: str, return_id: str) -> ReturnRecord | None:
    """The return, if it is of one of the merchant's programs or of its own tills."""
    own_till = or_(_PROGRAMS.c.merchant_id == merchant_id, _PURCHASES.c.merchant_id == merchant_id)
    statement = _SELECT_MADE.where(_RETURNS.c.id == return_id, own_till)
    if (made := connection.execute(statement).mappings().first()) is not None:
        return _made(made)
    waiting = (
        select(_WAITING)
        .join(_PROGRAMS, _PROGRAMS.c.id == _WAITING.c.program_id)
        .where(
            _WAITING.c.id == return_id,
            or_(_PROGRAMS.c.merchant_id == merchant_id, _WAITING.c.merchant_id == merchant_id),
        )
    )
    row = connection.execute(waiting).mappings().first()
    if row is None:
        return None
    return ReturnRecord(
        id=row["id"],
        program_id=row["program_id"],
        receipt_id=row["receipt_id"],
        status=row["state"],
        received_at_ms=row["received_at_ms"],
        refusal=row["refusal"],
    )


def returns_of(connection: Connection, purchase_id: str) -> list[ReturnRecord]:
    """The returns of a purchase, oldest first."""
    statement = _SELECT_MADE.where(_RETURNS.c.purchase_id == purchase_id).order_by(
        _RETURNS.c.return_no
    )
    return [_made(row) for row in connection.execute(statement).mappings()]


_SELECT_MADE: Final = (
    select(_RETURNS, _PURCHASES.c.receipt_id, _WAITING.c.received_at_ms)
    .join(_PURCHASES, _PURCHASES.c.id == _RETURNS.c.purchase_id)
    .join(_PROGRAMS, _PROGRAMS.c.id == _RETURNS.c.program_id)
    .outerjoin(_WAITING, _WAITING.c.id == _RETURNS.c.id)
)


def _made(row: RowMapping) -> ReturnRecord:
    clawed = ClawBack(
        cancelled_points=row["cancelled_points"],
        taken_points=row["points"],
        debt_points=row["debt_points"],
        forgiven_points=row["forgiven_points"],
    )
    went_back = Figures(
        value_minor=row["value_minor"],
        points=clawed.points,
        points_minor=row["points_minor"],
        restored_points=row["restored_points"] + row["expired_points"],
        gift_card_minor=row["gift_card_minor"],
    )
    received_at_ms = row["received_at_ms"]
    return ReturnRecord(
        id=row["id"],
        program_id=row["program_id"],
        receipt_id=row["receipt_id"],
        status=APPLIED,
        received_at_ms=row["occurred_at_ms"] if received_at_ms is None else received_at_ms,
        purchase_id=row["purchase_id"],
        went_back=went_back,
        clawed=clawed,
        expired_points=row["expired_points"],
    )
