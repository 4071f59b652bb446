"""Reads of members' whole histories, as `backend.core.lots` folds them.

They are read where plain ageing does not tell a member's lots: where points expire, where an
operation was applied in another period than it was accepted in, and where one is refunded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, case, func, select

from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord
from backend.core.lifecycle import RedemptionState
from backend.core.lots import Hold, Move, Projection, project
from backend.core.operations import Kind
from backend.ledger.call_tables import ChainCall
from backend.ledger.calls_in_flight import key_of
from backend.ledger.columns import table_of
from backend.ledger.on_its_way import on_its_way
from backend.ledger.settlement_tables import Batch, SettlementTx
from backend.ledger.settlements import TxState
from backend.ledger.signatures_seen import SeenRedemption
from backend.ledger.tables import JournalEntry, OutboxEntry, Redemption

_JOURNAL, _OUTBOX = table_of(JournalEntry), table_of(OutboxEntry)
_CALLS = table_of(ChainCall)
_BATCHES, _TXS = table_of(Batch), table_of(SettlementTx)
_REDEMPTIONS = table_of(Redemption)
_LAPSES = [int(Kind.LAPSE), int(Kind.LAPSE_UNDONE)]
_APPLIED = and_(
    _TXS.c.state.in_([str(TxState.INCLUDED), str(TxState.FINAL)]), _TXS.c.succeeded.is_(True)
)

_LAST: Final = 1 << 62
NOTHING_SEEN: Final[Mapping[str, Sequence[SeenRedemption]]] = MappingProxyType({})
AppliedAt = Callable[[int], int | None]
"""The UTC second of the block that applied a program's batch, by its number; None for not yet."""


@dataclass(slots=True)
class History:
    """What a member did, on chain and on its way there, and what was posted as lapsed so far."""

    applied: list[Move] = field(default_factory=list)
    pending: list[Move] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    posted_lapse_points: int = 0

    def projected(
        self, calendar: Calendar, now_period: int, base: MemberWord | None = None
    ) -> Projection:
        """The member's lots in `now_period`; from `base`, the word of all that was applied."""
        applied = [] if base is not None else self.applied
        return project(calendar, applied, self.pending, self.holds, now_period, base)


def histories_of(
    connection: Connection,
    calendar: Calendar,
    member_ids: Collection[str],
    now_ms: int,
    applied_at: AppliedAt | None = None,
    redeemed: Mapping[str, Sequence[SeenRedemption]] = NOTHING_SEEN,
) -> dict[str, History]:
    """Each member's history as of now. What counts as applied is what the settler saw included,
    or what `applied_at` says of a batch of the members' program, and `redeemed` of what each member
    redeemed with a signature."""
    found = {member_id: History() for member_id in member_ids}
    keys = sorted(member_ids)
    places: dict[str, list[tuple[int, int, int, int, Move]]] = {}
    rows = connection.execute(_select_moves(keys)).all()
    short = _short_points(rows)
    seen = {member_id: list(redeemed.get(member_id, ())) for member_id in keys}
    for row in rows:
        left_points = row.points - short.get(row.operation_id, 0)
        if row.kind == Kind.RETURN_UNDONE or not left_points:
            continue
        move, place = _move(row, left_points, calendar, applied_at, seen[row.member_id])
        if place is None:
            found[row.member_id].pending.append(move)
        else:
            places.setdefault(row.member_id, []).append((*place, move))
    for member_id, unknown in seen.items():
        for one in unknown:
            places.setdefault(member_id, []).append(_moved_by_others(one, calendar))
    for member_id, placed in places.items():
        placed.sort(key=lambda each: each[:4])
        found[member_id].applied = [move for *_, move in placed]
    for row in connection.execute(_select_holds(keys, now_ms)):
        hold = Hold(row.id, row.points, calendar.period_at(row.created_at_ms // 1000))
        found[row.member_id].holds.append(hold)
    for member_id, points in connection.execute(_select_posted(keys)):
        found[member_id].posted_lapse_points = int(points)
    return found


def _short_points(rows: Sequence[Row[Any]]) -> dict[str, int]:
    """By return, what the chain did not take and was given back: as if it never was."""
    short: dict[str, int] = {}
    for row in rows:
        if row.kind == Kind.RETURN_UNDONE:
            undone = json.loads(row.details)["undone_operation_id"]
            short[undone] = short.get(undone, 0) + row.points
    return short


def _move(
    row: Row[Any],
    points: int,
    calendar: Calendar,
    applied_at: AppliedAt | None,
    seen: list[SeenRedemption],
) -> tuple[Move, tuple[int, int, int, int] | None]:
    """So many points of the entry as a move, with its place on the chain if it has one. What was
    `seen` of it there is taken from the list."""
    # A redemption that its member signed has no word: a call of its own burns it, whole.
    called = row.call_id is not None
    sealed, no_word = row.settlement_tx_id is not None, row.outbox_entry is None and not called
    at_s: int | None = None
    sealed_at_ms = row.sealed_at_ms
    if called:
        key = key_of(row.call_arguments)
        for one in seen:
            # Before it is final, the mirror may have it of another fork.
            same = one.tx_hash == row.included_tx_hash or row.state != str(TxState.FINAL)
            if one.key == key and same:
                seen.remove(one)
                at_s = one.at_s
                if one.tx_hash != row.included_tx_hash:
                    sealed_at_ms = _place_of(one)
                break
        if row.applied:
            at_s = row.included_at_s
    elif sealed:
        at_s = applied_at(row.seq) if applied_at else row.included_at_s if row.applied else None
    recorded_period = calendar.period_at(row.recorded_at_ms // 1000)
    promised_at_ms = row.promised_at_ms or row.recorded_at_ms
    move = Move(
        operation_id=row.operation_id,
        kind=Kind(row.kind),
        points=points,
        accepted_period=calendar.period_at(promised_at_ms // 1000),
        covered_points=points if no_word else row.lapsed_points or 0,
        earned_period=recorded_period - row.age if row.kind == Kind.RESTORE else None,
        age=row.word_age or 0,
        # What the member signed is fixed: no expired points can stand in for it.
        sealed=sealed or no_word or called,
        applied_period=None if at_s is None else calendar.period_at(at_s),
    )
    # A program's slots are sealed one after the other, whichever lane they are on; others may come
    # between them.
    place = None if at_s is None else (at_s, sealed_at_ms, row.nonce or 0, row.word_index or 0)
    return move, place


def _moved_by_others(seen: SeenRedemption, calendar: Calendar) -> tuple[int, int, int, int, Move]:
    """A redemption that the ledger does not know yet, at its place."""
    period = calendar.period_at(seen.at_s)
    move = Move(
        operation_id=seen.redemption_ref,
        kind=Kind.REDEEM,
        points=seen.points,
        accepted_period=period,
        sealed=True,
        applied_period=period,
    )
    return seen.at_s, _place_of(seen), 0, 0, move


def _place_of(seen: SeenRedemption) -> int:
    """Where it is among what we sealed that is in its block."""
    return _LAST if seen.behind_batch else 0


def _select_moves(keys: list[str]) -> Select[Any]:
    return (
        on_its_way(
            select(
                _JOURNAL.c.member_id,
                _JOURNAL.c.operation_id,
                _JOURNAL.c.kind,
                _JOURNAL.c.points,
                _JOURNAL.c.details,
                _JOURNAL.c.age,
                _JOURNAL.c.recorded_at_ms,
                _REDEMPTIONS.c.created_at_ms.label("promised_at_ms"),
                _OUTBOX.c.entry_no.label("outbox_entry"),
                _OUTBOX.c.batch_id,
                _OUTBOX.c.word_index,
                _OUTBOX.c.lapsed_points,
                _OUTBOX.c.age.label("word_age"),
                _BATCHES.c.seq,
                _CALLS.c.id.label("call_id"),
                _CALLS.c.arguments.label("call_arguments"),
                _TXS.c.id.label("settlement_tx_id"),
                _TXS.c.sealed_at_ms,
                _TXS.c.nonce,
                _TXS.c.included_at_s,
                _TXS.c.included_tx_hash,
                _TXS.c.state,
                case((_APPLIED, 1), else_=0).label("applied"),
            )
        )
        .outerjoin(
            _REDEMPTIONS,
            and_(
                _REDEMPTIONS.c.id == _JOURNAL.c.source_id,
                _JOURNAL.c.kind == int(Kind.REDEEM),
            ),
        )
        .where(
            _JOURNAL.c.member_id.in_(keys),
            _JOURNAL.c.kind.not_in([*_LAPSES, int(Kind.REDEEM_UNDONE)]),
            # What a parked call took was given back: neither ever was.
            _CALLS.c.parked_reason.is_(None),
        )
        .order_by(_JOURNAL.c.entry_no)
    )


def _select_holds(keys: list[str], now_ms: int) -> Select[Any]:
    return (
        select(
            _REDEMPTIONS.c.member_id,
            _REDEMPTIONS.c.id,
            _REDEMPTIONS.c.points,
            _REDEMPTIONS.c.created_at_ms,
        )
        .where(
            _REDEMPTIONS.c.member_id.in_(keys),
            _REDEMPTIONS.c.state == RedemptionState.HELD.value,
            _REDEMPTIONS.c.expires_at_ms > now_ms,
        )
        .order_by(_REDEMPTIONS.c.created_at_ms, _REDEMPTIONS.c.id)
    )


def _select_posted(keys: list[str]) -> Select[Any]:
    lapse = _JOURNAL.c.kind == int(Kind.LAPSE)
    signed = case((lapse, _JOURNAL.c.points), else_=-_JOURNAL.c.points)
    return (
        select(_JOURNAL.c.member_id, func.sum(signed))
        .where(_JOURNAL.c.member_id.in_(keys), _JOURNAL.c.kind.in_(_LAPSES))
        .group_by(_JOURNAL.c.member_id)
    )
