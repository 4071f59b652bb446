"""Settlement: operations of existing holders, from the outbox to a confirmed block.

    python -m bench.settle_bench [--lanes N] [--operations N]

The chain makes a block a second, as the embedded one does. Confirmed means that the settler has
seen the operation included. The ceiling is what the design allows: 600 operations per lane
and block.
"""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, func, select

from backend import wiring
from backend.chain.fees import FeePolicy
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.money import Money
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.group_commit import Answer, Claim, Command, GroupCommitter
from backend.ledger.merchants import add_merchant
from backend.ledger.settlement_tables import SettlementTx
from backend.ledger.vault import Vault
from backend.services.accept_purchase import AcceptPurchase, PurchaseTerms
from backend.services.create_program import CreateProgram, ProgramTerms
from backend.services.enrol_member import EnrolMember
from backend.services.lookup import MemberById
from backend.settings import Settings
from backend.settlement.lanes import lane_index
from backend.settlement.settler import Settler
from tests.anvil import anvil, deploy, lane_signers
from tests.postgres import PostgresUnavailableError, postgres_cluster

MEMBERS: Final = 1_000
WORDS_PER_TX: Final = 600
_MERCHANT: Final = "mer_bench"
_TIMEOUT_S: Final = 300


@dataclass(frozen=True, slots=True)
class SettleResult:
    """Confirmed operations per second of existing holders, and of holders new to the chain."""

    name: str
    lanes: int
    existing_per_second: float
    new_per_second: float
    ratio: float


class Bench:
    """A ledger with a program on every lane, and the settler that empties its outbox."""

    def __init__(
        self, engine: Engine, settler: Settler, committer: GroupCommitter, vault: Vault
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._settler = settler
        self._committer = committer
        self._receipts = 0
        self._members: dict[str, list[str]] = {}

    def open_programs(self, lanes: int) -> None:
        """One program on each lane, each with members that the chain does not know yet."""
        terms = ProgramTerms("Bench", "BENCH", "USD", 1, 100, 900)
        taken: set[int] = set()
        while len(taken) < lanes:
            command = CreateProgram(_MERCHANT, None, terms, lambda program: program.id.encode())
            program_id = self._all([command])[0].body.decode()
            if lane_index(program_id, lanes) not in taken:
                taken.add(lane_index(program_id, lanes))
                self._members[program_id] = self._enrol(program_id)
        self._until_settled()

    def settle(self, operations: int) -> float:
        """Operations per second from a full outbox to the last confirmation."""
        commands: list[Command] = []
        for number in range(operations):
            programs = list(self._members)
            program_id = programs[number % len(programs)]
            members = self._members[program_id]
            member_id = members[number // len(programs) % len(members)]
            commands.append(self._purchase(program_id, member_id))
        for start in range(0, len(commands), 256):
            self._all(commands[start : start + 256])
        started_s = time.perf_counter()
        self._until_settled()
        return operations / (time.perf_counter() - started_s)

    def _until_settled(self) -> None:
        deadline_s = time.monotonic() + _TIMEOUT_S
        txs = table_of(SettlementTx)
        waiting = select(func.count()).where(txs.c.state.not_in(["included", "final"]))
        while time.monotonic() < deadline_s:
            report = self._settler.step()
            if report.parked or not report.head:
                raise RuntimeError(f"the settler is in trouble: {report}")
            if report.progressed or report.open_slots:
                time.sleep(0.02)
                continue
            with self._engine.connect() as connection:
                if not connection.execute(waiting).scalar_one():
                    return
            time.sleep(0.02)
        raise RuntimeError("settlement did not end")

    def _enrol(self, program_id: str) -> list[str]:
        members = []
        for number in range(MEMBERS):
            identifier = Identifier.parse(IdentifierKind.EXTERNAL_ID, f"c{number}")
            command = EnrolMember.build(
                self._vault,
                _MERCHANT,
                None,
                program_id,
                [identifier],
                f"0x{secrets.token_hex(20)}",
                lambda enrolled: enrolled.member.id.encode(),
            )
            members.append(command)
        return [answer.body.decode() for answer in self._all(members)]

    def _purchase(self, program_id: str, member_id: str) -> AcceptPurchase:
        self._receipts += 1
        receipt_id = f"r{self._receipts}"
        terms = PurchaseTerms(MemberById(program_id, member_id), receipt_id, 0, Money(1_000, "USD"))
        return AcceptPurchase(Claim(_MERCHANT, receipt_id, receipt_id), terms, lambda _: b"{}")

    def _all(self, commands: Sequence[Command]) -> list[Answer]:
        answers = []
        for outcome in self._committer.execute(commands):
            if not isinstance(outcome, Answer):
                raise outcome
            answers.append(outcome)
        return answers


def run(lanes: int = 8, operations: int = 24_000) -> list[SettleResult]:
    """On SQLite, then on PostgreSQL where there is one."""
    with ExitStack() as stack:
        results = [_run("SQLite", None, lanes, operations)]
        try:
            cluster = stack.enter_context(postgres_cluster())
        except PostgresUnavailableError:
            return results
        return [*results, _run("PostgreSQL", cluster.create_database(), lanes, operations)]


def _run(name: str, database_url: str | None, lanes: int, operations: int) -> SettleResult:
    with tempfile.TemporaryDirectory() as folder, anvil(Path(folder), block_time_seconds=1) as node:
        settings = Settings(data=Path(folder), database_url=database_url)
        databases = wiring.open_databases(settings)
        vault = wiring.open_vault(settings)
        with writing(databases.ledger) as connection:
            add_merchant(connection, _MERCHANT, "Bench", 0)
        signers = lane_signers(lanes)
        settler = Settler(
            databases.ledger,
            node.chain,
            deploy(node, [signer.address for signer in signers]),
            signers,
            FeePolicy(200 * 10**9),
            wiring.now_ms,
            wiring.new_id,
        )
        committer = GroupCommitter(databases.ledger, vault, wiring.now_ms, wiring.new_id)
        bench = Bench(databases.ledger, settler, committer, vault)
        bench.open_programs(lanes)
        new_per_second = bench.settle(lanes * MEMBERS)
        existing_per_second = bench.settle(operations)
        databases.ledger.dispose()
    return SettleResult(
        name,
        lanes,
        existing_per_second,
        new_per_second,
        existing_per_second / (lanes * WORDS_PER_TX),
    )


def show(results: list[SettleResult]) -> None:
    print("settlement, confirmed         existing holders/s   new holders/s   ratio to lanes x 600")
    for result in results:
        print(
            f"  {result.name:<12} {result.lanes} lanes {result.existing_per_second:>20,.0f}"
            f" {result.new_per_second:>15,.0f} {result.ratio:>22.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--operations", type=int, default=24_000)
    arguments = parser.parse_args()
    show(run(arguments.lanes, arguments.operations))


if __name__ == "__main__":
    main()
