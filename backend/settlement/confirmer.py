"""From broadcast to final: inclusion, reorganisations, finality and failed transactions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from backend.chain.codec import BATCH_APPLIED_TOPIC, decode_batch_applied
from backend.chain.port import Receipt
from backend.chain.quantities import read_bytes, write_bytes
from backend.core.webhooks import EventType
from backend.ledger import settlement_writes as writes
from backend.ledger import settlements
from backend.ledger.badges import move_badges
from backend.ledger.crossings import included_second, rebase_crossed
from backend.ledger.engine import writing
from backend.ledger.given_back import give_back_short
from backend.ledger.rebase import rebase
from backend.ledger.settlements import OPEN_STATES, Purpose, Slot, TxState
from backend.ledger.short_returns import entry_at
from backend.ledger.webhook_events import tell_settled
from backend.settlement.creation import Creator
from backend.settlement.lanes import Parts
from backend.settlement.report import AlarmCode, StepReport
from backend.settlement.short import ShortWord, short_words


class Confirmer:
    """Asks the chain what became of slots, once per head."""

    def __init__(self, parts: Parts, creator: Creator) -> None:
        self._parts = parts
        self._creator = creator
        self._asked_at: dict[str, bytes] = {}

    def confirm_open(self, slot: Slot, report: StepReport) -> bool:
        """Notes a signed or broadcast slot's inclusion; whether it is included."""
        head = self._parts.view.head.hash
        if slot.state == TxState.SEALED or self._asked_at.get(slot.id) == head:
            return False
        receipt = self._receipt(slot)
        if receipt is None:
            self._asked_at[slot.id] = head
            return False
        created = None
        if slot.purpose == Purpose.CREATE_PROGRAM and receipt.succeeded and slot.program_id:
            created = self._creator.address_on_chain(slot.program_id)
            if created is None:
                return False
        block_at_s = self._parts.view.timestamp_s(receipt.block_number, receipt.block_hash)
        moved = self._moved_points(slot, receipt) if slot.purpose == Purpose.CALL else {}
        with writing(self._parts.engine) as connection:
            words = sum(batch.word_count for batch in settlements.batches_of(connection, slot.id))
            changed = writes.mark_included(
                connection,
                slot.id,
                receipt.block_number,
                write_bytes(receipt.block_hash),
                block_at_s,
                write_bytes(receipt.tx_hash),
                receipt.succeeded,
            )
            if changed and receipt.succeeded:
                rebase_crossed(
                    connection, slot.id, block_at_s, self._parts.now_ms(), self._parts.new_id
                )
                self._tell(connection, slot, EventType.OPERATION_INCLUDED)
            if changed and created is not None and slot.program_id is not None:
                writes.set_contract_address(connection, slot.program_id, write_bytes(created))
            for batch_id, points in moved.items() if changed else ():
                writes.set_moved_points(connection, batch_id, points)
        self._asked_at.pop(slot.id, None)
        report.included += changed
        if receipt.succeeded and changed:
            report.words_included += words
        elif changed:
            self._failed(slot, write_bytes(receipt.tx_hash), report)
        return True

    def check_included(self, slots: Sequence[Slot], report: StepReport) -> None:
        """Takes back inclusions that left the chain, and makes final what is old enough."""
        if not slots:
            return
        final_number = self._parts.view.finalized_number()
        gone, final = [], []
        for slot in slots:
            if slot.included_block is None or slot.included_block_hash is None:
                continue
            canonical = self._parts.view.canonical_hash(slot.included_block)
            if canonical != read_bytes(slot.included_block_hash, 32):
                gone.append(slot)
            elif slot.included_block <= final_number:
                final.append(slot)
        if not gone and not final:
            return
        short = {slot.id: short_words(self._parts, slot) for slot in final if slot.succeeded}
        with writing(self._parts.engine) as connection:
            for slot in gone:
                report.taken_back += take_back(self._parts, connection, slot.id, TxState.INCLUDED)
            for slot in final:
                if slot.succeeded:
                    final_now = writes.mark_final(connection, slot.id)
                    report.final += final_now
                    for word in short[slot.id] if final_now else ():
                        self._fell_short(connection, word)
                    if final_now:
                        self._tell(connection, slot, EventType.OPERATION_FINAL)
                    if final_now and slot.purpose == Purpose.CALL:
                        move_badges(connection, slot.id, self._parts.now_ms(), self._parts.new_id)
                else:
                    report.reverted += writes.mark_reverted(
                        connection, slot.id, [TxState.INCLUDED], self._parts.now_ms()
                    )

    def _fell_short(self, connection: Connection, word: ShortWord) -> None:
        program_id, entry_no, member_id = entry_at(connection, word.batch_id, word.index)
        now_ms, new_id = self._parts.now_ms(), self._parts.new_id
        if word.come_back:
            give_back_short(connection, program_id, entry_no, word.points, now_ms, new_id)
        else:
            rebase(connection, program_id, [member_id], now_ms, new_id)

    def _tell(self, connection: Connection, slot: Slot, event: EventType) -> None:
        if slot.purpose != Purpose.CREATE_PROGRAM:
            tell_settled(connection, slot.id, event, self._parts.now_ms(), self._parts.new_id)

    def _receipt(self, slot: Slot) -> Receipt | None:
        """The receipt of whichever attempt is in a canonical block."""
        with self._parts.engine.connect() as connection:
            attempts = settlements.attempts_of(connection, slot.id)
        for attempt in reversed(attempts):
            receipt = self._parts.chain.receipt(read_bytes(attempt.tx_hash, 32))
            if receipt is None:
                continue
            if self._parts.view.canonical_hash(receipt.block_number) == receipt.block_hash:
                return receipt
        return None

    def _moved_points(self, slot: Slot, receipt: Receipt) -> dict[str, int]:
        """By batch, what a rebind moved according to its event."""
        with self._parts.engine.connect() as connection:
            batches = settlements.batches_of(connection, slot.id)
        moved: dict[str, int] = {}
        for batch in batches if receipt.succeeded else ():
            contract = read_bytes(batch.contract_address or "", 20)
            logs = self._parts.chain.logs_of_block(
                receipt.block_hash, [contract], [BATCH_APPLIED_TOPIC]
            )
            for applied in map(decode_batch_applied, logs):
                if applied.seq == batch.seq:
                    moved[batch.id] = applied.minted_points
        return moved

    def _failed(self, slot: Slot, tx_hash: str, report: StepReport) -> None:
        message = f"transaction {tx_hash} failed; its batches wait until that is final"
        report.alarm(AlarmCode.REVERTED_ON_CHAIN, slot.lane, message, program_id=slot.program_id)


def open_slots(parts: Parts) -> list[Slot]:
    """Every lane's slots that are not included yet, by lane and nonce."""
    with parts.engine.connect() as connection:
        return settlements.slots_in_states(connection, OPEN_STATES)


def included_slots(parts: Parts) -> list[Slot]:
    """Every lane's slots that are included and not final, by lane and nonce."""
    with parts.engine.connect() as connection:
        return settlements.slots_in_states(connection, [TxState.INCLUDED])


def take_back(parts: Parts, connection: Connection, slot_id: str, from_state: TxState) -> bool:
    """An inclusion that is no longer on the chain: what it did to members' lots is undone."""
    was_at_s = included_second(connection, slot_id)
    changed = writes.take_back(connection, slot_id, from_state)
    if changed and was_at_s is not None:
        rebase_crossed(connection, slot_id, was_at_s, parts.now_ms(), parts.new_id)
    return changed
