"""The front of an API process: what a request asks of chain and mirror before it is decided."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from backend.chain.contracts import Deployment
from backend.chain.port import ChainReader
from backend.ledger.group_commit import Answer, Command, GroupCommitter
from backend.ledger.reader import Reader
from backend.ledger.vault import Vault
from backend.services.chain_gate import ChainGate
from backend.services.house import House
from tests.sim.database import Databases

T = TypeVar("T")


class Desk:
    """Runs services up to what they would submit, in the thread of whoever asks."""

    def __init__(
        self,
        databases: Databases,
        vault: Vault,
        now_ms: Callable[[], int],
        new_id: Callable[[str], str],
        entropy: Callable[[int], bytes],
        opened: tuple[ChainReader, Deployment],
    ) -> None:
        self._catcher = _Catcher(databases.ledger, vault, now_ms, new_id)
        self.house = House(
            committer=self._catcher,
            ledger=Reader(databases.ledger),
            mirror=Reader(databases.mirror),
            vault=vault,
            now_ms=now_ms,
            new_id=new_id,
            entropy=entropy,
            chain=_Gate(lambda: opened),
        )

    def command(self, service: Coroutine[Any, Any, Answer]) -> Command:
        """What the service submits; raises what it raises before."""
        at_once(service)
        (command,) = self._catcher.caught
        self._catcher.caught.clear()
        return command


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of what waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        found: T = done.value
        return found
    raise AssertionError("it waited")


class _Gate(ChainGate):
    """Asks in the thread that runs: exactly one does."""

    async def ask(self, question: Callable[[ChainReader, Deployment], T]) -> T:
        return self._ask(question)


class _Catcher(GroupCommitter):
    """Keeps what was submitted instead of deciding it."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.caught: list[Command] = []

    async def submit(self, command: Command) -> Answer:
        self.caught[:] = [command]
        return Answer(202, b"")
