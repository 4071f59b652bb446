"""One run: a seed, some hundred steps under faults, then calm, then the whole audit."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from eth_abi.abi import encode

from backend.core.calendar import Calendar
from backend.services.read_balance import read_balance
from tests.sim.chain import GWEI, Transaction
from tests.sim.chance import Plan, plan_of
from tests.sim.contracts import EXPIRE, PAUSE, UNPAUSE
from tests.sim.database import Databases
from tests.sim.desk import at_once
from tests.sim.evm import word
from tests.sim.final_audit import audit_everything
from tests.sim.world import CAP_WEI, World

CALM_ROUNDS_MAX: Final = 150
DAY_MS: Final = 86_400_000
_STRANGER: Final = b"\x57" * 20
_MONTHS: Final = Calendar(1, 1, 60)


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
    kills: int
    forks: int
    alarms: dict[str, int]


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
        kills=world.stage.kills,
        forks=director.forks,
        alarms=world.alarms,
    )


class Director:
    """Draws what happens next."""

    def __init__(self, seed: int, world: World) -> None:
        self.world = world
        self.plan = world.plan
        self.forks = 0
        self._chance = Random(f"{seed}/director")
        self._outage_until = 0
        self._spike_until = 0
        self._broke_until = 0

    def play(self) -> None:
        """The steps under faults."""
        world = self.world
        for step in range(self.plan.steps):
            world.trace.step = step
            world.now_ms += self._chance.randint(0, 1500)
            self._weather(step)
            self._step()
            self._check_somebody()

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
                self._pause(UNPAUSE)
            if world.till.unanswered:
                world.till.ask(list(world.till.unanswered))
            self._mine()
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
            self._mine()

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

    def _mine(self) -> None:
        world = self.world
        left_out = 0.0 if world.stage.calm else self.plan.left_out
        block = world.chain.mine(world.now_ms // 1000, left_out)
        world.trace.note(
            f"block {block.header.number} {block.header.hash.hex()[:6]}"
            f" with {len(block.transactions)} transactions"
        )
        world.auditor.on_block(block)

    def _weather(self, step: int) -> None:
        """Forks, outages, fees, empty accounts, strangers and jumps of time."""
        world, chance, plan = self.world, self._chance, self.plan
        if chance.random() < plan.reorg:
            self._fork(chance.randint(1, 2))
        if chance.random() < plan.deep_reorg:
            self._fork(plan.finality_depth)
        if chance.random() < plan.outage:
            self._outage_until = step + chance.randint(1, 15)
        if chance.random() < plan.fee_spike:
            self._spike_until = step + chance.randint(5, 25)
        if chance.random() < plan.empty_account:
            self._broke_until = step + chance.randint(5, 25)
            world.chain.broke = {chance.choice(world.lanes).address}
        if chance.random() < plan.foreign:
            self._foreign()
        if chance.random() < plan.dropped and world.chain.mempool:
            dropped = chance.choice(sorted(world.chain.mempool))
            del world.chain.mempool[dropped]
            world.trace.note(f"the mempool forgets nonce {dropped[1]}")
        if chance.random() < plan.jump:
            self._jump()
        if chance.random() < plan.sweep:
            self._sweep()
        if chance.random() < plan.pause:
            self._pause(PAUSE if chance.random() < 0.5 else UNPAUSE)
        world.weather.unreachable = step < self._outage_until
        world.chain.base_fee_wei = (
            (CAP_WEI * 2 if chance.random() < 0.5 else 3 * GWEI)
            if (step < self._spike_until)
            else GWEI
        )
        if step >= self._broke_until:
            world.chain.broke.clear()

    def _fork(self, depth: int) -> None:
        world = self.world
        lost = self._chance.choice([0.0, 0.0, 0.5, 1.0])
        taken = world.chain.fork(depth, lost)
        if not taken:
            return
        self.forks += 1
        world.trace.note(f"fork: {taken} blocks gone, {lost} of their transactions lost")
        # Mostly the other branch is the longer one; sometimes a node has just lost blocks.
        for _ in range(self._chance.choice([0, taken - 1, taken, taken + 1])):
            self._mine()

    def _foreign(self) -> None:
        """Somebody else uses an operator's key."""
        chain = self.world.chain
        sender = self._chance.choice(self.world.lanes).address
        nonce = chain.head.nonces.get(sender, 0)
        stranger = Transaction(
            self._chance.randbytes(32), sender, nonce, sender, b"", CAP_WEI * 4, GWEI
        )
        if (sender, nonce) not in chain.mempool or self._chance.random() < 0.5:
            chain.mempool[sender, nonce] = stranger
            self.world.trace.note(f"a foreign transaction takes nonce {nonce}")

    def _sweep(self) -> None:
        """Somebody sweeps what has lapsed, of every member there is."""
        for address, program in self.world.chain.head.contracts.programs.items():
            members = ["0x" + member.hex() for member in program.words]
            if members:
                self._transact(_STRANGER, address, EXPIRE + encode(["address[]"], [members]))

    def _pause(self, what: bytes) -> None:
        """The admin stops minting, or lets it go on."""
        places = self.world.places
        for address in self.world.chain.head.contracts.programs:
            self._transact(places.admin, places.settlement, what + word(address))

    def _transact(self, sender: bytes, to: bytes, data: bytes) -> None:
        """A transaction that has nothing to do with the settler."""
        chain = self.world.chain
        nonce = chain.head.nonces.get(sender, 0)
        while (sender, nonce) in chain.mempool:
            nonce += 1
        made = Transaction(self._chance.randbytes(32), sender, nonce, to, data, CAP_WEI * 4, GWEI)
        chain.mempool[sender, nonce] = made
        self.world.trace.note(f"a call {data[:4].hex()} of {sender.hex()[:6]} nonce {nonce}")

    def _jump(self) -> None:
        """Time goes by: hours, weeks, or to the seconds around the end of a month."""
        world = self.world
        now_s = world.now_ms // 1000
        boundary = _MONTHS.starts_at(_MONTHS.period_at(now_s) + self._chance.choice([1, 1, 3, 12]))
        world.now_ms = self._chance.choice(
            [
                world.now_ms + 3_600_000,
                world.now_ms + 20 * DAY_MS,
                boundary * 1000 - self._chance.randint(1, 200_000),
                boundary * 1000 + self._chance.randint(0, 2000),
            ]
        )
        # Whatever is in a block by now is final long before.
        world.chain.finalise()
        world.trace.note(f"time jumps to {world.now_ms}")

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
