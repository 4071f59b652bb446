"""Read what is going to expire, member by member: what reminders are written from."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.calendar import Calendar
from backend.core.errors import UnknownMember
from backend.core.ids import is_id
from backend.ledger import lapses, members
from backend.services.house import House
from backend.services.read_balance import ExpiringLot, as_of, expiring_lots
from backend.services.read_program import read_program

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class MemberExpiring:
    """What a member loses until the moment that was asked about, the first to go first."""

    member_id: str
    lots: list[ExpiringLot]


@dataclass(frozen=True, slots=True)
class ExpiringRead:
    members: list[MemberExpiring]
    has_more: bool
    next_after: str | None = None


async def read_expiring(
    house: House,
    merchant_id: str,
    program_id: str,
    within_days: int,
    limit: int,
    starting_after: str | None,
) -> ExpiringRead:
    """The members whose available points expire in so many days, by id, with the dates that their
    balances show and the contract keeps. A page can be shorter than `limit`.

    Raises UnknownProgram, or UnknownMember for a cursor that is none.
    """
    program = await read_program(house, merchant_id, program_id)
    if starting_after is not None and not is_id("mem", starting_after):
        raise UnknownMember("starting_after is none of the program's members.")
    calendar, now_ms = program.calendar, house.now_ms()
    until_ms = now_ms + within_days * DAY_MS

    def read(connection: Connection) -> ExpiringRead:
        return members_losing(
            connection, merchant_id, program.id, calendar, until_ms, now_ms, limit,
            starting_after or "",
        )  # fmt: skip

    if not calendar.expires:
        return ExpiringRead([], has_more=False)
    return await house.ledger.run(read)


def members_losing(
    connection: Connection,
    merchant_id: str,
    program_id: str,
    calendar: Calendar,
    until_ms: int,
    now_ms: int,
    limit: int,
    after_id: str,
) -> ExpiringRead:
    """Up to `limit` members by id, those whose available points expire until then among them."""
    found = lapses.members_expiring(connection, program_id, calendar, until_ms, limit + 1, after_id)
    listed = []
    records = members.members_by_id(connection, merchant_id, found[:limit], now_ms)
    for record in sorted(records, key=lambda each: each.id):
        lots = expiring_lots(calendar, as_of(connection, record, now_ms).free)
        if soon := [lot for lot in lots if lot.expires_at_ms <= until_ms]:
            listed.append(MemberExpiring(record.id, soon))
    more = len(found) > limit
    return ExpiringRead(listed, more, found[limit - 1] if more else None)
