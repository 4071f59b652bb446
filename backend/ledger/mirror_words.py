"""Reads of the members' words in the mirror: points by age, and what time takes from them.

As in `mirror`: a connection of the mirror's engine, one cheap query each, addresses in lower-case
hex with 0x. A word is as the contract stored it last; who wants to know what can be spent ages it
(`live_points_of`, or `MemberWord.aged` with the program's calendar). Times are Unix seconds.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, case, func, or_, select

from backend.core.calendar import Calendar
from backend.core.expiry import BUCKETS, MemberWord
from backend.ledger.mirror_tables import balances, blocks, programs, supply
from backend.ledger.mirror_tables import cursor as cursor_table

_LOTS: Final = tuple(balances.c[f"lot_{age}"] for age in range(BUCKETS))

_WORD: Final = select(
    balances.c.member, balances.c.period, balances.c.nonce, balances.c.signed_only, *_LOTS
).where(balances.c.program == bindparam("program"))

_ONE_WORD: Final = _WORD.where(balances.c.member == bindparam("member"))

_WORDS: Final = (
    _WORD.where(balances.c.member > bindparam("after"))
    .order_by(balances.c.member)
    .limit(bindparam("limit"))
)

_CALENDAR: Final = select(
    programs.c.period_months, programs.c.validity_periods, programs.c.utc_offset_minutes
).where(programs.c.address == bindparam("program"))

_SIGNED_ONLY: Final = select(programs.c.signed_only).where(
    programs.c.address == bindparam("program")
)

_HEAD_TIME: Final = (
    select(blocks.c.timestamp_s)
    .join(cursor_table, cursor_table.c.block_number == blocks.c.number)
    .where(cursor_table.c.id == 1)
)

_SUM: Final = select(func.coalesce(func.sum(balances.c.points), 0)).where(
    balances.c.program == bindparam("program")
)

_LAPSED_TOTAL: Final = select(supply.c.lapsed_points).where(
    supply.c.program == bindparam("program")
)

# A lot of age a in the word's period p was earned in p - a, and lapses once that is more than the
# validity ago.
_GONE: Final = [
    balances.c.period - age < bindparam("period") - programs.c.validity_periods
    for age in range(BUCKETS)
]
_LAPSED_POINTS: Final = sum(
    (case((gone, lot), else_=0) for gone, lot in zip(_GONE[1:], _LOTS[1:], strict=True)),
    start=case((_GONE[0], _LOTS[0]), else_=0),
)

_LAPSED: Final = (
    select(balances.c.member, _LAPSED_POINTS)
    .join(programs, programs.c.address == balances.c.program)
    .where(
        balances.c.program == bindparam("program"),
        balances.c.member > bindparam("after"),
        programs.c.period_months > 0,
        or_(*(gone & (lot > 0) for gone, lot in zip(_GONE, _LOTS, strict=True))),
    )
    .order_by(balances.c.member)
    .limit(bindparam("limit"))
)


def head_time_s(connection: Connection) -> int | None:
    """The time of the block the mirror stands at; None for an empty mirror."""
    return connection.execute(_HEAD_TIME).scalar_one_or_none()


def calendar_of(connection: Connection, program: str) -> Calendar | None:
    """How the program's points age; None while the mirror does not know the program."""
    row = connection.execute(_CALENDAR, {"program": program}).one_or_none()
    return None if row is None else Calendar(*row)


def word_of(connection: Connection, program: str, member: str) -> MemberWord:
    """The member's word as stored; that of nobody for a member the chain has never seen."""
    parameters = {"program": program, "member": member}
    row = connection.execute(_ONE_WORD, parameters).one_or_none()
    return MemberWord() if row is None else _word(row)


def words_of(
    connection: Connection, program: str, *, limit: int, after: str = ""
) -> list[tuple[str, MemberWord]]:
    """Members with their words as stored, in order of address, past `after`."""
    parameters = {"program": program, "after": after, "limit": limit}
    return [(row.member, _word(row)) for row in connection.execute(_WORDS, parameters)]


def takes_signatures_only(connection: Connection, program: str, member: str) -> bool:
    """Whether the chain burns the member's points by their signature only: as the member said, or
    as the program was made."""
    if word_of(connection, program, member).signed_only:
        return True
    made_so = connection.execute(_SIGNED_ONLY, {"program": program}).scalar_one_or_none()
    return bool(made_so)


def live_points_of(connection: Connection, program: str, member: str, at_s: int) -> int:
    """What the member can spend at `at_s` as far as the mirror has seen: `balanceOf` then.

    Raises LookupError for a program that the mirror does not know, and ValueError for a time
    before the member's last change.
    """
    calendar = calendar_of(connection, program)
    if calendar is None:
        raise LookupError(f"the mirror does not know program {program}")
    word = word_of(connection, program, member)
    return word.aged(calendar, calendar.period_at(at_s)).balance


def sum_of_points(connection: Connection, program: str) -> int:
    """The sum of all members' points, lapsed and unswept ones included: `totalSupply`."""
    return int(connection.execute(_SUM, {"program": program}).scalar_one())


def lapsed_points_total(connection: Connection, program: str) -> int:
    """All points that were ever swept because they had lapsed: the sum of `Lapsed`."""
    found = connection.execute(_LAPSED_TOTAL, {"program": program}).scalar_one_or_none()
    return 0 if found is None else found


def members_with_lapsed(
    connection: Connection, program: str, period: int, limit: int, after: str = ""
) -> list[tuple[str, int]]:
    """Members holding points that have lapsed in `period` and were not swept, with how many.

    In order of address, past `after`: what `expire(members)` is called with.
    """
    parameters = {"program": program, "period": period, "limit": limit, "after": after}
    return [(member, int(points)) for member, points in connection.execute(_LAPSED, parameters)]


def _word(row: Row[Any]) -> MemberWord:
    lots: tuple[int, ...] = tuple(row)[4:]
    return MemberWord(row.period, row.nonce, row.signed_only, lots)
