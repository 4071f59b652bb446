"""The indexer: asks the follower what to do, does it, and reports.

A step makes at most one change to the mirror, in one transaction, so a kill at any point leaves a
mirror that the next start goes on from. After any failure what is held in memory is thrown away
and read again.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy.exc import DBAPIError, IntegrityError

from backend.chain.port import ChainError, ChainReader, Header
from indexer.ahead import ReadAhead
from indexer.completeness import Completeness
from indexer.errors import Doubt, MirrorMoved, ProjectionError
from indexer.follower import (
    Action,
    ApplyBlock,
    BlockRef,
    FetchRange,
    Follower,
    Halt,
    NeedHeader,
    Undo,
    Wait,
    Waiting,
    ref_of,
)
from indexer.program import Rules, Supply
from indexer.projector import Mirrored, holders_of, project
from indexer.reached import Reached
from indexer.report import StepReport
from indexer.source import Answer, Source
from indexer.statements import Identity
from indexer.store import MirrorStore

FAILURES_BEFORE_ALARM: Final = 5
"""A node may leave logs out of one answer; the same contradiction so often is an alarm."""

LONGEST_PAUSE_S: Final = 10.0


class Stop(Protocol):
    """A threading.Event, as far as `run` needs it."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


class Indexer:
    """Follows one factory's programs on one chain into one mirror."""

    def __init__(
        self,
        chain: ChainReader,
        store: MirrorStore,
        factory: bytes,
        *,
        start_block: int = 0,
        prefetch: Executor | None = None,
    ) -> None:
        """`start_block` is at or before the factory's; with `prefetch` the next range of final
        history is fetched while one is written."""
        self._chain = chain
        self._store = store
        self._factory = factory
        self._start_block = start_block
        self._source = Source(chain, factory)
        self._ranges = ReadAhead(chain, self._source, prefetch)
        self._state: _State | None = None
        self._failures = 0
        self._completeness = Completeness(self._source, start_block)
        self._indexed = False
        self._halted: str | None = None

    def rebuild(self) -> None:
        """Drops the mirror; the next steps write it again from the start.

        Raises ChainError and sqlalchemy's errors.
        """
        self._forget()
        self._store.drop_and_create(self._identity())

    def step(self) -> StepReport:
        """Does the next thing there is to do.

        Failures of the chain, and of the database's connection, are part of the report; anything
        else is a fault of ours and raised.
        """
        try:
            report = self._step(self._loaded())
        except (ProjectionError, Doubt, IntegrityError) as error:
            return self._failed(error, alarming=True)
        except (ChainError, MirrorMoved, DBAPIError) as error:
            return self._failed(error, alarming=False)
        self._failures = 0
        return report

    def run(
        self,
        stop: Stop,
        poll_s: float = 0.2,
        on_report: Callable[[StepReport], None] | None = None,
    ) -> None:
        """Steps until `stop` is set; pauses `poll_s` when there is nothing to do, longer after
        failures."""
        pause_s = poll_s
        while not stop.is_set():
            report = self.step()
            if on_report is not None:
                on_report(report)
            if report.progressed:
                pause_s = poll_s
                continue
            troubled = report.failure is not None or report.halted is not None
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S) if troubled else poll_s
            stop.wait(pause_s)

    def _step(self, state: _State) -> StepReport:
        # Finality first: asked for after the head, it could be that of a fork without that head.
        final, head = ref_of(self._chain.finalized()), self._chain.head()
        follower = state.follower
        action: Action = follower.on_head(head, final)
        while isinstance(action, NeedHeader):
            action = follower.on_header(action.number, self._chain.header(action.number))
        if isinstance(action, FetchRange):
            return self._apply(state, self._ranges.read(action, state.known), action.first)
        if state.follower.window and not self._indexed:
            self._store.complete_indexes()
            self._indexed = True
        if isinstance(action, ApplyBlock):
            answer = self._source.read_block(action.header, state.known)
            return self._apply(state, answer, action.header)
        if isinstance(action, Undo):
            return self._undo(state, action.ancestor)
        return self._rest(state, action, head)

    def _apply(self, state: _State, answer: Answer, first: Header) -> StepReport:
        if why := state.follower.contradicts(ref_of(answer.last)):
            raise Doubt(why)
        onto = state.follower.window[-1] if state.follower.window else None
        words = self._store.words(holders_of(answer.events))
        times_s = {header.number: header.timestamp_s for header in answer.headers}
        mirrored = Mirrored(state.supplies, state.rules, words)
        projection = project(answer.events, mirrored, times_s)
        headers = answer.headers if onto else [self._genesis(first), *answer.headers]
        final = state.follower.final_after(answer.last.number)
        self._store.apply(onto, projection, headers, answer.last, final)
        state.follower.applied(ref_of(answer.last))
        state.supplies.update(projection.supplies)
        state.rules.update({created.address: rules for created, rules in projection.programs})
        if not answer.state_checked and answer.last.number == final:
            self._completeness.look_soon()
        self._halted = None
        blocks = answer.last.number - first.number + 1
        return self._report(state, blocks=blocks, events=len(answer.events))

    def _undo(self, state: _State, ancestor: BlockRef) -> StepReport:
        top = state.follower.window[-1]
        self._store.undo(top, ancestor, state.follower.final_number)
        # The programs' sums are read again rather than computed a second way.
        self._forget()
        return self._report(self._loaded(), undone_blocks=top.number - ancestor.number)

    def _rest(self, state: _State, action: Wait | Halt, head: Header) -> StepReport:
        if isinstance(action, Halt):
            return self._halt(state, action.reason)
        if action.why is Waiting.BEHIND:
            other = self._other_chain(state, head)
            if other is not None:
                return self._halt(state, other)
        if action.why is not Waiting.IDLE:
            return self._report(state, failure=action.reason)
        if not state.follower.window:
            return self._report(state)
        top = state.follower.window[-1]
        missing = self._completeness.idle_step(top.number, state.known)
        if missing is not None:
            return self._halt(state, missing)
        final = state.follower.final_after(top.number)
        if final > state.follower.final_number or self._halted is not None:
            self._store.finalise(top, final)
            state.follower.finalised()
            self._halted = None
        return self._report(state)

    def _other_chain(self, state: _State, head: Header) -> str | None:
        """A node far behind us may be at another chain's start: compare the newest block of ours
        that it has."""
        if not state.follower.window or head.number >= state.follower.window[0].number:
            return None
        held = self._store.held_block(head.number)
        theirs = None if held is None else self._chain.header(held.number)
        if held is None or theirs is None or theirs.hash == held.hash:
            return None
        return (
            f"another chain: block {held.number} was final as 0x{held.hash.hex()}, "
            f"the node has 0x{theirs.hash.hex()}"
        )

    def _halt(self, state: _State, reason: str) -> StepReport:
        if self._halted != reason:
            self._store.set_halted(reason)
            self._halted = reason
        # Whoever mends the mirror is another process: what is there is read anew each time.
        self._forget()
        return self._report(state)

    def _failed(self, error: Exception, *, alarming: bool) -> StepReport:
        self._failures = self._failures + 1 if alarming else self._failures
        state = self._state
        self._forget()
        # The database's own words: SQLAlchemy's would repeat the statement and its values.
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = f"{type(error).__name__}: {cause}"
        if state is None:
            return StepReport(top_block=-1, final_block=-1, failure=reason, halted=self._halted)
        if self._failures >= FAILURES_BEFORE_ALARM and alarming:
            with suppress(DBAPIError):
                return self._halt(state, reason)
        return self._report(state, failure=reason)

    def _report(
        self,
        state: _State,
        *,
        blocks: int = 0,
        events: int = 0,
        undone_blocks: int = 0,
        failure: str | None = None,
    ) -> StepReport:
        follower = state.follower
        return StepReport(
            top_block=follower.top_number,
            final_block=follower.final_number,
            blocks=blocks,
            events=events,
            undone_blocks=undone_blocks,
            lag_blocks=max(0, follower.head_number - follower.top_number),
            failure=failure,
            halted=self._halted,
        )

    def _loaded(self) -> _State:
        """What is mirrored, from memory or from the mirror."""
        if self._state is None:
            self._store.open(self._identity())
            snapshot = self._store.load()
            self._halted = snapshot.halted_reason
            self._state = _State(
                Follower(snapshot.window, snapshot.final_number, self._start_block),
                snapshot.supplies,
                snapshot.rules,
            )
        return self._state

    def _genesis(self, first: Header) -> Header:
        """Block 0, which is kept: it tells this chain from another one for ever."""
        genesis = first if first.number == 0 else self._chain.header(0)
        if genesis is None:
            raise Doubt("the node has no block 0")
        return genesis

    def _forget(self) -> None:
        self._state = None
        self._ranges.forget()
        self._completeness.look_soon()
        self._indexed = False

    def _identity(self) -> Identity:
        return Identity(self._chain.chain_id(), "0x" + self._factory.hex())


@dataclass(slots=True)
class _State:
    """What is mirrored, as far as following needs it."""

    follower: Follower
    supplies: dict[str, Supply]
    rules: dict[str, Rules]

    @property
    def known(self) -> dict[str, Reached]:
        """How far each program has come."""
        return {
            program: Reached(sums.last_seq, sums.total_points)
            for program, sums in self.supplies.items()
        }
