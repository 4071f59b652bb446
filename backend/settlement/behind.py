"""Whether ledger and chain are of one time: neither a ledger nor a chain that was set back.

A chain without our contracts has lost them: a transaction sent to it would succeed, do nothing and
use up its nonce, so nothing is sent. A ledger restored from an older backup lacks batches that the
chain has. The chain wins: until they are taken in (`mereau reimport`), what waits in the ledger
may be settled already, so nothing is sealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from backend.chain.codec import NEXT_SEQ, decode_uint
from backend.chain.port import ChainRefused, ChainUnavailable
from backend.chain.quantities import read_bytes
from backend.ledger import outbox, settlements
from backend.ledger.outbox import ProgramRow
from backend.settlement.lanes import Parts
from backend.settlement.report import AlarmCode, StepReport

_EVERY_PROGRAM: Final = 2**31 - 1


class BehindWatch:
    """Looks at every program at the start, after each doubt and while the ledger is behind; at one
    that comes later, when something is first to be sealed for it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._seen: set[str] = set()
        self._doubted = True
        self._missing = False

    def doubt(self) -> None:
        """Every program is to be looked at again."""
        self._doubted = True

    def contracts_missing(self, report: StepReport) -> bool:
        """Whether the chain has lost our contracts; says so in the report. Raises ChainError."""
        if self._doubted:
            deployment, code = self._parts.deployment, self._parts.chain.code
            self._missing = not (code(deployment.settlement) and code(deployment.factory))
        if self._missing:
            message = "our contracts are not on this chain: it has lost its state, or is another"
            report.alarm(AlarmCode.CONTRACTS_MISSING, "all", message)
        return self._missing

    def holds(self, waiting: Iterable[ProgramRow], report: StepReport) -> bool:
        """Whether nothing may be sealed, because the ledger lags or the chain does not answer;
        says so in the report."""
        programs: Sequence[ProgramRow] = [each for each in waiting if each.id not in self._seen]
        if self._doubted:
            with self._parts.engine.connect() as connection:
                programs = outbox.programs_with_contract(connection, "", _EVERY_PROGRAM)
            self._seen.clear()
        try:
            gaps = gaps_of(self._parts, programs)
        except (ChainUnavailable, ChainRefused) as error:
            report.alarm(AlarmCode.CHAIN_UNAVAILABLE, "all", str(error))
            return True
        for program_id, (known, on_chain) in sorted(gaps.items()):
            message = (
                f"the chain has batches {known} to {on_chain - 1}, which the ledger does not know:"
                " it is older than the chain, and `mereau reimport` takes them in"
            )
            report.alarm(AlarmCode.LEDGER_BEHIND, "all", message, program_id=program_id)
        self._doubted = bool(gaps)
        self._seen |= {program.id for program in programs}
        return bool(gaps)


def gaps_of(parts: Parts, programs: Sequence[ProgramRow]) -> dict[str, tuple[int, int]]:
    """By program, the ledger's next batch number and the chain's, where the chain's is greater.

    The chain is asked first: what it has applied was sealed before, so an up-to-date ledger knows
    it. Raises ChainUnavailable.
    """
    if not programs:
        return {}
    contracts = {
        program.id: read_bytes(program.contract_address, 20)
        for program in programs
        if program.contract_address is not None
    }
    answers = parts.chain.call_many([(address, NEXT_SEQ) for address in contracts.values()])
    try:
        # A contract that is not there yet has no next batch: its creation is on its way.
        on_chain = {
            program_id: decode_uint(answer)
            for program_id, answer in zip(contracts, answers, strict=True)
            if answer
        }
    except ValueError as error:
        raise ChainUnavailable(f"nextSeq: {error}") from error
    with parts.engine.connect() as connection:
        known = settlements.next_seqs(connection, list(on_chain))
    return {
        program_id: (known[program_id], seq)
        for program_id, seq in on_chain.items()
        if seq > known[program_id]
    }
