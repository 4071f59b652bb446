"""Reads of members and their points; writing them is the unit of work's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord
from backend.ledger.columns import table_of
from backend.ledger.load_statements import LOT_NAMES, LOTS, RUNNING, held_by_member
from backend.ledger.loading import calendar
from backend.ledger.partners import VISIBLE
from backend.ledger.tables import (
    Balance,
    Member,
    MemberIdentifier,
    MemberVault,
    Program,
    Redemption,
)

_MEMBERS, _BALANCES, _VAULT = table_of(Member), table_of(Balance), table_of(MemberVault)
_IDENTIFIERS, _REDEMPTIONS = table_of(MemberIdentifier), table_of(Redemption)
_PROGRAMS = table_of(Program)
_SELECT_MEMBER = (
    select(
        _MEMBERS.c.id,
        _MEMBERS.c.program_id,
        _MEMBERS.c.address,
        _MEMBERS.c.created_at_ms,
        _MEMBERS.c.state,
        _MEMBERS.c.merged_into,
        _MEMBERS.c.enrolled_by,
        _MEMBERS.c.erased_at_ms,
        _PROGRAMS.c.merchant_id,
        _PROGRAMS.c.contract_address,
        _PROGRAMS.c.period_months,
        _PROGRAMS.c.validity_periods,
        _PROGRAMS.c.utc_offset_minutes,
        _BALANCES.c.period,
        _BALANCES.c.pending_points,
        _BALANCES.c.debt_points,
        *LOTS,
        held_by_member(_REDEMPTIONS.c.points).label("held_points"),
        held_by_member(_REDEMPTIONS.c.lapsed_points).label("covered_points"),
        held_by_member(_REDEMPTIONS.c.lapsed_points, ~RUNNING).label("run_out_points"),
        _VAULT.c.wrapped_key,
        _VAULT.c.sealed_identity,
    )
    .join_from(_MEMBERS, _PROGRAMS, _PROGRAMS.c.id == _MEMBERS.c.program_id)
    .join(_BALANCES, _BALANCES.c.member_id == _MEMBERS.c.id)
    .outerjoin(_VAULT, _VAULT.c.member_id == _MEMBERS.c.id)
    .where(VISIBLE)
)
_BY_ID = _SELECT_MEMBER.where(_MEMBERS.c.id == bindparam("member"))
_BY_IDS = _SELECT_MEMBER.where(_MEMBERS.c.id.in_(bindparam("members", expanding=True))).order_by(
    _MEMBERS.c.id
)
_BY_IDENTIFIER = (
    _SELECT_MEMBER.join(_IDENTIFIERS, _IDENTIFIERS.c.member_id == _MEMBERS.c.id)
    .where(
        _IDENTIFIERS.c.kind == bindparam("kind"),
        _IDENTIFIERS.c.digest.in_(bindparam("digests", expanding=True)),
    )
    .order_by(_MEMBERS.c.id)
)
_PROGRAM_IDS = select(_PROGRAMS.c.id).where(VISIBLE).order_by(_PROGRAMS.c.id)


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """A member as stored, as of the word's period; `covered_points` of those held have expired,
    `run_out_points` as well, and their hold has run out; `pending_points` are in none of it,
    `debt_points` are owed.

    `merchant_id` is whose program it is. The vault columns are None once the member has been
    erased.
    """

    id: str
    program_id: str
    address: str
    created_at_ms: int
    contract_address: str | None
    calendar: Calendar
    word: MemberWord
    held_points: int
    covered_points: int
    run_out_points: int
    pending_points: int
    debt_points: int
    wrapped_key: bytes | None
    sealed_identity: bytes | None
    merchant_id: str
    state: str
    merged_into: str | None
    enrolled_by: str | None
    erased_at_ms: int | None

    @property
    def free(self) -> MemberWord:
        """What is available. Holds come first: they will take the oldest points."""
        return self.word.beside(self.held_points - self.covered_points)


def member_of(
    connection: Connection, merchant_id: str, member_id: str, now_ms: int
) -> MemberRecord | None:
    """The member with that id, of the merchant's program or of a coalition it takes part in; None
    when there is none, or it is somebody else's."""
    bound = {"merchant": merchant_id, "member": member_id, "now_ms": now_ms}
    row = connection.execute(_BY_ID, bound).first()
    return _record(row) if row else None


def members_by_digest(
    connection: Connection, merchant_id: str, kind: str, digests: Sequence[str], now_ms: int
) -> list[MemberRecord]:
    """The merchant's members with one of these digests: at most one in each program."""
    bound = {"merchant": merchant_id, "kind": kind, "digests": digests, "now_ms": now_ms}
    return [_record(row) for row in connection.execute(_BY_IDENTIFIER, bound)]


def members_by_id(
    connection: Connection, merchant_id: str, member_ids: Sequence[str], now_ms: int
) -> list[MemberRecord]:
    """Those of the members that the merchant may see, by id."""
    bound = {"merchant": merchant_id, "members": list(member_ids), "now_ms": now_ms}
    return [_record(row) for row in connection.execute(_BY_IDS, bound)]


def address_of(connection: Connection, member_id: str) -> str:
    """Where the member's points are now, 0x hex."""
    statement = select(_MEMBERS.c.address).where(_MEMBERS.c.id == member_id)
    return str(connection.execute(statement).scalar_one())


def program_ids(connection: Connection, merchant_id: str) -> list[str]:
    rows = connection.execute(_PROGRAM_IDS, {"merchant": merchant_id})
    return [row.id for row in rows]


def _record(row: Row[*tuple[Any, ...]]) -> MemberRecord:
    return MemberRecord(
        id=row.id,
        program_id=row.program_id,
        address=row.address,
        created_at_ms=row.created_at_ms,
        contract_address=row.contract_address,
        calendar=calendar(row.period_months, row.validity_periods, row.utc_offset_minutes),
        word=MemberWord(row.period, buckets=tuple(row._mapping[name] for name in LOT_NAMES)),
        held_points=int(row.held_points),
        covered_points=int(row.covered_points),
        run_out_points=int(row.run_out_points),
        pending_points=row.pending_points,
        debt_points=row.debt_points,
        wrapped_key=row.wrapped_key,
        sealed_identity=row.sealed_identity,
        merchant_id=row.merchant_id,
        state=row.state,
        merged_into=row.merged_into,
        enrolled_by=row.enrolled_by,
        erased_at_ms=row.erased_at_ms,
    )
