"""Reads of vouchers and their uses, outside the group commit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select

from backend.ledger.columns import table_of
from backend.ledger.partners import OWNED, VISIBLE
from backend.ledger.spending_loads import VoucherRecord, reserved_uses
from backend.ledger.tables import Member, Program
from backend.ledger.voucher_tables import Voucher, VoucherUse

_PROGRAMS, _MEMBERS = table_of(Program), table_of(Member)
_VOUCHERS, _USES = table_of(Voucher), table_of(VoucherUse)


@dataclass(frozen=True, slots=True)
class VoucherPlace:
    """Where a voucher belongs; none of it ever changes."""

    voucher_id: str
    program_id: str
    claim_id: str | None


def voucher_by_digest(
    connection: Connection, merchant_id: str, code_digest: str, now_ms: int
) -> VoucherRecord | None:
    """The voucher with the code, if the merchant's till takes it: a partner's does too."""
    which = and_(VISIBLE, _VOUCHERS.c.code_digest == code_digest)
    return _one(connection, merchant_id, which, now_ms)


def voucher_of(
    connection: Connection, merchant_id: str, voucher_id: str, now_ms: int
) -> VoucherRecord | None:
    """The merchant's own voucher."""
    return _one(connection, merchant_id, and_(OWNED, _VOUCHERS.c.id == voucher_id), now_ms)


def vouchers_by_id(
    connection: Connection, voucher_ids: Collection[str], now_ms: int
) -> dict[str, VoucherRecord]:
    """Vouchers of claims that were read already."""
    statement = _select().where(_VOUCHERS.c.id.in_(sorted(voucher_ids)))
    rows = connection.execute(statement, {"now_ms": now_ms}).mappings()
    return {row["id"]: VoucherRecord(**row) for row in rows}


def vouchers_of_member(
    connection: Connection, merchant_id: str, member_id: str, now_ms: int
) -> list[VoucherRecord]:
    """A member's vouchers in the merchant's own program, the newest first; what somebody had who
    was merged into them is theirs."""
    selves = select(_MEMBERS.c.id).where(
        or_(_MEMBERS.c.id == member_id, _MEMBERS.c.merged_into == member_id)
    )
    statement = (
        _select()
        .join(_PROGRAMS, _PROGRAMS.c.id == _VOUCHERS.c.program_id)
        .where(_VOUCHERS.c.member_id.in_(selves), OWNED)
        .order_by(_VOUCHERS.c.id.desc())
    )
    bound = {"merchant": merchant_id, "now_ms": now_ms}
    return [VoucherRecord(**row._mapping) for row in connection.execute(statement, bound)]


def place_of_use(connection: Connection, merchant_id: str, use_id: str) -> VoucherPlace | None:
    """Where the voucher of a use belongs; of a partner's till only its own uses."""
    own = or_(OWNED, and_(VISIBLE, _USES.c.merchant_id == bindparam("merchant")))
    statement = (
        select(_VOUCHERS.c.id, _VOUCHERS.c.program_id, _VOUCHERS.c.claim_id)
        .join(_USES, _USES.c.voucher_id == _VOUCHERS.c.id)
        .join(_PROGRAMS, _PROGRAMS.c.id == _VOUCHERS.c.program_id)
        .where(_USES.c.id == use_id, own)
    )
    row = connection.execute(statement, {"merchant": merchant_id}).first()
    return VoucherPlace(*row) if row else None


def use_by_id(connection: Connection, use_id: str) -> dict[str, Any]:
    """A use that is known to be there."""
    found = connection.execute(select(_USES).where(_USES.c.id == use_id))
    return dict(found.mappings().one())


def _one(
    connection: Connection, merchant_id: str, which: ColumnElement[bool], now_ms: int
) -> VoucherRecord | None:
    statement = _select().join(_PROGRAMS, _PROGRAMS.c.id == _VOUCHERS.c.program_id).where(which)
    bound = {"merchant": merchant_id, "now_ms": now_ms}
    row = connection.execute(statement, bound).mappings().first()
    return VoucherRecord(**row) if row else None


def _select() -> Select[Any]:
    return select(*_VOUCHERS.columns, reserved_uses().label("reserved_units"))
