"""Read a program's supply: what was ever minted, and what of it is on chain now."""

from __future__ import annotations

from dataclasses import dataclass

from backend.ledger import mirror, programs, relayed
from backend.ledger.calls_in_flight import not_mirrored, unsure_burns
from backend.ledger.calls_in_flight import signed_points as signed_points_of
from backend.ledger.loading import ProgramState
from backend.ledger.mirror import NOTHING
from backend.ledger.relayed import matched
from backend.ledger.signatures_seen import seen_between
from backend.services.house import House
from backend.services.read_program import read_program


@dataclass(frozen=True, slots=True)
class SupplyRead:
    """total + in flight = minted − redeemed − returned − expired, all in points.

    The two on the left come from the chain and from the batches, so the sum is a check. Points
    that have expired are part of the total until somebody sweeps them, and count in flight (as
    negative) meanwhile.
    """

    program: ProgramState
    total_points: int
    in_flight_points: int
    parked_count: int
    as_of_block: int


async def read_supply(house: House, merchant_id: str, program_id: str) -> SupplyRead:
    """Raises UnknownProgram. In flight is what is in no batch that the mirror has seen."""
    total_points, lapsed_points, short_points, last_seq, as_of_block = 0, 0, 0, 0, NOTHING
    noted = await house.ledger.run(relayed.noted_until)
    address = (await read_program(house, merchant_id, program_id)).contract_address
    if address is not None:
        found = await house.mirror.run(lambda connection: mirror.supply_of(connection, address))
        if found is not None:
            total_points, last_seq = found.total_points, found.last_seq
            lapsed_points, short_points = found.lapsed_points, found.short_points
            as_of_block = found.as_of_block
    # Read after the mirror, so that the ledger is never the older of the two.
    program = await read_program(house, merchant_id, program_id)
    settled = await house.ledger.run(
        lambda connection: programs.settled_until(connection, program_id, last_seq)
    )
    signed_points = await house.ledger.run(
        lambda connection: signed_points_of(connection, program_id)
    )
    burns = await house.ledger.run(
        lambda connection: unsure_burns(connection, program_id, as_of_block)
    )
    if address is not None and burns:
        missing = await house.mirror.run(
            lambda connection: not_mirrored(connection, address, burns)
        )
        signed_points -= sum(missing.values())
    else:
        signed_points -= sum(burn.points for burn in burns)
    if address is not None:
        signed_points += await _not_in_books(house, program_id, address, noted, as_of_block)
    settled_points = settled.net_points - signed_points - lapsed_points + short_points
    return SupplyRead(
        program=program,
        total_points=total_points,
        in_flight_points=program.net_points - settled_points,
        parked_count=settled.parked_count,
        as_of_block=as_of_block,
    )


async def _not_in_books(
    house: House, program_id: str, contract: str, noted: int, as_of_block: int
) -> int:
    """Points that members redeemed on chain without us, and that the books are yet to take in."""
    seen = await house.mirror.run(
        lambda connection: seen_between(connection, noted, as_of_block, contract)
    )
    found = await house.ledger.run(lambda connection: matched(connection, program_id, seen))
    return sum(one.points for one, _, call in found if call is None)
