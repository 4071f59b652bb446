"""Taking in what the chain has and an older ledger lost: batches, their words and their roots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol

from sqlalchemy import select

from backend.chain.codec import (
    BATCH_APPLIED_TOPIC,
    PROGRAM_CREATED_TOPIC,
    SettleBatch,
    decode_batch_applied,
    decode_program_created,
    decode_settle,
)
from backend.chain.port import ChainUnavailable, ChainWriter, Log
from backend.chain.quantities import read_bytes, write_bytes
from backend.chain.sent import SentTransaction, read_sent
from backend.core.lifecycle import RedemptionState
from backend.ledger import outbox, settlements
from backend.ledger import settlement_writes as writes
from backend.ledger.columns import table_of
from backend.ledger.crossings import rebase_crossed
from backend.ledger.engine import writing
from backend.ledger.reimports import LostBatch, Reimported, reimport_batch
from backend.ledger.settlements import Attempt, Purpose, Slot
from backend.ledger.tables import Program, Redemption
from backend.settlement.behind import gaps_of
from backend.settlement.lanes import Parts, program_salt

_RANGE_BLOCKS: Final = 5_000
_PROGRAMS_MAX: Final = 2**31 - 1


class TransactionSource(ChainWriter, Protocol):
    """A node that also tells a transaction's signed bytes."""

    def raw_transaction(self, tx_hash: bytes) -> bytes: ...


@dataclass(slots=True)
class ReimportReport:
    """What was taken in, and what only people can bring back.

    `unknown_programs` are contracts of ours without a program in the ledger; `left` says in one
    line each what could not be taken in; `open_holds` are holds that may have been captured.
    """

    batches: list[Reimported] = field(default_factory=list)
    unknown_programs: list[str] = field(default_factory=list)
    open_holds: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not self.left

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "complete": self.complete}


def reimport(parts: Parts, chain: TransactionSource) -> ReimportReport:
    """Takes in every batch the chain has and the ledger does not, oldest first, a transaction each,
    and the transactions of batches that the ledger has sealed and did not see sent.

    What is in already stays as it is, so it may be run again at any time. Raises ChainError.
    """
    report = ReimportReport()
    parts.view.refresh()
    with parts.engine.connect() as connection:
        programs = outbox.programs_with_contract(connection, "", _PROGRAMS_MAX)
    behind = gaps_of(parts, programs)
    with parts.engine.connect() as connection:
        sealed = settlements.open_batches(connection)
        expected = settlements.next_seqs(connection, [program.id for program in programs])
    concerned = behind.keys() | {program_id for program_id, _ in sealed}
    contracts = {
        read_bytes(program.contract_address, 20): program.id
        for program in programs
        if program.contract_address is not None
    }
    report.unknown_programs = list(_unknown_programs(parts))
    wanted = [address for address, program_id in contracts.items() if program_id in concerned]
    if not wanted:
        return report
    seen: set[bytes] = set()
    for log in _logs(parts, wanted, BATCH_APPLIED_TOPIC):
        applied = decode_batch_applied(log)
        batch = (contracts[log.address], applied.seq)
        if (applied.seq < expected[batch[0]] and batch not in sealed) or log.tx_hash in seen:
            continue
        seen.add(log.tx_hash)
        _take_in(parts, chain, log, contracts, expected, report)
    if report.batches:
        report.open_holds = _open_holds(parts, behind)
    return report


def _take_in(
    parts: Parts,
    chain: TransactionSource,
    log: Log,
    contracts: dict[bytes, str],
    expected: dict[str, int],
    report: ReimportReport,
) -> None:
    try:
        sent = read_sent(chain.raw_transaction(log.tx_hash))
        batches = decode_settle(sent.data)
    except ValueError as error:
        tx_hash = write_bytes(log.tx_hash)
        report.left.append(f"transaction {tx_hash} holds a batch and is no settle call: {error}")
        return
    block_at_s = parts.view.timestamp_s(log.block_number, log.block_hash)
    lost = [each for each in batches if _is_lost(each, contracts, expected)]
    for each in lost:
        if each.seq != expected[contracts[each.program]]:
            report.left.append(
                f"program {contracts[each.program]}: batch {each.seq} follows one that was left out"
            )
            return
    now_ms = parts.now_ms()
    with writing(parts.engine) as connection:
        lane = write_bytes(sent.sender)
        there = [
            slot
            for slot in settlements.slots_from_nonce(connection, lane, sent.nonce)
            if slot.nonce == sent.nonce
        ]
        if there and settlements.calldata_of(connection, there[0].id) != sent.data:
            report.left.append(
                f"nonce {sent.nonce} of lane {lane} is another transaction in the ledger:"
                f" {there[0].id}"
            )
            return
        slot = _slot(parts, lane, sent, now_ms, there)
        if not there:
            writes.insert_slot(connection, slot)
        known = {attempt.tx_hash for attempt in settlements.attempts_of(connection, slot.id)}
        if write_bytes(sent.hash) not in known:
            writes.insert_attempt(connection, slot.id, _attempt(sent, len(known) + 1, now_ms))
        # First of all: how old points are follows from the block that applied them.
        writes.mark_included(
            connection,
            slot.id,
            log.block_number,
            write_bytes(log.block_hash),
            block_at_s,
            write_bytes(sent.hash),
            True,
        )
        taken = [
            reimport_batch(
                connection,
                slot,
                LostBatch(
                    contracts[each.program], each.program, each.seq, each.receipts_root,
                    each.words, block_at_s, write_bytes(sent.hash),
                ),
                now_ms,
                parts.new_id,
            )
            for each in lost
        ]  # fmt: skip
        rebase_crossed(connection, slot.id, block_at_s, now_ms, parts.new_id)
    for batch in taken:
        expected[batch.program_id] = batch.seq + 1
    report.batches += taken


def _is_lost(batch: SettleBatch, contracts: dict[bytes, str], expected: dict[str, int]) -> bool:
    program_id = contracts.get(batch.program, "")
    return program_id in expected and batch.seq >= expected[program_id]


def _slot(
    parts: Parts, lane: str, sent: SentTransaction, now_ms: int, there: Sequence[Slot]
) -> writes.NewSlot:
    return writes.NewSlot(
        id=there[0].id if there else parts.new_id("stx"),
        lane=lane,
        nonce=sent.nonce,
        purpose=Purpose.SETTLE,
        program_id=None,
        to_address=write_bytes(sent.to),
        calldata=sent.data,
        gas_limit=sent.gas_limit,
        sealed_at_ms=now_ms,
    )


def _attempt(sent: SentTransaction, number: int, now_ms: int) -> Attempt:
    return Attempt(
        tx_hash=write_bytes(sent.hash),
        attempt_no=number,
        raw_transaction=sent.raw,
        max_fee_wei=sent.fees.max_fee_wei,
        priority_fee_wei=sent.fees.priority_fee_wei,
        persisted_at_ms=now_ms,
        broadcast_at_ms=None,
    )


def _logs(parts: Parts, addresses: Sequence[bytes], topic: bytes) -> Iterator[Log]:
    """Logs of these contracts with this topic, from the deployment to the head, in order."""
    head = parts.view.head.number
    for first in range(parts.deployment.first_block, head + 1, _RANGE_BLOCKS):
        last = min(head, first + _RANGE_BLOCKS - 1)
        found = parts.chain.logs_in_range(first, last, addresses, [topic])
        yield from sorted(found, key=lambda log: (log.block_number, log.log_index))
    if parts.view.canonical_hash(head) != parts.view.head.hash:
        raise ChainUnavailable("the chain moved while it was read")


def _unknown_programs(parts: Parts) -> Iterator[str]:
    with parts.engine.connect() as connection:
        ids = [row.id for row in connection.execute(select(table_of(Program).c.id))]
    salts = {program_salt(program_id) for program_id in ids}
    for log in _logs(parts, [parts.deployment.factory], PROGRAM_CREATED_TOPIC):
        created = decode_program_created(log)
        if created.issuer == parts.deployment.settlement and created.salt not in salts:
            yield write_bytes(created.program)


def _open_holds(parts: Parts, program_ids: Iterable[str]) -> list[str]:
    holds = table_of(Redemption)
    query = select(holds.c.id).where(
        holds.c.program_id.in_(sorted(program_ids)), holds.c.state == RedemptionState.HELD.value
    )
    with parts.engine.connect() as connection:
        return sorted(row.id for row in connection.execute(query))
