"""SEAL: choosing what a lane settles next and fixing it, in one transaction of the ledger.

What is sealed was simulated first, so that a transaction that fails is the exception: the words
at fault are parked before they cost gas, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from backend.chain.codec import encode_settle
from backend.chain.quantities import read_bytes, write_bytes
from backend.core.limits import Holds, Standing, is_shut, select
from backend.ledger import outbox, settlements
from backend.ledger import settlement_writes as writes
from backend.ledger.engine import writing
from backend.ledger.limits import OnChain
from backend.ledger.outbox import ProgramRow, WaitingEntry
from backend.ledger.settlements import Purpose, SealConflictError
from backend.settlement.lanes import Lane, Parts, settle_gas, words_affordable
from backend.settlement.report import AlarmCode, ParkedEntry, StepReport
from backend.settlement.short_debits import goes_on
from backend.settlement.simulation import (
    BAD_SEQUENCE,
    INSUFFICIENT_BALANCE,
    Simulator,
    Verdict,
)
from backend.settlement.standings import Standings
from backend.settlement.timely import calendar_of, complete, timely
from backend.settlement.words import Draft, encode_entries


class Sealer:
    """Seals settle calls for lanes that have no open transaction."""

    def __init__(self, parts: Parts, standings: Standings) -> None:
        self._parts = parts
        self._standings = standings
        self._closing: set[str] = set()
        """Programs that mint no more, of those looked at last."""

    def seal(
        self, lane: Lane, nonce: int, programs: Sequence[ProgramRow], report: StepReport
    ) -> str | None:
        """Seals one transaction for some of `programs`; its id, None when there was nothing.

        Everything in `programs` has a contract and may be sealed for.
        """
        simulator = Simulator(
            self._parts.chain, self._parts.deployment.settlement, lane.signer.address
        )
        drafts = self._drafts(lane, self._turn(programs, nonce), report)
        if not drafts:
            return None
        if simulator.fails(drafts) is not None:
            drafts = [
                clean
                for draft in drafts
                if (clean := self._cleaned(draft, simulator, lane, report)) is not None
            ]
            if not drafts:
                return None
            if (error := simulator.fails(drafts)) is not None:
                report.alarm(AlarmCode.SETTLE_REFUSED, lane.name, f"together: {error}")
                return None
        return self._commit(lane, nonce, drafts, report)

    def _turn(self, programs: Sequence[ProgramRow], nonce: int) -> list[ProgramRow]:
        """At most as many programs as fit a transaction, every one's turn coming round."""
        most = min(self._parts.pace.batches_max, self._parts.pace.batch_words_max)
        start = nonce * most % len(programs) if len(programs) > most else 0
        return [*programs[start:], *programs[:start]][:most]

    def _drafts(
        self, lane: Lane, programs: Sequence[ProgramRow], report: StepReport
    ) -> list[Draft]:
        """Each program's share of the transaction; what some leave is left to the others."""
        budget = min(self._parts.pace.batch_words_max, words_affordable(len(programs)))
        drafts: list[Draft] = []
        standings = self._standings.of(programs)
        self._closing = {name for name, one in standings.items() if one.redemption_until_s}
        programs = [program for program in programs if program.id in standings]
        seen: dict[str, OnChain] = {}
        with self._parts.engine.connect() as connection:
            seqs = settlements.next_seqs(connection, [program.id for program in programs])
            found = []
            for program in programs:
                standing = standings[program.id]
                entries, holds = _fitting(connection, program.id, standing, budget)
                seen[program.id] = OnChain(standing, holds)
                found.append((program, entries))
                self._say_stopped(lane, program.id, standing, report)
        self._standings.keep(seen)
        # The shortest first, so that what they leave is known when the longest are cut.
        for left, (program, entries) in zip(
            range(len(found), 0, -1), sorted(found, key=lambda pair: len(pair[1])), strict=True
        ):
            words, unfit = encode_entries(self._timely(program, entries[: budget // left]))
            for entry_no, reason in unfit:
                self._park(program.id, entry_no, reason, report)
            if words and program.contract_address is not None:
                contract = read_bytes(program.contract_address, 20)
                drafts.append(Draft(program.id, contract, seqs[program.id], tuple(words)))
                budget -= len(words)
        return drafts

    def _timely(self, program: ProgramRow, entries: Sequence[WaitingEntry]) -> list[WaitingEntry]:
        now_s = max(self._parts.view.head.timestamp_s, self._parts.now_ms() // 1000)
        margin_s = self._parts.pace.boundary_margin_seconds
        with self._parts.engine.connect() as connection:
            fitted = timely(connection, calendar_of(program), entries, now_s, margin_s)
        complete(self._parts, program.id, fitted.needless)
        return fitted.entries

    def _cleaned(
        self, draft: Draft, simulator: Simulator, lane: Lane, report: StepReport
    ) -> Draft | None:
        """The draft without its faulty words, which are parked, or wait for what comes behind them;
        None when it has to wait as a whole."""
        for _ in range(self._parts.pace.parks_max):
            if not draft.words:
                return None
            verdict = simulator.judge(draft)
            if verdict is None:
                return draft
            if verdict.index is not None:
                entry_no = draft.words[verdict.index].entry_no
                mints = draft.program_id not in self._closing
                if verdict.error.name != INSUFFICIENT_BALANCE or not goes_on(
                    self._parts, draft.program_id, entry_no, mints=mints
                ):
                    self._park(draft.program_id, entry_no, str(verdict.error), report)
                draft = draft.without(verdict.index)
            else:
                self._refused(draft, verdict, lane, report)
                return None
        return None

    def _say_stopped(
        self, lane: Lane, program_id: str, standing: Standing, report: StepReport
    ) -> None:
        if standing.redemption_until_s:
            code, message = AlarmCode.PROGRAM_CLOSING, "it mints no more; mints wait for ever"
        elif standing.mint_paused:
            code, message = AlarmCode.MINT_PAUSED, "mints wait"
        else:
            return
        report.alarm(code, lane.name, message, program_id=program_id)

    def _refused(self, draft: Draft, verdict: Verdict, lane: Lane, report: StepReport) -> None:
        code = AlarmCode.SETTLE_REFUSED
        if verdict.error.name == BAD_SEQUENCE:
            code = AlarmCode.SEQUENCE_MISMATCH
            # Either this node is behind, or the chain knows a batch that the ledger does not.
            self._parts.view.broken = True
        report.alarm(code, lane.name, str(verdict.error), program_id=draft.program_id)

    def _park(self, program_id: str, entry_no: int, reason: str, report: StepReport) -> None:
        with writing(self._parts.engine) as connection:
            if outbox.park_entry(connection, program_id, entry_no, reason):
                report.parked.append(ParkedEntry(program_id, entry_no, reason))

    def _commit(
        self, lane: Lane, nonce: int, drafts: Sequence[Draft], report: StepReport
    ) -> str | None:
        calls = [draft.with_root() for draft in drafts]
        slot = writes.NewSlot(
            id=self._parts.new_id("stx"),
            lane=lane.name,
            nonce=nonce,
            purpose=Purpose.SETTLE,
            program_id=None,
            to_address=write_bytes(self._parts.deployment.settlement),
            calldata=encode_settle(calls),
            gas_limit=settle_gas([call.word_count for call in calls]),
            sealed_at_ms=self._parts.now_ms(),
        )
        rows = [
            draft.row(self._parts.new_id("bat"), call)
            for draft, call in zip(drafts, calls, strict=True)
        ]
        try:
            with writing(self._parts.engine) as connection:
                writes.insert_slot(connection, slot)
                for draft, row in zip(drafts, rows, strict=True):
                    writes.insert_batch(connection, slot, row)
                    numbers = [word.entry_no for word in draft.words]
                    outbox.assign_entries(connection, draft.program_id, numbers, row.id)
                    outbox.note_words(connection, draft.program_id, draft.notes())
        except (IntegrityError, SealConflictError):
            # Another settler was first: its slot is as good as ours.
            return None
        report.sealed += 1
        report.words_sealed += sum(len(draft.words) for draft in drafts)
        return slot.id


def _fitting(
    connection: Connection, program_id: str, standing: Standing, most: int
) -> tuple[list[WaitingEntry], Holds]:
    """The oldest waiting entries that fit the program's limits, and the queues they closed.

    A page full of what must wait hides the other queue; that one is then read by itself.
    """
    entries = outbox.waiting_entries(connection, program_id, most)
    chosen, holds = select(entries, standing)
    if chosen or len(entries) < most:
        return chosen, holds
    if standing.redemption_until_s:
        return select(outbox.waiting_debits(connection, program_id, most), standing)
    for credit in (False, True):
        if is_shut(standing, holds, credit=not credit) and not holds.of(credit=credit):
            others = outbox.waiting_entries(connection, program_id, most, only_credits=credit)
            chosen, further = select(others, standing)
            return chosen, Holds(holds.mints or further.mints, holds.debits or further.debits)
    return chosen, holds
