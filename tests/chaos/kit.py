"""The real system in real processes, which a test may kill, and what must be true of it after."""

from __future__ import annotations

import itertools
import json
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import urllib3

from backend.chain.codec import (
    NEXT_SEQ,
    TOTAL_SUPPLY,
    decode_address,
    decode_uint,
    encode_program_of,
)
from backend.chain.contracts import Deployment
from backend.commands.embedded_chain import free_port
from backend.settlement.lanes import program_salt
from backend.settlement.reconcile import Reconciliation, reconcile
from tests.anvil import Anvil, deploy, dev_key, lane_signers
from tests.chaos.failpoints import KILL
from tests.chaos.openings import make_program, record_deployment
from tests.chaos.processes import PATIENCE_S, Launcher, gone, running
from tests.conftest import LedgerDatabase

OCCURRED_AT = "2026-01-02T10:00:00+01:00"
LANES = 2


@dataclass
class Site:
    """One program's whole system. Nothing mines but `until`, so time passes when it is waited for.

    `expected` is what each member must have at the end, by external id.
    """

    data: Path
    database: LedgerDatabase
    node: Anvil
    deployment: Deployment
    launcher: Launcher
    more: dict[str, str] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)
    processes: dict[str, psutil.Process] = field(default_factory=dict)
    program_id: str = ""
    api_key: str = ""
    port: int = 0
    http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=60, retries=False, timeout=30)
    )
    _receipts: Iterator[int] = field(default_factory=itertools.count)

    @property
    def environment(self) -> dict[str, str]:
        keys = ",".join(dev_key(number) for number in range(LANES))
        return {
            "MEREAU_DATA": str(self.data),
            "MEREAU_PORT": str(self.port),
            "MEREAU_DATABASE_URL": self.database.ledger_url,
            "MEREAU_RPC_URL": self.node.url,
            "MEREAU_FINALITY": "depth:3",
            "MEREAU_OPERATOR_KEYS": keys,
            "MEREAU_POLL_MS": "20",
            **self.more,
        }

    def open(self) -> None:
        """A merchant with a key and a program, over the deployment."""
        record_deployment(self.data, self.deployment)
        self.port = free_port("127.0.0.1")
        self.api_key, self.program_id = make_program(self.data, self.database.ledger)

    def start(self, *services: str) -> None:
        """Starts those of serve, settle and index; serve is waited for."""
        for service in services:
            name, _, number = service.partition(" ")
            (self.data / "failpoints" / service).mkdir(parents=True, exist_ok=True)
            self.processes[service] = self.launcher.start(
                name,
                self.environment,
                self.data / f"{name}{number}.log",
                self.data / "failpoints" / service,
            )
        if "serve" in services:
            self.until("the API answers", self._answers, mine=False)

    def run_index(self, *flags: str) -> None:
        """`python -m indexer` with these flags, until it ends."""
        self.run("indexer", *flags)

    def run(self, *command: str) -> str:
        """What a command of `mereau` says on this site."""
        log = self.data / f"command-{new_key()}.log"
        process = self.launcher.start(" ".join(command), self.environment, log, self.data)
        self.until(f"{command} ends", lambda: not running(process), mine=False)
        return log.read_text()

    def arm(self, service: str, point: str, deed: str = KILL) -> None:
        (self.data / "failpoints" / service / point).write_text(deed)

    def struck(self, service: str, point: str) -> bool:
        return not (self.data / "failpoints" / service / point).exists()

    def died(self, service: str) -> bool:
        return not running(self.processes[service])

    def kill(self, service: str) -> None:
        """kill -9."""
        self.processes[service].kill()
        self.until(f"{service} is gone", lambda: self.died(service), mine=False)

    def stop(self, *services: str) -> None:
        """As an operator would; all of them if none is named."""
        for service in services or list(self.processes):
            process = self.processes.pop(service)
            if running(process):
                process.send_signal(signal.SIGTERM)
                self.until(f"{service} is gone", partial(gone, process), mine=False)

    def end(self) -> None:
        """Nothing of it is left."""
        for process in self.processes.values():
            if running(process):
                process.kill()
        self.http.clear()

    def until(self, what: str, is_so: Callable[[], object], *, mine: bool = True) -> None:
        """Waits, a block every time it looks; AssertionError with the logs when it takes long."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not is_so():
            if time.monotonic() > deadline_s:
                raise AssertionError(f"not in time: {what}\n{self.logs()}")
            if mine:
                self.node.mine()
            time.sleep(0.05)

    def logs(self) -> str:
        paths = sorted(self.data.glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in paths)

    def log(self, service: str) -> str:
        return (self.data / f"{service}.log").read_text()

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
        """An HTTP request as a till makes it. Raises urllib3's errors when nobody answers."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        url = f"http://127.0.0.1:{self.port}{path}"
        answer = self.http.request(method, url, json=body, headers=headers)
        return Answer(answer.status, answer.data)

    def at_once(self, requests: list[tuple[str, Any, str]]) -> list[Answer]:
        """POSTs of (path, body, idempotency key), all at the same moment."""
        with ThreadPoolExecutor(len(requests)) as pool:
            return list(pool.map(lambda r: self.ask("POST", r[0], r[1], r[2]), requests))

    def purchase(self, member: str, points: int, receipt: str | None = None) -> dict[str, Any]:
        return {
            "program_id": self.program_id,
            "member": {"external_id": member},
            "receipt_id": receipt or f"R{next(self._receipts)}-{secrets.token_hex(3)}",
            "occurred_at": OCCURRED_AT,
            "currency": "EUR",
            "amount_minor": points * 100,
        }

    def buy(self, member: str, points: int) -> Answer:
        """A purchase of a member, enrolled if new, that is expected in the end."""
        if member not in self.expected:
            self.enrol(member)
        answer = self.ask("POST", "/v1/purchases", self.purchase(member, points), new_key())
        assert answer.status == 201, answer
        self.expected[member] += points
        return answer

    def enrol(self, *members: str) -> dict[str, str]:
        """Members' ids by external id."""
        made = {}
        for member in members:
            body = {"program_id": self.program_id, "external_id": member}
            answer = self.ask("POST", "/v1/members", body, new_key())
            assert answer.status == 201, answer
            made[member] = str(answer.json["id"])
            self.expected.setdefault(member, 0)
        return made

    def supply(self) -> dict[str, Any]:
        """What the API says of the program."""
        return self.ask("GET", f"/v1/programs/{self.program_id}/supply").json

    def chain_supply(self) -> int:
        """The contract's own word, as of now."""
        return decode_uint(self.node.chain.call(self.contract(), TOTAL_SUPPLY))

    def chain_settled(self) -> tuple[int, int]:
        """The supply and the next batch's number, by the contract's word."""
        seq = decode_uint(self.node.chain.call(self.contract(), NEXT_SEQ))
        return self.chain_supply(), seq

    def is_deployed(self) -> bool:
        """Whether the node has the factory, and the program's contract, at this moment."""
        code = self.node.chain.code
        return bool(code(self.deployment.factory) and code(self.contract()))

    def contract(self) -> bytes:
        question = encode_program_of(self.deployment.settlement, program_salt(self.program_id))
        return decode_address(self.node.chain.call(self.deployment.factory, question))

    def expect_settled(self) -> None:
        """Everything settles, and ledger, mirror and chain have exactly what is expected."""
        total = sum(self.expected.values())
        self.until("everything settles", lambda: self._settled(total))
        result = self._reconciled()
        # A block that was replaced while they were compared is a note: then they are compared anew.
        for _ in range(20):
            if not result.notes:
                break
            self.node.mine()
            result = self._reconciled()
        assert (result.differences, result.notes) == ([], [])
        (program,) = result.programs
        assert (program.ledger_points, program.in_flight_points) == (total, 0)
        assert program.chain_points == total

    def _reconciled(self) -> Reconciliation:
        return reconcile(
            self.database.ledger, self.database.mirror, self.node.chain, members_on_chain=-1
        )

    def _settled(self, total: int) -> bool:
        """By the mirror's word, and then by the contract's: after a fork the mirror lags."""
        supply = self.supply()
        mirrored = (supply["total_supply"], supply["in_flight"]) == (total, 0)
        return mirrored and self.is_deployed() and self.chain_supply() == total

    def _answers(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.port}/healthz"
            return bool(self.http.request("GET", url, timeout=2).status == 200)
        except urllib3.exceptions.HTTPError:
            return False


@dataclass(frozen=True)
class Answer:
    """Status and body."""

    status: int
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


def new_key() -> str:
    return secrets.token_hex(12)


@contextmanager
def site(
    data: Path, database: LedgerDatabase, node: Anvil, launcher: Launcher, **more: str
) -> Iterator[Site]:
    """A system with a program that has no contract yet; nothing of it runs until it is started."""
    deployment = deploy(node, [signer.address for signer in lane_signers(LANES)])
    made = Site(data, database, node, deployment, launcher, dict(more))
    made.open()
    try:
        yield made
    finally:
        made.end()
