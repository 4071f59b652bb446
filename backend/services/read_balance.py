"""Read a member's balance: what the ledger owes and until when, and what the chain shows of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from backend.core.calendar import Calendar
from backend.core.expiry import BUCKETS, MemberWord
from backend.ledger import mirror, mirror_words
from backend.ledger.members import MemberRecord
from backend.ledger.mirror import NOTHING, MirrorBalance
from backend.ledger.rebase import rebased
from backend.services.find_member import member_record
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class ExpiringLot:
    """Points that can be spent until the end of `last_day`, in the program's time: they are gone
    at `expires_at_ms`."""

    points: int
    expires_at_ms: int
    last_day: date


@dataclass(frozen=True, slots=True)
class BalanceRead:
    """`expiring` has what is available by when it expires, the first to go first; nothing of
    points that never do. `debt_points` are owed, and later points make them up."""

    member_id: str
    available_points: int
    pending_points: int
    held_points: int
    debt_points: int
    expiring: list[ExpiringLot]
    on_chain: MirrorBalance


async def read_balance(house: House, merchant_id: str, member_id: str) -> BalanceRead:
    """As of now. Raises UnknownMember. Nothing is asked of the chain: the mirror answers for it."""
    record = await member_record(house, merchant_id, member_id)
    now_ms = house.now_ms()
    record = await house.ledger.run(lambda connection: as_of(connection, record, now_ms))
    address = record.contract_address
    on_chain = MirrorBalance(0, 0, NOTHING, NOTHING)
    if address is not None:
        on_chain = await house.mirror.run(
            lambda connection: _live(connection, address, record, now_ms)
        )
    free = record.free
    return BalanceRead(
        member_id=record.id,
        available_points=free.balance,
        pending_points=record.pending_points,
        held_points=record.held_points,
        debt_points=record.debt_points,
        expiring=expiring_lots(record.calendar, free),
        on_chain=on_chain,
    )


async def available_now(house: House, record: MemberRecord) -> int:
    """What the member can spend now."""
    now_ms = house.now_ms()
    record = await house.ledger.run(lambda connection: as_of(connection, record, now_ms))
    return record.free.balance


def as_of(connection: Connection, record: MemberRecord, now_ms: int) -> MemberRecord:
    """The record as of now, whether or not anyone has written down what expired."""
    period = record.calendar.period_at(now_ms // 1000)
    if not record.run_out_points:
        if period <= record.word.period:
            return record
        aged = record.word.aged(record.calendar, period)
        if aged.balance == record.word.balance:
            return replace(record, word=aged)
    plan = rebased(connection, record.calendar, [record.id], now_ms)[record.id]
    return replace(record, word=plan.projection.word, covered_points=plan.covered_points)


def _live(
    connection: Connection, contract: str, record: MemberRecord, now_ms: int
) -> MirrorBalance:
    """What the chain shows without what has expired, swept or not."""
    stored = mirror.balance_of(connection, contract, record.address)
    word = mirror_words.word_of(connection, contract, record.address)
    period = max(word.period, record.calendar.period_at(now_ms // 1000))
    expired = word.lapsed(record.calendar, period)
    return replace(
        stored,
        included_points=max(0, stored.included_points - expired),
        final_points=max(0, stored.final_points - expired),
    )


def expiring_lots(calendar: Calendar, word: MemberWord) -> list[ExpiringLot]:
    """The word's lots by when they expire, the first to go first."""
    expiring = []
    for age in reversed(range(BUCKETS)):
        earned, points = word.period - age, word.buckets[age]
        expires_at_s, last_day = calendar.expires_at(earned), calendar.last_day(earned)
        if points and expires_at_s is not None and last_day is not None:
            expiring.append(ExpiringLot(points, expires_at_s * 1000, last_day))
    return expiring
