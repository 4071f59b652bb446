"""Group commit: concurrent commands share one transaction and one fsync.

While one group is being committed the next one gathers, so a lone request never waits and a busy
moment costs one fsync for everybody. A command that is refused costs its neighbours nothing: it
stages nothing. One that breaks the transaction is found by running each command on its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from backend.core.errors import IdempotencyKeyReused, MereauError, UnknownMember
from backend.ledger.checkpoint import Checkpointer
from backend.ledger.engine import writing
from backend.ledger.loading import StoredAnswer
from backend.ledger.tables import IdempotencyRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.vault import Vault
from backend.ledger.wants import Wants

log = logging.getLogger(__name__)
FOR_VAULT: Final = "vault"  # What a secret answer is sealed for, in place of a member.


class LedgerUnavailable(Exception):
    """The database did not take the transaction; nothing is known to be written. Retry."""


class LedgerOverloaded(LedgerUnavailable):
    """More commands wait than the ledger will hold; nothing was written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A client's idempotency key and the fingerprint (hex) of what it asked under it."""

    merchant_id: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer; `replayed` when an earlier request under the same key earned it.

    `names_member` is whose personal data is in the body, `secret` that a voucher's code is.
    """

    status_code: int
    body: bytes
    replayed: bool = False
    names_member: str | None = None
    secret: bool = False


class Command(Protocol):
    """Something to decide against loaded state. `decide` refuses before it stages anything."""

    @property
    def claim(self) -> Claim | None: ...

    def wants(self) -> Wants: ...

    def decide(self, work: UnitOfWork) -> Answer: ...


Outcome = Answer | Exception


@dataclass(slots=True)
class _Pending:
    command: Command
    future: asyncio.Future[Answer]
    loop: asyncio.AbstractEventLoop


class GroupCommitter:
    """The ledger's single writer in this process; start it, submit commands, stop it.

    PostgreSQL is waited for in a thread. SQLite works in the event loop itself: its driver lets
    go of the interpreter lock at every row, and getting it back from a busy loop costs more than
    the whole group.
    """

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        now_ms: Callable[[], int],
        new_id: Callable[[str], str],
        group_max: int = 256,
        waiting_max: int = 20_000,
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._now_ms = now_ms
        self._new_id = new_id
        self._group_max = group_max
        self._waiting_max = waiting_max
        self._waiting: deque[_Pending] = deque()
        self._gathering: asyncio.AbstractEventLoop | None = None
        self._wake = threading.Condition()
        self._stopping = False
        self._inline = engine.dialect.name == "sqlite"
        self._checkpoints = Checkpointer(engine) if self._inline else None
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self.groups_count = 0
        self.commands_count = 0

    def start(self) -> None:
        """Starts the thread beside the till: the writer's, or on SQLite the checkpoints'."""
        if self._checkpoints:
            self._checkpoints.start()
        else:
            self._thread.start()

    def stop(self) -> None:
        """Commits what is waiting and takes no more."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._checkpoints:
            self._commit_waiting()
            self._checkpoints.stop()
        else:
            self._thread.join()

    async def submit(self, command: Command) -> Answer:
        """The command's answer, after the fsync that makes it durable.

        Raises the command's MereauError, LedgerOverloaded, or LedgerUnavailable.
        """
        loop = asyncio.get_running_loop()
        pending = _Pending(command, loop.create_future(), loop)
        with self._wake:
            if self._stopping or len(self._waiting) >= self._waiting_max:
                raise LedgerOverloaded("the ledger is not taking commands right now")
            self._waiting.append(pending)
            if not self._inline:
                self._wake.notify()
            elif len(self._waiting) == 1 or self._gathering is not loop:
                self._gathering = loop
                self._gather(loop, 0)
        return await pending.future

    def _gather(self, loop: asyncio.AbstractEventLoop, seen_count: int) -> None:
        """Commits once two turns of the loop bring nothing more, or the group is full.

        A lone command waits for two empty turns; a crowd that keeps arriving shares one group,
        although the loop gets to read of it a few connections at a time.
        """
        waiting_count = len(self._waiting)
        if seen_count < waiting_count < self._group_max:
            loop.call_soon(loop.call_soon, self._gather, loop, waiting_count)
        else:
            self._commit_waiting()

    def execute(self, commands: Sequence[Command]) -> list[Outcome]:
        """Runs commands as one group in the calling thread; an outcome for each, in order."""
        outcomes = self._attempt(commands)
        if isinstance(outcomes, IntegrityError):
            # Another process wrote one of our keys between our read and our write: read again.
            outcomes = self._attempt(commands)
        if not isinstance(outcomes, Exception):
            return outcomes
        if len(commands) == 1:
            return [_translated(outcomes)]
        log.warning("a group of %d broke (%s), one by one", len(commands), type(outcomes).__name__)
        return [outcome for command in commands for outcome in self.execute([command])]

    def _attempt(self, commands: Sequence[Command]) -> list[Outcome] | Exception:
        try:
            return self._commit(commands)
        except Exception as broken:  # noqa: BLE001 - it becomes the answer of those who asked
            return broken

    def _commit(self, commands: Sequence[Command]) -> list[Outcome]:
        with writing(self._engine) as connection:
            work = UnitOfWork(connection, self._vault, self._now_ms(), self._new_id)
            wants = [command.wants() for command in commands]
            claims = [command.claim for command in commands]
            keys = {(claim.merchant_id, claim.key) for claim in claims if claim}
            work.load(Wants.united([*wants, Wants(idempotency=keys)]))
            outcomes = [_decide(work, command) for command in commands]
            work.flush()
        self.groups_count += 1
        self.commands_count += len(commands)
        if self._checkpoints:
            self._checkpoints.committed()
        return outcomes

    def _run(self) -> None:
        while group := self._next_group():
            _hand_out(group, self.execute([pending.command for pending in group]))

    def _commit_waiting(self) -> None:
        while self._waiting:
            size = min(len(self._waiting), self._group_max)
            group = [self._waiting.popleft() for _ in range(size)]
            _hand_out(group, self.execute([pending.command for pending in group]))

    def _next_group(self) -> list[_Pending]:
        with self._wake:
            while not self._waiting and not self._stopping:
                self._wake.wait()
            size = min(len(self._waiting), self._group_max)
            return [self._waiting.popleft() for _ in range(size)]


def _decide(work: UnitOfWork, command: Command) -> Outcome:
    claim = command.claim
    work.merchant_id = claim.merchant_id if claim else getattr(command, "merchant_id", None)
    try:
        if claim is None:
            return command.decide(work)
        stored = work.state.idempotency.get((claim.merchant_id, claim.key))
        if stored is not None:
            return _replayed(work, stored, claim)
        answer = command.decide(work)
    except MereauError as refusal:
        return refusal
    work.state.idempotency[(claim.merchant_id, claim.key)] = StoredAnswer(
        claim.fingerprint, answer.status_code, answer.body
    )
    work.stage(
        IdempotencyRecord,
        {
            "merchant_id": claim.merchant_id,
            "key": claim.key,
            "fingerprint": claim.fingerprint,
            "status_code": answer.status_code,
            "body": _kept_body(work, claim, answer),
            "sealed_for": FOR_VAULT if answer.secret else answer.names_member,
            "created_at_ms": work.now_ms,
        },
    )
    return answer


def _kept_body(work: UnitOfWork, claim: Claim, answer: Answer) -> bytes:
    if answer.secret:
        return work.vault.seal_secret_answer(claim.key, answer.body)
    if answer.names_member is None:
        return answer.body
    member = work.state.members[answer.names_member]
    return work.vault.seal_answer(member.id, member.wrapped_key, answer.body)


def _replayed(work: UnitOfWork, stored: StoredAnswer, claim: Claim) -> Answer:
    if stored.fingerprint != claim.fingerprint:
        raise IdempotencyKeyReused("This Idempotency-Key was used with another request.")
    body = stored.body
    if stored.sealed_for == FOR_VAULT:
        body = work.vault.open_secret_answer(claim.key, body)
    elif stored.sealed_for is not None:
        member = work.state.members.get(stored.sealed_for)
        if member is None or not member.wrapped_key:
            raise UnknownMember("The member this answer named has been erased.")
        body = work.vault.open_answer(member.id, member.wrapped_key, body)
    return Answer(stored.status_code, body, replayed=True)


def _translated(broken: Exception) -> Exception:
    if isinstance(broken, SQLAlchemyError):
        log.error("the ledger did not commit", exc_info=broken)
        return LedgerUnavailable("the ledger did not commit")
    return broken


def _hand_out(group: Sequence[_Pending], outcomes: Sequence[Outcome]) -> None:
    """Gives everybody their outcome, each in the loop where it is awaited."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Pending, Outcome]]] = {}
    for pending, outcome in zip(group, outcomes, strict=True):
        by_loop.setdefault(pending.loop, []).append((pending, outcome))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, settled)
        except RuntimeError:
            # Its loop was closed: nobody waits there, and the others still do.
            log.warning("%d commands were decided after their loop was closed", len(settled))


def _resolve(settled: list[tuple[_Pending, Outcome]]) -> None:
    for pending, outcome in settled:
        if pending.future.done():
            continue  # The client went away; what it asked for is committed all the same.
        if isinstance(outcome, Answer):
            pending.future.set_result(outcome)
        else:
            pending.future.set_exception(outcome)
