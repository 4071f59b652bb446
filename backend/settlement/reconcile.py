"""Reconciliation: for every program, ledger = mirror + in flight, and mirror = chain.

In flight is what waits, is parked, or is in a batch the mirror has not seen. Points count as of the
mirror's block, or of the period the ledger has brought the member to since: live ones only. What
differs is said in one line each, with the first batch from which it differs where that can be told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

from backend.chain.port import ChainReader
from backend.ledger import reconciliation as reads
from backend.ledger.calls_in_flight import addresses_mirrored, not_mirrored, unsure_burns
from backend.ledger.reconciliation import BatchSum, LedgerSide, MirrorSide
from backend.ledger.relayed import matched, noted_until
from backend.ledger.short_returns import short_returns, to_give_back
from backend.ledger.signatures_seen import SeenRedemption, seen_between
from backend.settlement.compare import Case, ChainCheck, chain_check, compare_members

_NOTHING = MirrorSide(0, 0, [], {}, [], {})


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

    `members_on_chain` members per program are asked of the chain itself, -1 for all of them.
    """
    with reads.snapshot(ledger) as connection:
        contracts = reads.program_contracts(connection)
        noted = noted_until(connection)
    with reads.snapshot(mirror) as mirror_connection:
        at = reads.mirror_block(mirror_connection)
        sides = {
            program_id: reads.mirror_side(mirror_connection, contract) if contract else _NOTHING
            for program_id, contract in contracts
        }
        short = {
            program_id: short_returns(mirror_connection, contract)
            for program_id, contract in contracts
            if contract
        }
        redeemed = seen_between(mirror_connection, noted, -1 if at is None else at[0])
        programs: list[ProgramResult] = []
        notes: list[str] = []
        with reads.snapshot(ledger) as connection:
            for program_id, contract in contracts:
                seen = sides[program_id]
                known = reads.ledger_side(connection, program_id, seen.last_seq)
                # An empty mirror lacks every one of them, and so it does when a fork undid the
                # contract.
                burns = unsure_burns(connection, program_id, -1 if at is None else at[0])
                missing = not_mirrored(mirror_connection, contract or "", burns)
                moved = addresses_mirrored(connection, program_id, seen.last_seq)
                if contract is not None:
                    waits = to_give_back(connection, program_id, short[program_id], seen.last_seq)
                    for address, points in waits.items():
                        missing[address] = missing.get(address, 0) + points
                by_member = _by_member(connection, program_id, contract, redeemed, known, missing)
                known = with_calls(known, missing, moved)
                case = Case(
                    program_id,
                    contract,
                    0 if at is None else at[2],
                    known,
                    seen,
                    connection,
                    mirror_connection,
                    by_member,
                )
                checked = ChainCheck(None, [], [])
                if chain is not None and at is not None and contract is not None:
                    checked = chain_check(chain, case, contract, at, members_on_chain)
                    notes += checked.notes
                programs.append(_result(case, checked))
    return Reconciliation(-1 if at is None else at[0], programs, notes)


def _by_member(
    connection: Connection,
    program_id: str,
    contract: str | None,
    seen: Sequence[SeenRedemption],
    known: LedgerSide,
    missing: dict[str, int],
) -> dict[str, list[SeenRedemption]]:
    """What members redeemed with signatures lately. What the ledger is yet to take in, because no
    till of ours asked for it, is taken off what is `missing` in the mirror."""
    found: dict[str, list[SeenRedemption]] = defaultdict(list)
    mine = [one for one in seen if one.program == contract]
    addresses = {one.member_id: address for address, one in known.members.items()}
    for one, member_id, call in matched(connection, program_id, mine):
        if member_id is None:
            continue
        found[member_id].append(one)
        if call is None:
            address = addresses[member_id]
            missing[address] = missing.get(address, 0) - one.points
    return found


def with_calls(known: LedgerSide, missing: dict[str, int], moved: dict[str, str]) -> LedgerSide:
    """The ledger as its calls look from the mirror: signed redemptions that one of the two lacks,
    and returns that it knows to be short, are in flight, and rebound members have the address that
    it knows them by."""
    in_flight = dict(known.in_flight_by_member)
    for address, points in missing.items():
        in_flight[address] = in_flight.get(address, 0) - points
    if not missing and not moved:
        return known
    return replace(
        known,
        members={moved.get(address, address): one for address, one in known.members.items()},
        in_flight_by_member={moved.get(address, address): p for address, p in in_flight.items()},
    )


def _result(case: Case, checked: ChainCheck) -> ProgramResult:
    members = compare_members(case)
    lines = [*_sums(case), *_batches(case), *checked.differences]
    if checked.followed:
        lines = [*members.differences, *lines]
    return ProgramResult(
        program_id=case.program_id,
        contract_address=case.contract,
        ledger_points=members.ledger_points,
        mirror_points=members.mirror_points,
        in_flight_points=members.in_flight_points,
        parked_points=case.ledger.parked_points,
        chain_points=checked.points,
        last_seq=case.mirror.last_seq,
        differences=[f"program {case.program_id}: {line}" for line in lines],
    )


def _sums(case: Case) -> Iterator[str]:
    balances = sum(member.points for member in case.ledger.members.values())
    if balances != case.ledger.total_points:
        yield f"the journal's totals say {case.ledger.total_points}, the balances {balances}"
    mirrored = sum(word.balance for word in case.mirror.words.values())
    if mirrored != case.mirror.total_points:
        yield f"the mirror's supply is {case.mirror.total_points}, its balances {mirrored}"
    for address in case.mirror.uneven[:1]:
        count = len(case.mirror.uneven)
        yield f"the mirror's lots of {count} members are not their points, first {address}"


def _batches(case: Case) -> Iterator[str]:
    for number, batch in enumerate(case.mirror.batches, 1):
        if batch.seq != number:
            yield f"the mirror's batches are not contiguous: {batch.seq} where {number} belongs"
            break
    count = len(case.mirror.batches)
    if case.mirror.last_seq != count:
        yield f"the mirror's last batch is {case.mirror.last_seq}, but it has {count} batches"
    sealed = {batch.seq: batch for batch in case.ledger.batches}
    for batch in case.mirror.batches:
        ours = sealed.get(batch.seq)
        if ours and ours.minted_points == ours.burned_points == 0:
            # A rebind whose inclusion the settler has not noted: what it moves is not known yet.
            moved = batch.minted_points
            ours = replace(ours, minted_points=moved, burned_points=moved)
        if ours != batch:
            yield f"batch {batch.seq}: ledger {_brief(ours)}, chain {_brief(batch)}"
            break


def _brief(batch: BatchSum | None) -> str:
    if batch is None:
        return "none"
    return (
        f"{batch.receipts_root[:10]}… {batch.word_count} words "
        f"+{batch.minted_points} -{batch.burned_points}"
    )
