"""The settler: every accepted operation onto the chain, exactly once, whatever breaks.

All state is in the ledger. A pass looks at what is there and at what the chain says, and moves each
lane as far as it goes without waiting; killed anywhere, the next pass of any settler goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from backend.chain.contracts import Deployment
from backend.chain.fees import FeePolicy
from backend.chain.port import ChainRefused, ChainUnavailable, ChainWriter
from backend.chain.signer import LaneSigner
from backend.ledger import outbox, settlements, verdicts
from backend.ledger.outbox import ProgramRow
from backend.ledger.settlements import Slot
from backend.ledger.waiting_calls import Call, waiting_calls
from backend.services.calendar_work import Sweep
from backend.services.lapse import LapseSweep
from backend.services.show_tiers import TierBadges
from backend.services.sweep_chain import ChainSweep
from backend.settlement.behind import BehindWatch
from backend.settlement.calls import Caller
from backend.settlement.confirmer import Confirmer, included_slots, open_slots
from backend.settlement.creation import Creator
from backend.settlement.lane_failures import LaneFailures
from backend.settlement.lanes import Lane, Pace, Parts, lane_index
from backend.settlement.recovery import Recovery
from backend.settlement.relays import Relays
from backend.settlement.report import AlarmCode, StepReport
from backend.settlement.sealer import Sealer
from backend.settlement.sender import Sender
from backend.settlement.standings import Standings
from backend.settlement.view import ChainView

_CREATIONS_TRIED_MAX = 8
_CALLS_READ_MAX = 200


@dataclass(frozen=True, slots=True)
class _Work:
    to_create: list[ProgramRow]
    to_settle: list[ProgramRow]
    to_call: list[Call]


class Settler:
    """Settles the outbox of a ledger over some lanes.

    `now_ms` is the clock in milliseconds since 1970, `new_id` makes an id for a prefix. Several
    settlers may work on one ledger: they get in each other's way, never in the way of the truth.
    With a mirror it also has expired points burned, and takes in what members redeemed without us;
    without one no signed redemption is ever given up. `resting` lanes are no operators now: what is
    under way on one comes to its end, nothing new is sealed.
    """

    def __init__(
        self,
        ledger_engine: Engine,
        chain: ChainWriter,
        deployment: Deployment,
        lanes: Sequence[LaneSigner],
        fees: FeePolicy,
        now_ms: Callable[[], int],
        new_id: Callable[[str], str],
        pace: Pace | None = None,
        mirror_engine: Engine | None = None,
        calendar: Sequence[Sweep] = (),
        resting: Sequence[LaneSigner] = (),
    ) -> None:
        every = [*lanes, *resting]
        if not lanes or len({signer.address for signer in every}) != len(every):
            raise ValueError("a settler needs at least one lane, each with a key of its own")
        view = ChainView(chain)
        self._parts = Parts(
            ledger_engine, chain, view, deployment, fees, now_ms, new_id, pace or Pace()
        )
        self._lanes = [Lane(signer) for signer in lanes]
        self._every = [Lane(signer) for signer in every]
        self._creator = Creator(self._parts)
        self._relays = Relays(self._parts, mirror_engine) if mirror_engine is not None else None
        self._caller = Caller(self._parts, self._relays)
        self._confirmer = Confirmer(self._parts, self._creator)
        self._standings = Standings(self._parts)
        self._sealer = Sealer(self._parts, self._standings)
        self._sender = Sender(self._parts)
        self._recovery = Recovery(self._parts)
        self._lapse = LapseSweep(ledger_engine, now_ms, new_id)
        self._calendar = calendar
        self._badges = TierBadges(ledger_engine, now_ms, new_id, deployment.badge)
        self._chain_sweep: ChainSweep | None = None
        if mirror_engine is not None:
            most = self._parts.pace.sweep_members_max
            self._chain_sweep = ChainSweep(ledger_engine, mirror_engine, now_ms, new_id, most)
        self._behind = BehindWatch(self._parts)
        self._doubted: set[str] = set()

    def step(self) -> StepReport:
        """One pass over all lanes, without waiting for anything.

        The chain's failures end up as alarms in the report; the database's are raised.
        """
        report = StepReport()
        report.calendar_work = sum(sweep.step() for sweep in self._calendar)
        try:
            moved = self._parts.view.refresh()
            report.head = self._parts.view.head.number
            self._note_doubt()
            if self._behind.contracts_missing(report):
                return report
            if moved:
                self._confirmer.check_included(included_slots(self._parts), report)
            self._standings.refresh()
        except (ChainUnavailable, ChainRefused) as error:
            report.alarm(AlarmCode.CHAIN_UNAVAILABLE, "all", str(error))
            return report
        slots: dict[str, list[Slot]] = {lane.name: [] for lane in self._every}
        for slot in open_slots(self._parts):
            if slot.lane in slots:
                slots[slot.lane].append(slot)
            else:
                message = f"nonce {slot.nonce} is under way and its key is not configured"
                report.alarm(AlarmCode.LANE_WITHOUT_KEY, slot.lane, message)
        # Inclusions of all lanes first: they are what frees programs and lanes to go on.
        ready = [lane for lane in self._every if self._confirmed(lane, slots[lane.name], report)]
        if self._relays is not None:
            self._relays.step(report)
        if self._chain_sweep is not None:
            report.members_to_sweep = self._chain_sweep.step()
        work = self._work(report)
        held = self._behind.holds((p for each in work.values() for p in each.to_settle), report)
        for lane in ready:
            with LaneFailures(lane, report):
                if slots[lane.name]:
                    for slot in slots[lane.name]:
                        self._sender.advance(lane, slot, report)
                elif lane.name in work and not held and lane.name not in self._doubted:
                    self._seal(lane, work[lane.name], report)
        report.lapsed_members = self._lapse.step()
        report.badges_asked = self._badges.step()
        report.open_slots = sum(len(remaining) for remaining in slots.values())
        self._note_doubt()
        return report

    def run(
        self,
        stop: threading.Event,
        poll_ms: int,
        on_report: Callable[[StepReport], None] = lambda _: None,
    ) -> None:
        """Passes until `stop` is set, `poll_ms` apart, also while the ledger cannot be reached."""
        while not stop.is_set():
            try:
                report = self.step()
            except (OperationalError, InterfaceError) as error:
                report = StepReport()
                reason = type(error.orig).__name__
                report.alarm(AlarmCode.LEDGER_UNAVAILABLE, "all", reason)
            on_report(report)
            stop.wait(poll_ms / 1000)

    def _note_doubt(self) -> None:
        if self._parts.view.broken:
            self._doubted = {lane.name for lane in self._every}
            self._parts.view.broken = False
            self._behind.doubt()

    def _confirmed(self, lane: Lane, slots: list[Slot], report: StepReport) -> bool:
        """Settles doubt and notes inclusions, leaving in `slots` what is to be sent on.

        False when the chain did not answer: the lane then rests until the next pass.
        """
        with LaneFailures(lane, report):
            doubted = lane.name in self._doubted
            if doubted and self._recovery.check(lane, report):
                self._doubted.discard(lane.name)
            remaining = []
            for slot in slots:
                if self._confirmer.confirm_open(slot, report):
                    self._sender.forget(slot.id)
                elif doubted and self._recovery.foreign_use(lane, slot, report):
                    # Looked at in each pass until the foreign transaction is final.
                    self._doubted.add(lane.name)
                else:
                    remaining.append(slot)
            slots[:] = remaining
            return True
        return False

    def _seal(self, lane: Lane, work: _Work, report: StepReport) -> None:
        """Seals the lane's next slot and sends it on its way."""
        if not work.to_create and not work.to_settle and not work.to_call:
            return
        nonce = self._nonce(lane, report)
        if nonce is None:
            return
        sealed: str | None = None
        # Creations, settlements and calls take turns, so that none waits for all of another.
        sources = (self._create, self._settle, self._call)
        for turn in range(len(sources)):
            sealed = sources[(nonce + turn) % len(sources)](lane, nonce, work, report)
            if sealed is not None:
                break
        for slot in open_slots(self._parts) if sealed else ():
            if slot.id == sealed:
                self._sender.advance(lane, slot, report)

    def _create(self, lane: Lane, nonce: int, work: _Work, report: StepReport) -> str | None:
        for program in work.to_create[:_CREATIONS_TRIED_MAX]:
            if sealed := self._creator.seal(lane, nonce, program, report):
                return sealed
        return None

    def _settle(self, lane: Lane, nonce: int, work: _Work, report: StepReport) -> str | None:
        if not work.to_settle:
            return None
        return self._sealer.seal(lane, nonce, work.to_settle, report)

    def _call(self, lane: Lane, nonce: int, work: _Work, report: StepReport) -> str | None:
        return self._caller.seal(lane, nonce, work.to_call, report)

    def _nonce(self, lane: Lane, report: StepReport) -> int | None:
        """The nonce for the lane's next slot; None when ledger and chain do not agree on it."""
        on_chain = self._parts.chain.nonce(lane.signer.address)
        with self._parts.engine.connect() as connection:
            expected = settlements.next_nonce(connection, lane.name)
        if expected is None or expected == on_chain:
            return on_chain
        if expected > on_chain:
            self._doubted.add(lane.name)
            return None
        final_number = self._parts.view.finalized_number()
        if self._parts.chain.nonce(lane.signer.address, final_number) >= on_chain:
            return on_chain
        message = (
            f"the chain is at nonce {on_chain}, the ledger at {expected}: waiting for finality"
        )
        report.alarm(AlarmCode.FOREIGN_NONCE, lane.name, message)
        return None

    def _work(self, report: StepReport) -> dict[str, _Work]:
        """Per lane, the programs to create and to settle for now; none that differs."""
        with self._parts.engine.connect() as connection:
            waiting = outbox.programs_with_waiting(connection)
            unborn = outbox.programs_without_contract(connection)
            blocked = settlements.blocked_programs(connection) if waiting else set()
            under_way = settlements.programs_being_created(connection) if unborn else set()
            asked = waiting_calls(connection, _CALLS_READ_MAX)
            if asked and not waiting:
                blocked = settlements.blocked_programs(connection)
            differing = verdicts.differences(connection) if waiting or asked else {}
        for program_id, difference in differing.items():
            report.alarm(AlarmCode.PROGRAM_DIFFERS, "all", difference, program_id)
        blocked |= differing.keys()
        return {
            lane.name: _Work(
                self._of_lane(index, unborn, under_way),
                self._of_lane(index, waiting, blocked),
                [
                    call
                    for call in asked
                    if call.program_id not in blocked
                    and lane_index(call.program_id, len(self._lanes)) == index
                ],
            )
            for index, lane in enumerate(self._lanes)
        }

    def _of_lane(
        self, index: int, programs: Iterable[ProgramRow], excluded: set[str]
    ) -> list[ProgramRow]:
        count = len(self._lanes)
        return [
            program
            for program in programs
            if program.id not in excluded and lane_index(program.id, count) == index
        ]
