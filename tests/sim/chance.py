"""Everything a seed decides: how often what breaks, and every draw of the run."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from hashlib import shake_256
from random import Random


@dataclass(frozen=True, slots=True)
class Plan:
    """The rates of one run, each the chance of one event at one opportunity.

    A `warm` run begins when its programs are on the chain for good.
    """

    steps: int
    rpc_error: float
    rpc_stale: float
    rpc_lie: float
    database_error: float
    restart: float
    reorg: float
    deep_reorg: float
    delayed_block: float
    left_out: float
    dropped: float
    foreign: float
    outage: float
    fee_spike: float
    empty_account: float
    jump: float
    sweep: float
    pause: float
    switch: float
    wallets: float
    relay: float
    warm: bool
    finality_depth: int
    settlers: int
    lanes: int
    programs: int
    members: int


def plan_of(seed: int) -> Plan:
    """The plan of a seed. Each kind of trouble is absent from some runs and at its worst in
    others, because faults hide each other."""
    draw = Random(f"{seed}/plan")

    def rate(most: float) -> float:
        return draw.choice([0.0, draw.uniform(0.0, most), draw.uniform(0.0, most), most])

    return Plan(
        steps=draw.randint(40, 100),
        rpc_error=rate(0.05),
        rpc_stale=rate(0.10),
        rpc_lie=rate(0.03),
        database_error=rate(0.001),
        restart=rate(0.002),
        reorg=rate(0.05),
        deep_reorg=rate(0.02),
        delayed_block=rate(0.80),
        left_out=rate(0.30),
        dropped=rate(0.02),
        foreign=rate(0.01),
        outage=rate(0.01),
        fee_spike=rate(0.01),
        empty_account=rate(0.01),
        jump=rate(0.03),
        sweep=rate(0.03),
        pause=rate(0.01),
        switch=rate(0.20),
        wallets=rate(0.60),
        warm=draw.random() < 0.6,
        finality_depth=draw.randint(2, 8),
        settlers=draw.choice([1, 1, 2]),
        lanes=draw.choice([1, 2, 3]),
        programs=draw.choice([1, 2, 3]),
        members=draw.randint(1, 6),
        relay=rate(0.20),
    )


class Entropy:
    """Bytes without a pattern, the same in every run with the same seed."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._draws = itertools.count()

    def __call__(self, size: int) -> bytes:
        return shake_256(f"{self._seed}/{next(self._draws)}".encode()).digest(size)
