"""A chain with two programs and some history, for the indexer to follow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from backend.core.operations import Kind, Operation
from backend.ledger import mirror
from bench.chain_builder import Chain, deploy, member_address, running_anvil
from indexer.loop import Indexer
from indexer.report import StepReport
from indexer.store import MirrorStore
from tests.indexer_model import mirrored_balances

FINALITY = "depth:5"


@dataclass
class Case:
    """A chain with two programs and some history, and an empty mirror."""

    chain: Chain
    engine: Engine
    programs: list[bytes]

    def indexer(self, reader: Any = None) -> Indexer:
        return Indexer(
            reader or self.chain.reader(FINALITY), MirrorStore(self.engine), self.chain.factory
        )

    def mint(self, program: int, *moves: tuple[int, int]) -> None:
        """One batch of (member, points), in a block of its own."""
        self.chain.settle(self.programs[program], [operation(*move) for move in moves])

    def check(self) -> None:
        """Mirror = balanceOf and nextSeq at the mirror's block."""
        reader = self.chain.reader()
        with self.engine.connect() as connection:
            at = mirror.cursor(connection).block_number
        held = mirrored_balances(self.engine)
        for program in self.programs:
            for number in range(12):
                member = member_address(number)
                on_chain = self.chain.balance_of(program, member, block=at)
                assert held.get((program, member), 0) == on_chain
            with self.engine.connect() as connection:
                sums = mirror.supply_of(connection, "0x" + program.hex())
            assert sums is not None
            assert sums.total_points == sum(held[key] for key in held if key[0] == program)
            assert sums.last_seq == self.chain.seqs[program]
        assert reader.head().number >= at


def operation(member: int, points: int) -> Operation:
    kind = Kind.ACCRUE if points > 0 else Kind.REDEEM
    return Operation(kind, member_address(member), abs(points))


def catch_up(indexer: Indexer) -> list[StepReport]:
    """Steps until there is nothing to do."""
    reports = [indexer.step()]
    while reports[-1].progressed:
        reports.append(indexer.step())
    return reports


@contextmanager
def indexer_case(engine: Engine) -> Iterator[Case]:
    """The chain, and `engine` for the mirror."""
    with running_anvil() as node:
        chain = deploy(node)
        made = Case(chain, engine, [chain.create_program(n) for n in range(2)])
        made.mint(0, (1, 10), (2, 20), (3, 30))
        made.mint(1, (1, 7))
        made.mint(0, (1, -4), (4, 1), (4, 2))
        node.mine(8)
        made.mint(0, (5, 50))
        made.mint(1, (1, -7), (6, 60))
        yield made
