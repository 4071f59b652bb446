"""Read a member's statement of a period: opening, what came and went, closing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection

from backend.core.days import span_ms
from backend.core.errors import UnknownMember
from backend.core.operations import Kind
from backend.core.statements import Statement, statement_of
from backend.ledger.members import MemberRecord
from backend.ledger.movements import points_before, sums_between
from backend.ledger.operations import OperationRecord, operations_between
from backend.ledger.rebase import rebased
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.read_program import read_program

MOVEMENTS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class StatementRead:
    member_id: str
    program_id: str
    from_ms: int
    to_ms: int
    statement: Statement


async def read_statement(
    house: House, merchant_id: str, member_id: str, first: date, last: date
) -> StatementRead:
    """Of whole days in the program's time, both included; a period that is not over yet is told as
    of now. Raises UnknownMember, also to a partner: it says what was bought elsewhere, too.
    PeriodInvalid."""
    record = await member_record(house, merchant_id, member_id)
    if record.merchant_id != merchant_id:
        raise UnknownMember("There is no such member.")
    program = await read_program(house, merchant_id, record.program_id)
    from_ms, to_ms = span_ms(first, last, program.timezone)
    now_ms = house.now_ms()
    statement = await house.ledger.run(
        lambda connection: _statement(connection, record, (from_ms, to_ms), now_ms)
    )
    return StatementRead(record.id, record.program_id, from_ms, to_ms, statement)


async def read_movements(
    house: House, merchant_id: str, read: StatementRead
) -> list[OperationRecord]:
    """What a statement sums up, oldest first, MOVEMENTS_MAX at most."""
    span = (read.from_ms, read.to_ms)
    return await house.ledger.run_aside(
        lambda connection: operations_between(
            connection, merchant_id, read.member_id, span, MOVEMENTS_MAX
        )
    )


def _statement(
    connection: Connection, record: MemberRecord, span: tuple[int, int], now_ms: int
) -> Statement:
    from_ms, to_ms = span
    opening_points = points_before(connection, record.id, from_ms)
    sums = sums_between(connection, record.id, from_ms, to_ms)
    if from_ms <= now_ms < to_ms:
        # What has expired and nobody has written down yet is gone all the same.
        plan = rebased(connection, record.calendar, [record.id], now_ms)[record.id]
        kind = Kind.LAPSE if plan.lapsing_points > 0 else Kind.LAPSE_UNDONE
        sums.append((kind, 0, abs(plan.lapsing_points)))
    return statement_of(opening_points, sums)
