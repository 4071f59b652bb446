"""Reads of what members are asked to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, select

from backend.core.confirmations import ConfirmationState, confirmation_state
from backend.core.lifecycle import RedemptionState, redemption_state
from backend.ledger.columns import table_of
from backend.ledger.control_tables import Confirmation
from backend.ledger.payment_tables import PointPayment
from backend.ledger.reward_tables import RewardClaim
from backend.ledger.tables import Member, Merchant, Program, Redemption

_ASKED, _REDEMPTIONS = table_of(Confirmation), table_of(Redemption)
_MEMBERS, _MERCHANTS, _PROGRAMS = table_of(Member), table_of(Merchant), table_of(Program)
_CLAIMS, _PAYMENTS = table_of(RewardClaim), table_of(PointPayment)
_WAITING = ConfirmationState.WAITING.value
_SELECT = (
    select(
        _ASKED.c.id,
        _ASKED.c.redemption_id,
        _ASKED.c.program_id,
        _ASKED.c.member_id,
        _ASKED.c.merchant_id,
        _ASKED.c.till,
        _ASKED.c.note,
        _ASKED.c.redemption_ref,
        _ASKED.c.state,
        _ASKED.c.created_at_ms,
        _MERCHANTS.c.name.label("merchant_name"),
        _PROGRAMS.c.name.label("program_name"),
        _PROGRAMS.c.merchant_id.label("owner_id"),
        _PROGRAMS.c.contract_address,
        _MEMBERS.c.address,
        _REDEMPTIONS.c.points,
        _REDEMPTIONS.c.lapsed_points,
        _REDEMPTIONS.c.state.label("redemption_state"),
        _REDEMPTIONS.c.expires_at_ms,
        _REDEMPTIONS.c.operation_id,
        _CLAIMS.c.id.label("claim_id"),
        _CLAIMS.c.document.label("reward_document"),
        _PAYMENTS.c.currency,
        _PAYMENTS.c.basket_minor,
        _PAYMENTS.c.worth_minor,
    )
    .join_from(_ASKED, _REDEMPTIONS, _REDEMPTIONS.c.id == _ASKED.c.redemption_id)
    .join(_MEMBERS, _MEMBERS.c.id == _ASKED.c.member_id)
    .join(_PROGRAMS, _PROGRAMS.c.id == _ASKED.c.program_id)
    .join(_MERCHANTS, _MERCHANTS.c.id == _ASKED.c.merchant_id)
    .outerjoin(_CLAIMS, _CLAIMS.c.redemption_id == _ASKED.c.redemption_id)
    .outerjoin(_PAYMENTS, _PAYMENTS.c.redemption_id == _ASKED.c.redemption_id)
)
_THEIRS = _ASKED.c.member_id.in_(bindparam("members", expanding=True))
_ONE = _SELECT.where(_ASKED.c.id == bindparam("confirmation"), _THEIRS)
_NEWEST = (
    _SELECT.where(_THEIRS)
    .order_by(case((_ASKED.c.state == _WAITING, 0), else_=1), _ASKED.c.id.desc())
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class ConfirmationRecord:
    """A question with all that its member reads of it, `state` as of now.

    `owner_id` is whose program it is, `merchant_id` who asks. What it pays of a basket, or the
    reward it is for, is None where it is neither.
    """

    id: str
    redemption_id: str
    program_id: str
    member_id: str
    merchant_id: str
    till: str | None
    note: str | None
    redemption_ref: str
    state: ConfirmationState
    created_at_ms: int
    merchant_name: str
    program_name: str
    owner_id: str
    contract_address: str | None
    address: str
    points: int
    redemption_state: RedemptionState
    expires_at_ms: int
    operation_id: str | None
    claim_id: str | None
    reward_document: str | None
    currency: str | None
    basket_minor: int | None
    worth_minor: int | None

    @property
    def waits(self) -> bool:
        return self.state is ConfirmationState.WAITING


def confirmation_of(
    connection: Connection, member_ids: Sequence[str], confirmation_id: str, now_ms: int
) -> ConfirmationRecord | None:
    """The question; None when there is none, or it is to somebody else."""
    bound = {"members": list(member_ids), "confirmation": confirmation_id}
    row = connection.execute(_ONE, bound).first()
    return _record(row, now_ms) if row else None


def confirmations_of(
    connection: Connection, member_ids: Sequence[str], limit: int, now_ms: int
) -> list[ConfirmationRecord]:
    """A person's newest questions, those without an answer first."""
    bound = {"members": list(member_ids), "limit": limit}
    return [_record(row, now_ms) for row in connection.execute(_NEWEST, bound)]


def _record(row: Row[*tuple[Any, ...]], now_ms: int) -> ConfirmationRecord:
    said = dict(row._mapping)
    held = redemption_state(RedemptionState(row.redemption_state), row.expires_at_ms, now_ms)
    lapsed_points = said.pop("lapsed_points")
    said["redemption_state"] = held
    said["state"] = confirmation_state(ConfirmationState(row.state), held, lapsed_points)
    return ConfirmationRecord(**said)
