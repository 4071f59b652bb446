"""What a redemption paid for, once it turns out that it burned nothing.

A reward that was not handed over is no longer owed. One that was, in whole or in part, stays with
the member, and what is left of its voucher is void: the points are the member's again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from backend.core.claims import ClaimState
from backend.core.lifecycle import RedemptionState
from backend.core.vouchers import UseState, VoucherState
from backend.core.webhooks import EventType
from backend.ledger.columns import table_of
from backend.ledger.posting import NewId
from backend.ledger.reward_tables import Reward, RewardClaim
from backend.ledger.tables import Redemption
from backend.ledger.voucher_tables import Voucher, VoucherUse
from backend.ledger.webhook_events import tell_claim, tell_redemption

_REDEMPTIONS, _CLAIMS, _REWARDS = table_of(Redemption), table_of(RewardClaim), table_of(Reward)
_VOUCHERS, _USES = table_of(Voucher), table_of(VoucherUse)


def cancel_unpaid(connection: Connection, redemption_id: str, now_ms: int, new_id: NewId) -> None:
    """Cancels the redemption and what is left of the claim that it paid, and tells the merchant."""
    connection.execute(
        update(_REDEMPTIONS)
        .where(_REDEMPTIONS.c.id == redemption_id)
        .values(state=RedemptionState.CANCELLED.value, closed_at_ms=now_ms)
    )
    redemption = connection.execute(
        select(_REDEMPTIONS).where(_REDEMPTIONS.c.id == redemption_id)
    ).one()
    tell_redemption(
        connection, redemption._asdict(), EventType.REDEMPTION_CANCELLED, now_ms, new_id
    )
    claim = connection.execute(
        select(_CLAIMS)
        .where(
            _CLAIMS.c.redemption_id == redemption_id,
            _CLAIMS.c.state == ClaimState.GRANTED.value,
        )
        .with_for_update()
    ).first()
    if claim is not None:
        _cancel_claim(connection, claim, now_ms, new_id)


def _cancel_claim(connection: Connection, claim: Row[Any], now_ms: int, new_id: NewId) -> None:
    used = _void(connection, claim.voucher_id, now_ms)
    state = ClaimState.FULFILLED if used else ClaimState.CANCELLED
    connection.execute(
        update(_CLAIMS)
        .where(_CLAIMS.c.id == claim.id)
        .values(state=state.value, closed_at_ms=now_ms)
    )
    if not used:
        connection.execute(
            update(_REWARDS)
            .where(_REWARDS.c.id == claim.reward_id)
            .values(taken_count=_REWARDS.c.taken_count - 1)
        )
    event = EventType.REWARD_FULFILLED if used else EventType.REWARD_CANCELLED
    tell_claim(connection, claim._asdict(), event, now_ms, new_id)


def _void(connection: Connection, voucher_id: str | None, now_ms: int) -> bool:
    """Ends the voucher, if there is one; whether some of it was used, or is being used."""
    if voucher_id is None:
        return False
    in_use = select(func.count()).where(
        _USES.c.voucher_id == voucher_id,
        _USES.c.state == UseState.RESERVED.value,
        _USES.c.expires_at_ms > now_ms,
    )
    spent = select(_VOUCHERS.c.spent_units).where(_VOUCHERS.c.id == voucher_id)
    connection.execute(
        update(_VOUCHERS).where(_VOUCHERS.c.id == voucher_id).values(state=VoucherState.VOID.value)
    )
    return bool(connection.execute(spent).scalar() or connection.execute(in_use).scalar_one())
