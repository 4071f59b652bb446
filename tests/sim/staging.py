"""A stage on which tests make happen by hand what seeds have found, without chance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from random import Random
from typing import Any

from backend.services.create_program import ProgramTerms
from backend.services.program_rules import Expiry, ProgramRules
from tests.sim.chain import GWEI, Transaction
from tests.sim.chance import Plan, plan_of
from tests.sim.database import Databases
from tests.sim.final_audit import audit_everything
from tests.sim.simulation import Director
from tests.sim.till import Request
from tests.sim.wallets import Wallet, Wallets
from tests.sim.world import CAP_WEI, World

_RATES: dict[str, Any] = {f.name: 0.0 for f in fields(Plan) if f.type == "float"}


class Stage:
    """A world without faults but those that a test asks for."""

    def __init__(self, databases: Databases) -> None:
        plan = replace(
            plan_of(0), **_RATES, finality_depth=6, settlers=1, lanes=1, programs=1, members=1
        )
        self.world = World(0, plan, databases)
        self.director = Director(0, self.world)

    def settle(self, blocks: int = 0) -> None:
        """A pass of the settler, then so many blocks with a pass after each."""
        self.world.settlers[0].resume()
        for _ in range(blocks):
            self.mine()
            self.world.settlers[0].resume()

    def mine(self, left_out: float = 0.0) -> None:
        self.world.now_ms += 1000
        self.world.auditor.on_block(self.world.chain.mine(self.world.now_ms // 1000, left_out))

    def fork(self, depth: int, lost: float = 0.0) -> None:
        assert self.world.chain.fork(depth, lost) == depth

    def use_nonce(self, nonce: int) -> None:
        """Somebody else's transaction with the lane's key."""
        sender = self.world.lanes[0].address
        stranger = Transaction(b"\x07" * 32, sender, nonce, sender, b"", CAP_WEI, GWEI)
        self.world.chain.mempool[sender, nonce] = stranger

    def buy(self) -> None:
        """A new member, and a purchase of theirs."""
        till, customers = self.world.till, self.world.customers
        (program,) = self.world.books.programs
        till.ask([customers.enrol(program, "customer-1")])
        (member,) = self.world.books.members
        till.ask([customers.buy(member, "receipt", 1000)])

    def expiring_member(self) -> str:
        """A new member of a program whose points live to the end of the next month."""
        world, customers = self.world, self.world.customers
        rules = ProgramRules(expiry=Expiry(1, 1, "UTC"))
        world.open_program(ProgramTerms("Months", "PTS", "EUR", 1, 100, 900, rules))
        program = list(world.books.programs)[-1]
        self.settle(blocks=3)
        self.ask(customers.enrol(program, "customer-2"))
        (member,) = world.books.programs[program].members
        return member

    @property
    def wallets(self) -> Wallets:
        return self.world.customers.wallets

    @property
    def member(self) -> str:
        (member,) = self.world.books.members
        return member

    def ask(self, request: Request) -> Any:
        """Asks it alone; what was answered, or the code of the refusal."""
        seen: list[Any] = []
        judge = request.judge

        def watch(books: Any, said: Any, now_ms: int) -> None:
            seen.append(said)
            judge(books, said, now_ms)

        request.judge = watch
        self.world.till.ask([request])
        return seen[0]

    def sign(self, **asked: Any) -> Request:
        """What the member asks with a right signature that holds for days."""
        wallets = self.wallets
        wallets.chance = _Steady()
        wallet: Wallet = wallets.wallet(self.member)
        if "points" in asked:
            return wallets.redeem(wallet, asked["points"])
        return wallets.sign_only(wallet, flag=asked["flag"])

    def finish(self) -> None:
        self.director.calm_down()
        audit_everything(self.world)


def staged(run_databases: Databases) -> Iterator[Stage]:
    """A stage for one test."""
    made = Stage(run_databases)
    yield made
    made.world.close()


class _Steady(Random):
    """Chance that never lets a wallet sign something wrong."""

    def random(self) -> float:
        return 0.0

    def choice(self, options: Any) -> Any:
        return options[-1]
