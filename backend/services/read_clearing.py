"""Read a coalition's clearing of a period: who gave the points that were redeemed where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from backend.core.clearing import Clearing, clear
from backend.core.days import span_ms
from backend.ledger.movements import movements
from backend.ledger.partners import all_partners
from backend.services.house import House
from backend.services.read_program import read_visible_program


@dataclass(frozen=True, slots=True)
class ClearingRead:
    """`names` are the merchants' that the reader may see."""

    program_id: str
    from_ms: int
    to_ms: int
    clearing: Clearing
    names: dict[str, str]


async def read_clearing(
    house: House, merchant_id: str, program_id: str, first: date, last: date
) -> ClearingRead:
    """Of whole days in the program's time, both included. To whom the program belongs all of it;
    to a partner its own account, and what it redeemed and what was redeemed of its points.

    Reads the whole journal up to the end of the period. Raises UnknownProgram or PeriodInvalid.
    """
    program = await read_visible_program(house, merchant_id, program_id)
    span = span_ms(first, last, program.timezone)

    def read(connection: Connection) -> tuple[Clearing, dict[str, str]]:
        found = movements(connection, program.id, program.calendar, program.merchant_id, span)
        names = {p.merchant_id: p.name for p in all_partners(connection, program.id)}
        return clear(found), {program.merchant_id: program.name, **names}

    clearing, names = await house.ledger.run(read)
    if merchant_id != program.merchant_id:
        clearing = _seen_by(merchant_id, clearing)
        names = {merchant_id: names[merchant_id]}
    return ClearingRead(program.id, *span, clearing, names)


def _seen_by(merchant_id: str, clearing: Clearing) -> Clearing:
    accounts = {m: account for m, account in clearing.accounts.items() if m == merchant_id}
    cells = {pair: points for pair, points in clearing.redeemed.items() if merchant_id in pair}
    # Of the others a partner learns the sums only, under no name.
    own: dict[tuple[str, str], int] = {}
    for (issuer, redeemer), points in cells.items():
        pair = (
            issuer if issuer == merchant_id else OTHERS,
            redeemer if redeemer == merchant_id else OTHERS,
        )
        own[pair] = own.get(pair, 0) + points
    return Clearing(accounts, own)


OTHERS = "others"
"""What a partner sees in place of the other merchants."""
