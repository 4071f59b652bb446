"""Replay a purchase file through the public HTTP API, as a shop with many tills would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp

from backend.commands.errors import OperatorError
from backend.commands.purchase_file import FilePurchase, PurchaseFile, occurred_at

_ATTEMPTS_MAX = 60
_PAUSE_S = 0.5
_ANSWER_S = 30.0
_RETRIED = frozenset({429, 500, 502, 503, 504})


Item = TypeVar("Item")


class ReplayError(OperatorError):
    """The API refused something that a replay cannot go on without."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to replay to."""

    api_url: str
    api_key: str
    program_id: str


@dataclass(slots=True)
class ReplayCounts:
    """What the API answered so far; points and operations are those accepted in this run."""

    enrolled: int = 0
    enrolled_before: int = 0
    accepted: int = 0
    accepted_before: int = 0
    points: int = 0
    operations: int = 0

    @property
    def purchases(self) -> int:
        return self.accepted + self.accepted_before


@dataclass(slots=True)
class Replay:
    """One file into one program. Interrupted and repeated, it sends the same keys again."""

    target: Target
    file: PurchaseFile
    shift_days: int
    connections: int = 64
    on_progress: Callable[[], None] = lambda: None
    counts: ReplayCounts = field(default_factory=ReplayCounts)

    async def run(self) -> ReplayCounts:
        """Enrols every customer, then sends every purchase, a customer's in their order.

        Raises ReplayError on a refusal, or when the API stays unreachable.
        """
        async with self._session() as session:
            await _shared_out(
                self.file.customers,
                self.connections,
                lambda customer: self._enrol(session, customer),
            )
            by_customer: dict[str, list[FilePurchase]] = {}
            for purchase in sorted(self.file.purchases, key=lambda p: (p.day, p.row_no)):
                by_customer.setdefault(purchase.customer_id, []).append(purchase)
            await _shared_out(
                by_customer.values(),
                self.connections,
                lambda purchases: self._buy_all(session, purchases),
            )
        return self.counts

    async def _enrol(self, session: aiohttp.ClientSession, customer_id: str) -> None:
        body = {"program_id": self.target.program_id, "external_id": customer_id}
        status, answer = await self._post(
            session, "/v1/members", self._key("member", customer_id), body
        )
        if status == 201:
            self.counts.enrolled += 1
        elif answer.get("code") == "member_already_enrolled":
            self.counts.enrolled_before += 1
        else:
            raise ReplayError(f"enrolling was refused: {answer.get('detail')}")
        self.on_progress()

    async def _buy_all(
        self, session: aiohttp.ClientSession, purchases: Sequence[FilePurchase]
    ) -> None:
        for purchase in purchases:
            await self._buy(session, purchase)

    async def _buy(self, session: aiohttp.ClientSession, purchase: FilePurchase) -> None:
        receipt_id = self.file.receipt_id(purchase)
        body = {
            "program_id": self.target.program_id,
            "member": {"external_id": purchase.customer_id},
            "receipt_id": receipt_id,
            "occurred_at": occurred_at(purchase, self.shift_days),
            "currency": self.file.currency,
            "amount_minor": purchase.amount_minor,
        }
        key = self._key(f"{self.shift_days:+d}", receipt_id)
        status, answer = await self._post(session, "/v1/purchases", key, body)
        if status == 201:
            self.counts.accepted += 1
            self.counts.points += answer["points"]["earned"]
            self.counts.operations += len(answer["operation_ids"])
        elif answer.get("code") == "receipt_already_recorded":
            # An earlier run, on a day with another shift, has sent it.
            self.counts.accepted_before += 1
        else:
            raise ReplayError(f"receipt {receipt_id} was refused: {answer.get('detail')}")
        self.on_progress()

    async def _post(
        self, session: aiohttp.ClientSession, path: str, key: str, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """The answer, asked for again under the same key until there is one."""
        problem = ""
        for _ in range(_ATTEMPTS_MAX):
            try:
                async with session.post(
                    path, json=body, headers={"Idempotency-Key": key}
                ) as response:
                    if response.status not in _RETRIED:
                        return response.status, await response.json(content_type=None)
                    problem = f"status {response.status}"
            except (aiohttp.ClientError, TimeoutError) as failure:
                problem = type(failure).__name__
            await asyncio.sleep(_PAUSE_S)
        raise ReplayError(f"the API gives no answer ({problem}); run the replay again to go on")

    def _key(self, *parts: str) -> str:
        return "-".join((self.target.program_id, self.file.digest[:12], *parts))

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiohttp.ClientSession]:
        connector = aiohttp.TCPConnector(limit=self.connections)
        headers = {"Authorization": f"Bearer {self.target.api_key}"}
        async with aiohttp.ClientSession(
            self.target.api_url,
            headers=headers,
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=_ANSWER_S),
        ) as session:
            yield session


async def _shared_out(
    items: Iterable[Item], workers: int, work: Callable[[Item], Coroutine[Any, Any, None]]
) -> None:
    """Every item once, by a number of workers; the first failure ends all of them."""
    remaining = iter(items)

    async def worker() -> None:
        for item in remaining:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(worker())
