"""What members asked for through us about signing, which the mirror may not show yet."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, select

from backend.core.calls import CallKind
from backend.ledger.call_tables import ChainCall
from backend.ledger.columns import table_of
from backend.ledger.settlement_tables import SettlementTx
from backend.ledger.settlements import TxState

_CALLS, _TXS = table_of(ChainCall), table_of(SettlementTx)
_DONE = (str(TxState.INCLUDED), str(TxState.FINAL))
_APPLIED = and_(_TXS.c.state.in_(_DONE), _TXS.c.succeeded.is_(True))


@dataclass(frozen=True, slots=True)
class SigningAsked:
    """What a member last asked for through us: that only signatures burn, or not so any more.

    `on_chain_at` is the block that has it, None while it is under way.
    """

    signed_only: bool
    on_chain_at: int | None


def signing_asked(connection: Connection, member_id: str) -> SigningAsked | None:
    """The member's newest change of `signedOnly` that was not parked."""
    row = connection.execute(
        select(_CALLS.c.arguments, _TXS.c.state, _TXS.c.succeeded, _TXS.c.included_block)
        .outerjoin(_TXS, _TXS.c.id == _CALLS.c.settlement_tx_id)
        .where(
            _CALLS.c.member_id == member_id,
            _CALLS.c.kind == str(CallKind.SET_SIGNED_ONLY),
            _CALLS.c.parked_reason.is_(None),
        )
        # One at a time is under way, and the chain's order is that of the rest.
        .order_by(case((_APPLIED, 0), else_=1).desc(), _TXS.c.included_block.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    applied = row.state in _DONE and row.succeeded
    said = json.loads(row.arguments)["signed_only"]
    return SigningAsked(said, row.included_block if applied else None)
