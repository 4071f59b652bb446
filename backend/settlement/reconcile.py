"""Reconciliation: for every program, ledger = mirror + in flight, and mirror = chain.

In flight is what waits, is parked, or is in a batch the mirror has not seen. What differs is said
in one line each, with the first batch from which it differs where that can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from backend.chain.codec import TOTAL_SUPPLY, decode_uint, encode_balance_of
from backend.chain.port import ChainError, ChainReader
from backend.chain.quantities import read_bytes
from backend.ledger import reconciliation as reads
from backend.ledger.reconciliation import BatchSum, LedgerSide, MirrorSide

_LINES_MAX = 20
_NOTHING = MirrorSide(0, 0, [], {})


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """One program's sums in points and what differs; `chain_points` is None when not asked."""

    program_id: str
    contract_address: str | None
    ledger_points: int
    mirror_points: int
    in_flight_points: int
    parked_points: int
    chain_points: int | None
    last_seq: int
    differences: list[str]

    @property
    def reconciled(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All programs as of the mirror's block (-1 while the mirror is empty).

    `notes` say what could not be checked, such as a node that no longer has that block's state.
    """

    as_of_block: int
    programs: list[ProgramResult]
    notes: list[str]

    @property
    def reconciled(self) -> bool:
        return all(program.reconciled for program in self.programs)

    @property
    def differences(self) -> list[str]:
        return [line for program in self.programs for line in program.differences]


def reconcile(
    ledger: Engine,
    mirror: Engine,
    chain: ChainReader | None = None,
    *,
    members_on_chain: int = 0,
) -> Reconciliation:
    """Compares ledger, mirror and (when given) the chain at the mirror's block.

    `members_on_chain` balances per program are asked of the chain itself, -1 for all of them.
    """
    with reads.snapshot(ledger) as connection:
        contracts = reads.program_contracts(connection)
    with reads.snapshot(mirror) as mirror_connection:
        at = reads.mirror_block(mirror_connection)
        sides = {
            program_id: reads.mirror_side(mirror_connection, contract) if contract else _NOTHING
            for program_id, contract in contracts
        }
        programs: list[ProgramResult] = []
        notes: list[str] = []
        with reads.snapshot(ledger) as connection:
            for program_id, contract in contracts:
                seen = sides[program_id]
                known = reads.ledger_side(connection, program_id, seen.last_seq)
                case = _Case(program_id, contract, known, seen, connection, mirror_connection)
                chain_points: int | None = None
                extra: list[str] = []
                if chain is not None and at is not None and contract is not None:
                    checked = _chain_check(chain, case, contract, at, members_on_chain)
                    chain_points, extra = checked.points, checked.differences
                    notes += checked.notes
                programs.append(case.result(chain_points, extra))
    return Reconciliation(-1 if at is None else at[0], programs, notes)


@dataclass(frozen=True, slots=True)
class _Case:
    program_id: str
    contract: str | None
    ledger: LedgerSide
    mirror: MirrorSide
    ledger_connection: Connection
    mirror_connection: Connection

    def result(self, chain_points: int | None, extra: list[str]) -> ProgramResult:
        lines = [*self._sums(), *self._batches(), *self._members(), *extra]
        return ProgramResult(
            program_id=self.program_id,
            contract_address=self.contract,
            ledger_points=sum(self.ledger.points_by_member.values()),
            mirror_points=self.mirror.total_points,
            in_flight_points=sum(self.ledger.in_flight_by_member.values()),
            parked_points=self.ledger.parked_points,
            chain_points=chain_points,
            last_seq=self.mirror.last_seq,
            differences=[f"program {self.program_id}: {line}" for line in lines],
        )

    def _sums(self) -> Iterator[str]:
        balances = sum(self.ledger.points_by_member.values())
        if balances != self.ledger.total_points:
            yield f"the journal's totals say {self.ledger.total_points}, the balances {balances}"
        mirrored = sum(self.mirror.points_by_member.values())
        if mirrored != self.mirror.total_points:
            yield f"the mirror's supply is {self.mirror.total_points}, its balances {mirrored}"

    def _batches(self) -> Iterator[str]:
        for number, batch in enumerate(self.mirror.batches, 1):
            if batch.seq != number:
                yield f"the mirror's batches are not contiguous: {batch.seq} where {number} belongs"
                break
        count = len(self.mirror.batches)
        if self.mirror.last_seq != count:
            yield f"the mirror's last batch is {self.mirror.last_seq}, but it has {count} batches"
        sealed = {batch.seq: batch for batch in self.ledger.batches}
        for batch in self.mirror.batches:
            ours = sealed.get(batch.seq)
            if ours != batch:
                yield f"batch {batch.seq}: ledger {_brief(ours)}, chain {_brief(batch)}"
                break

    def _members(self) -> Iterator[str]:
        shown = 0
        ledger, mirror = self.ledger.points_by_member, self.mirror.points_by_member
        for member in sorted(ledger.keys() | mirror.keys()):
            points, seen = ledger.get(member, 0), mirror.get(member, 0)
            in_flight = self.ledger.in_flight_by_member.get(member, 0)
            if points == seen + in_flight:
                continue
            shown += 1
            if shown <= _LINES_MAX:
                yield (
                    f"member {member} ledger {points}, chain {seen}, in flight {in_flight}; "
                    f"{self._first_difference(member)}"
                )
        if shown > _LINES_MAX:
            yield f"{shown - _LINES_MAX} more members differ"

    def _first_difference(self, member: str) -> str:
        sealed = reads.ledger_points_by_batch(
            self.ledger_connection, self.program_id, member, self.mirror.last_seq
        )
        seen = reads.mirror_points_by_batch(self.mirror_connection, self.contract or "", member)
        for seq in sorted(sealed.keys() | seen.keys()):
            if sealed.get(seq, 0) != seen.get(seq, 0):
                return f"first difference at batch {seq}"
        return "no batch differs: a balance was changed without one"


@dataclass(frozen=True, slots=True)
class _ChainCheck:
    points: int | None
    differences: list[str]
    notes: list[str]


def _chain_check(
    chain: ChainReader, case: _Case, contract: str, at: tuple[int, str], members: int
) -> _ChainCheck:
    """The chain's own word at the mirror's block, if the node still has that block's state."""
    number, block_hash = at
    address = read_bytes(contract, 20)
    differences = []

    def ask(data: bytes) -> int:
        return decode_uint(chain.call(address, data, block=number))

    try:
        points = ask(TOTAL_SUPPLY)
        if points != case.mirror.total_points:
            differences.append(f"chain supply {points}, mirror {case.mirror.total_points}")
        differences += _members_on_chain(case, ask, members)
        header = chain.header(number)
    except (ChainError, ValueError) as error:
        return _ChainCheck(None, [], [f"program {case.program_id}: not read from chain: {error}"])
    if header is None or header.hash != read_bytes(block_hash, 32):
        note = f"program {case.program_id}: the mirror's block {number} is not on the chain now"
        return _ChainCheck(None, [], [note])
    return _ChainCheck(points, differences, [])


def _members_on_chain(case: _Case, ask: Callable[[bytes], int], members: int) -> list[str]:
    known = sorted(case.mirror.points_by_member)
    chosen = known if members < 0 else known[:: max(1, len(known) // members)] if members else []
    lines = []
    for member in chosen:
        points = ask(encode_balance_of(read_bytes(member, 20)))
        if points != case.mirror.points_by_member[member]:
            mirrored = case.mirror.points_by_member[member]
            lines.append(f"member {member} chain {points}, mirror {mirrored}")
    return lines


def _brief(batch: BatchSum | None) -> str:
    if batch is None:
        return "none"
    return (
        f"{batch.receipts_root[:10]}… {batch.word_count} words "
        f"+{batch.minted_points} -{batch.burned_points}"
    )
