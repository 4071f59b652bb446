"""Calls that wait for a transaction of their own, and which of them may go now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, or_, select

from backend.core.calls import CallKind
from backend.core.operations import Kind
from backend.ledger.call_tables import ChainCall
from backend.ledger.columns import table_of
from backend.ledger.limits import on_chain
from backend.ledger.settlement_tables import SettlementTx
from backend.ledger.settlements import TxState
from backend.ledger.tables import JournalEntry, OutboxEntry, Program

_CALLS, _TXS, _PROGRAMS = table_of(ChainCall), table_of(SettlementTx), table_of(Program)
_OUTBOX, _JOURNAL = table_of(OutboxEntry), table_of(JournalEntry)
_WAITS = and_(_CALLS.c.settlement_tx_id.is_(None), _CALLS.c.parked_reason.is_(None))
_DEBITS = [int(kind) for kind in Kind if kind.has_word and not kind.is_credit]
_DONE = [str(TxState.INCLUDED), str(TxState.FINAL)]


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it waits; `contract_address` is its program's."""

    id: str
    program_id: str
    contract_address: str
    kind: CallKind
    member_id: str | None
    entry_no: int | None
    arguments: Mapping[str, Any]
    commitment: str | None


def waiting_calls(connection: Connection, limit: int) -> list[Call]:
    """The oldest calls of all programs that may go now, in order of their ids.

    One that carries a journal entry does not overtake what its member's batches still lack, but
    for the mints of a closing program, which never come. Nor does a change of `signedOnly` overtake
    the debits that were accepted without a signature before it. And none overtakes an earlier call
    about its member: the nonces of their signatures follow.
    """
    outbox, journal = _OUTBOX.alias(), _JOURNAL.alias()
    never = and_(
        _CALLS.c.program_id.in_(_closing_programs(connection)), journal.c.kind.not_in(_DEBITS)
    )
    overtaken = exists().where(
        journal.c.program_id == _CALLS.c.program_id,
        journal.c.member_id == _CALLS.c.member_id,
        or_(
            and_(journal.c.entry_no < _CALLS.c.entry_no, ~never),
            and_(
                _CALLS.c.kind == str(CallKind.SET_SIGNED_ONLY),
                journal.c.kind.in_(_DEBITS),
                journal.c.recorded_at_ms <= _CALLS.c.created_at_ms,
            ),
        ),
        outbox.c.program_id == journal.c.program_id,
        outbox.c.entry_no == journal.c.entry_no,
        outbox.c.batch_id.is_(None),
        outbox.c.parked_reason.is_(None),
    )
    earlier, done = _CALLS.alias(), _TXS.alias()
    follows = exists(
        select(earlier.c.id)
        .outerjoin(done, done.c.id == earlier.c.settlement_tx_id)
        .where(
            earlier.c.member_id == _CALLS.c.member_id,
            earlier.c.parked_reason.is_(None),
            or_(
                earlier.c.created_at_ms < _CALLS.c.created_at_ms,
                and_(earlier.c.created_at_ms == _CALLS.c.created_at_ms, earlier.c.id < _CALLS.c.id),
            ),
            or_(done.c.id.is_(None), done.c.state.not_in(_DONE), done.c.succeeded.is_(False)),
        )
        .correlate(_CALLS)
    )
    rows = connection.execute(
        _select().where(_WAITS, ~overtaken, ~follows).order_by(_CALLS.c.id).limit(limit)
    )
    return [_call(row) for row in rows]


def _closing_programs(connection: Connection) -> list[str]:
    """Those of the programs with a waiting redemption that mint no more."""
    rows = connection.execute(
        select(_CALLS.c.program_id).where(_WAITS, _CALLS.c.kind == str(CallKind.REDEEM)).distinct()
    )
    seen = on_chain(connection, list(rows.scalars()))
    return [name for name, one in seen.items() if one.standing.redemption_until_s]


def _select() -> Select[Any]:
    return (
        select(
            _CALLS.c.id,
            _CALLS.c.program_id,
            _PROGRAMS.c.contract_address,
            _CALLS.c.kind,
            _CALLS.c.member_id,
            _CALLS.c.entry_no,
            _CALLS.c.arguments,
            _CALLS.c.commitment,
        )
        .join(_PROGRAMS, _PROGRAMS.c.id == _CALLS.c.program_id)
        .where(_PROGRAMS.c.contract_address.is_not(None))
    )


def _call(row: Row[Any]) -> Call:
    said = dict(row._mapping)
    said["kind"], said["arguments"] = CallKind(said["kind"]), json.loads(said["arguments"])
    return Call(**said)
