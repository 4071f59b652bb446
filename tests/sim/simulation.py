"""One run: a seed, some hundred steps under faults, then calm, then the whole audit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Final

from backend.services.read_balance import read_balance
from tests.sim.chain import GWEI
from tests.sim.chance import Plan, plan_of
from tests.sim.contracts import UNPAUSE
from tests.sim.database import Databases
from tests.sim.desk import at_once
from tests.sim.final_audit import audit_everything
from tests.sim.troubles import DAY_MS, Troubles
from tests.sim.world import World

CALM_ROUNDS_MAX: Final = 150


class Failed(AssertionError):
    """A run that broke an invariant: the seed, what broke, and the last steps."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did, to tell runs that test something from runs that do not."""

    seed: int
    digest: str
    answers: int
    refusals: int
    blocks: int
    settled: int
    asked: Counter[str]
    faults: Counter[str]
    alarms: Counter[str]


def run(seed: int, databases: Databases, plan: Plan | None = None) -> Result:
    """Raises Failed."""
    world = World(seed, plan or plan_of(seed), databases)
    director = Director(seed, world)
    try:
        director.play()
        director.calm_down()
        settled = audit_everything(world)
    except Exception as broken:
        lines = "\n".join(world.trace.lines)
        raise Failed(f"seed {seed}: {broken!r}\n{world.plan}\n{lines}") from broken
    finally:
        world.close()
    return Result(
        seed=seed,
        digest=world.trace.digest,
        answers=world.till.answers,
        refusals=world.till.refusals,
        blocks=len(world.chain.blocks),
        settled=settled,
        asked=world.till.asked,
        faults=world.stage.faults,
        alarms=world.alarms,
    )


class Director:
    """Draws what happens next."""

    def __init__(self, seed: int, world: World) -> None:
        self.world = world
        self.plan = world.plan
        self._chance = Random(f"{seed}/director")
        self.troubles = Troubles(world, self._chance)

    def play(self) -> None:
        """The steps under faults."""
        world = self.world
        if self.plan.warm:
            self._warm_up()
        for step in range(self.plan.steps):
            world.trace.step = step
            world.now_ms += self._chance.randint(0, 1500)
            self.troubles.strike(step)
            self._step()
            self._check_somebody()

    def _warm_up(self) -> None:
        stage = self.world.stage
        stage.calm = True
        for _ in range(self.plan.finality_depth + self.plan.programs + 2):
            self.world.now_ms += 1000
            self.world.settlers[0].resume()
            self.troubles.mine()
        stage.calm = False

    def calm_down(self) -> None:
        """No more faults: everybody is answered, and everything settles (I4)."""
        world = self.world
        world.stage.calm = True
        world.weather.unreachable = False
        world.chain.broke.clear()
        world.chain.base_fee_wei = GWEI
        for calm_round in range(CALM_ROUNDS_MAX):
            world.trace.step = self.plan.steps + calm_round
            # Budgets are whole again each day.
            world.now_ms += DAY_MS if calm_round % 10 == 9 else 3000
            if any(each.paused for each in world.chain.head.contracts.programs.values()):
                self.troubles.pause(UNPAUSE)
            if world.till.unanswered:
                world.till.ask(list(world.till.unanswered))
            self.troubles.mine()
            for actor in [*world.settlers, world.indexer]:
                actor.resume()
            if calm_round > self.plan.finality_depth and self._settled():
                return
        raise AssertionError(f"not settled after {CALM_ROUNDS_MAX} calm rounds: {self._pending()}")

    def _settled(self) -> bool:
        return not any(self._pending().values())

    def _pending(self) -> dict[str, int]:
        audit, chain = self.world.auditor, self.world.chain
        ((waiting,),) = audit.ledger_rows(
            "SELECT count(*) FROM outbox WHERE batch_id IS NULL AND parked_reason IS NULL"
        )
        ((open_slots,),) = audit.ledger_rows(
            "SELECT count(*) FROM settlement_txs WHERE state NOT IN ('final', 'reverted')"
        )
        ((calls,),) = audit.ledger_rows(
            "SELECT count(*) FROM chain_calls"
            " WHERE settlement_tx_id IS NULL AND parked_reason IS NULL"
        )
        ((unborn,),) = audit.ledger_rows(
            "SELECT count(*) FROM programs WHERE contract_address IS NULL"
        )
        ((top,),) = audit.mirror_rows("SELECT block_number FROM mirror_cursor")
        return {
            "unanswered": len(self.world.till.unanswered),
            "waiting": waiting,
            "waiting calls": calls,
            "open slots": open_slots,
            "programs without contract": unborn,
            "blocks not mirrored": chain.head.header.number - top,
        }

    def _step(self) -> None:
        world = self.world
        kind = self._chance.random()
        if kind < 0.30:
            self._shop()
        elif kind < 0.55:
            self._chance.choice(world.settlers).resume()
        elif kind < 0.75:
            world.indexer.resume()
        elif kind < 0.79:
            world.reconciler.resume()
        elif self._chance.random() >= self.plan.delayed_block:
            self.troubles.mine()
        else:
            world.stage.faults["no block"] += 1

    def _shop(self) -> None:
        till, customers = self.world.till, self.world.customers
        kind = self._chance.random()
        if kind < 0.10 and till.served:
            till.ask([self._chance.choice(till.served)] * self._chance.randint(1, 3))
        elif kind < 0.15 and till.served:
            till.ask_wrongly(self._chance.choice(till.served), customers.draw())
        elif kind < 0.30 and till.unanswered:
            till.ask([self._chance.choice(till.unanswered)])
        else:
            till.ask([customers.draw() for _ in range(self._chance.choice([1, 1, 1, 2, 4]))])

    def _check_somebody(self) -> None:
        """One member's balance, as a read answers it, is what the books say."""
        world = self.world
        if not world.books.members:
            return
        member = self._chance.choice(list(world.books.members))
        calm, world.stage.calm = world.stage.calm, True
        world.auditor.note_parked()
        read = at_once(read_balance(world.desk.house, world.merchant_id, member))
        said = {"available": read.available_points, "held": read.held_points}
        world.books.agrees(member, said, world.now_ms)
        world.stage.calm = calm
