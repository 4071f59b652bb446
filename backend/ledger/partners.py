"""Reads of the merchants that take part in somebody else's program, and what they may see."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, or_, select

from backend.ledger.columns import table_of
from backend.ledger.life_tables import ProgramPartner
from backend.ledger.tables import Merchant, Program

_PARTNERS, _PROGRAMS, _MERCHANTS = (
    table_of(ProgramPartner), table_of(Program), table_of(Merchant),
)  # fmt: skip
_OF_PROGRAM = (
    select(_PARTNERS, _MERCHANTS.c.name)
    .join(_MERCHANTS, _MERCHANTS.c.id == _PARTNERS.c.merchant_id)
    .where(_PARTNERS.c.program_id == bindparam("program"))
    .order_by(_PARTNERS.c.joined_at_ms, _PARTNERS.c.merchant_id)
)

OWNED: ColumnElement[bool] = _PROGRAMS.c.merchant_id == bindparam("merchant")
VISIBLE: ColumnElement[bool] = or_(
    OWNED,
    and_(
        _PROGRAMS.c.coalition.is_(True),
        exists().where(
            _PARTNERS.c.program_id == _PROGRAMS.c.id,
            _PARTNERS.c.merchant_id == bindparam("merchant"),
            _PARTNERS.c.left_at_ms.is_(None),
        ),
    ),
)
"""Whether a program is the bound merchant's, or one that it takes part in."""


@dataclass(frozen=True, slots=True)
class Partner:
    """A merchant in a coalition; `left_at_ms` is None while it takes part. Its earning is None
    where the program's own rules judge its sales."""

    merchant_id: str
    name: str
    earn_points: int | None
    earn_per_amount_minor: int | None
    joined_at_ms: int
    left_at_ms: int | None = None


def all_partners(connection: Connection, program_id: str) -> list[Partner]:
    """Everybody who takes part or took part, in the order of joining."""
    return [
        Partner(
            merchant_id=row.merchant_id,
            name=row.name,
            earn_points=row.earn_points,
            earn_per_amount_minor=row.earn_per_amount_minor,
            joined_at_ms=row.joined_at_ms,
            left_at_ms=row.left_at_ms,
        )
        for row in connection.execute(_OF_PROGRAM, {"program": program_id})
    ]


def partners_of(connection: Connection, program_id: str) -> dict[str, Partner]:
    """Those who take part now, by merchant."""
    return {
        partner.merchant_id: partner
        for partner in all_partners(connection, program_id)
        if partner.left_at_ms is None
    }


def merchant_name(connection: Connection, merchant_id: str) -> str | None:
    """The merchant's name; None when there is none."""
    statement = select(_MERCHANTS.c.name).where(_MERCHANTS.c.id == merchant_id)
    return connection.execute(statement).scalar()
