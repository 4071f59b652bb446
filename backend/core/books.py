"""A program's trial balance at a block: what the books say was settled, what the chain's logs say,
and what the contract says is left.

Ledger and logs name things differently. A rebind burns at one address and mints at another, and is
neither issue nor use. A return that found fewer points than it asked for burned what there was
(`short_points` is the rest). What time took is in no operation of the ledger's: sweeping is the
chain's, and anybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.core.operations import Kind


@dataclass(frozen=True, slots=True)
class ChainSums:
    """Sums of a program's logs up to a block, in points."""

    minted_points: int
    burned_points: int
    lapsed_points: int
    restored_points: int
    rebound_points: int
    short_points: int

    @property
    def outstanding_points(self) -> int:
        return self.minted_points - self.burned_points


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what books and chain say; None where a side has no such figure of its own."""

    name: str
    ledger_points: int | None
    chain_points: int | None

    @property
    def agrees(self) -> bool:
        return None in (self.ledger_points, self.chain_points) or (
            self.ledger_points == self.chain_points
        )


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """The lines as of a block; `supply_points` is the contract's own answer, None where the node
    gave none."""

    block_number: int
    lines: tuple[Line, ...]
    supply_points: int | None

    @property
    def outstanding(self) -> Line:
        return self.lines[-1]

    @property
    def balanced(self) -> bool:
        """Whether every line agrees, and the contract with them."""
        supply = self.supply_points
        return all(line.agrees for line in self.lines) and (
            supply is None or supply == self.outstanding.chain_points
        )


def trial_balance(
    block_number: int,
    settled: Mapping[Kind, int],
    chain: ChainSums,
    supply_points: int | None,
) -> TrialBalance:
    """`settled` has the points of the words, and signed redemptions, that the block and those
    before it brought on chain, by kind."""

    def booked(*kinds: Kind) -> int:
        return sum(settled.get(kind, 0) for kind in kinds)

    issued = booked(Kind.ACCRUE, Kind.BONUS, Kind.ADJUST_CREDIT)
    restored = booked(Kind.RESTORE)
    debited = booked(Kind.REDEEM, Kind.RETURN, Kind.ADJUST_DEBIT) - chain.short_points
    lines = (
        Line(
            "issued",
            issued,
            chain.minted_points - chain.restored_points - chain.rebound_points,
        ),
        Line("restored", restored, chain.restored_points),
        Line("debited", debited, chain.burned_points - chain.lapsed_points - chain.rebound_points),
        Line("redeemed", booked(Kind.REDEEM), None),
        Line("returned", booked(Kind.RETURN), None),
        Line("adjusted", booked(Kind.ADJUST_DEBIT), None),
        Line("short", None, chain.short_points),
        Line("expired", None, chain.lapsed_points),
        Line(
            "outstanding",
            issued + restored - debited - chain.lapsed_points,
            chain.outstanding_points,
        ),
    )
    return TrialBalance(block_number, lines, supply_points)
