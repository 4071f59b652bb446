"""Reads of purchases and redemptions as the console and the card show them, the newest first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from backend.ledger.columns import table_of
from backend.ledger.control_tables import Confirmation
from backend.ledger.payment_tables import PointPayment
from backend.ledger.return_tables import PurchaseReturn
from backend.ledger.reward_tables import RewardClaim
from backend.ledger.rule_tables import PurchaseLine
from backend.ledger.tables import Program, Purchase, Redemption

Row = dict[str, Any]

_PROGRAMS, _PURCHASES, _LINES = table_of(Program), table_of(Purchase), table_of(PurchaseLine)
_REDEMPTIONS, _PAYMENTS = table_of(Redemption), table_of(PointPayment)
_CLAIMS, _RETURNS = table_of(RewardClaim), table_of(PurchaseReturn)
_CONFIRMATIONS = table_of(Confirmation)
# Of a coalition, its owner sees all, and a partner what came from its own tills.
_PURCHASE = (
    select(_PURCHASES)
    .join(_PROGRAMS, _PROGRAMS.c.id == _PURCHASES.c.program_id)
    .where(
        or_(
            _PROGRAMS.c.merchant_id == bindparam("merchant"),
            _PURCHASES.c.merchant_id == bindparam("merchant"),
        )
    )
)
_REDEMPTION = (
    select(
        _REDEMPTIONS,
        _PAYMENTS.c.worth_minor,
        _PAYMENTS.c.currency,
        _PAYMENTS.c.purchase_id,
        _CLAIMS.c.id.label("claim_id"),
        _CONFIRMATIONS.c.id.label("confirmation_id"),
        _CONFIRMATIONS.c.state.label("confirmation_state"),
    )
    .join(_PROGRAMS, _PROGRAMS.c.id == _REDEMPTIONS.c.program_id)
    .outerjoin(_PAYMENTS, _PAYMENTS.c.redemption_id == _REDEMPTIONS.c.id)
    .outerjoin(_CLAIMS, _CLAIMS.c.redemption_id == _REDEMPTIONS.c.id)
    .outerjoin(_CONFIRMATIONS, _CONFIRMATIONS.c.redemption_id == _REDEMPTIONS.c.id)
    .where(
        or_(
            _PROGRAMS.c.merchant_id == bindparam("merchant"),
            _REDEMPTIONS.c.merchant_id == bindparam("merchant"),
        )
    )
)
_OF_PURCHASE = select(_LINES).where(_LINES.c.purchase_id == bindparam("purchase"))


def purchase_by_id(connection: Connection, merchant_id: str, purchase_id: str) -> Row | None:
    """The purchase, if the merchant may see it."""
    found = connection.execute(
        _PURCHASE.where(_PURCHASES.c.id == purchase_id), {"merchant": merchant_id}
    )
    row = found.mappings().first()
    return dict(row) if row else None


def lines_of(connection: Connection, purchase_id: str) -> list[Row]:
    """The lines of a purchase in the order of its basket."""
    ordered = _OF_PURCHASE.order_by(_LINES.c.line_no)
    return [dict(row) for row in connection.execute(ordered, {"purchase": purchase_id}).mappings()]


def purchases_of_member(
    connection: Connection, merchant_id: str, member_id: str, limit: int, before_id: str | None
) -> list[Row]:
    """Up to `limit` of the member's purchases, older than the one given."""
    statement = _PURCHASE.where(_PURCHASES.c.member_id == member_id)
    if before_id is not None:
        statement = statement.where(_PURCHASES.c.id < before_id)
    newest_first = statement.order_by(_PURCHASES.c.id.desc()).limit(limit)
    rows = connection.execute(newest_first, {"merchant": merchant_id}).mappings()
    return [dict(row) for row in rows]


def redemption_by_id(connection: Connection, merchant_id: str, redemption_id: str) -> Row | None:
    """The redemption with what it paid and whom it waits for, if the merchant may see it."""
    found = connection.execute(
        _REDEMPTION.where(_REDEMPTIONS.c.id == redemption_id), {"merchant": merchant_id}
    )
    row = found.mappings().first()
    return dict(row) if row else None


def redemptions_of_member(
    connection: Connection, merchant_id: str, member_id: str, limit: int, before_id: str | None
) -> list[Row]:
    """Up to `limit` of the member's redemptions, older than the one given."""
    statement = _REDEMPTION.where(_REDEMPTIONS.c.member_id == member_id)
    if before_id is not None:
        statement = statement.where(_REDEMPTIONS.c.id < before_id)
    newest_first = statement.order_by(_REDEMPTIONS.c.id.desc()).limit(limit)
    rows = connection.execute(newest_first, {"merchant": merchant_id}).mappings()
    return [dict(row) for row in rows]


def returns_of_member(
    connection: Connection, merchant_id: str, member_id: str, limit: int, before_id: str | None
) -> list[Row]:
    """Up to `limit` returns of the member's purchases, older than the one given."""
    statement = (
        select(_RETURNS, _PURCHASES.c.receipt_id, _PURCHASES.c.currency)
        .join(_PURCHASES, _PURCHASES.c.id == _RETURNS.c.purchase_id)
        .join(_PROGRAMS, _PROGRAMS.c.id == _RETURNS.c.program_id)
        .where(
            _RETURNS.c.member_id == member_id,
            or_(
                _PROGRAMS.c.merchant_id == merchant_id,
                _PURCHASES.c.merchant_id == merchant_id,
            ),
        )
    )
    if before_id is not None:
        statement = statement.where(_RETURNS.c.id < before_id)
    newest_first = statement.order_by(_RETURNS.c.id.desc()).limit(limit)
    return [dict(row) for row in connection.execute(newest_first).mappings()]


def operation_of_return(connection: Connection, return_id: str) -> str | None:
    """What took the points of a return back; None where there were none to take."""
    statement = select(_RETURNS.c.operation_id).where(_RETURNS.c.id == return_id)
    return connection.execute(statement).scalar()
