"""When in doubt, the chain decides: at start, after a fork, after an answer that does not fit.

Four things are looked for, lane by lane. A nonce below ours that somebody used, and that a fork
forgot, gets a transaction that does nothing. What the ledger calls over but the chain does not have
is sent again from the stored bytes, in order of nonce: the same nonce makes that safe whatever the
truth is. What the ledger calls final in a block the chain has replaced goes back to broadcast,
with an alarm. And a nonce that was used by a transaction which is none of ours ends its slot once
that use is final, three heads in a row knew of no receipt, and the batches demonstrably did not
apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy.exc import IntegrityError

from backend.chain.ask import ask_uint
from backend.chain.codec import NEXT_SEQ
from backend.chain.port import ChainRefused
from backend.chain.quantities import read_bytes
from backend.ledger import settlement_writes as writes
from backend.ledger import settlements
from backend.ledger.engine import writing
from backend.ledger.settlements import OPEN_STATES, Purpose, Slot, TxState
from backend.settlement.confirmer import take_back
from backend.settlement.lanes import Lane, Parts
from backend.settlement.report import AlarmCode, StepReport

_PAGE: Final = 64
_LOOKS: Final = 3
"""A node that lags may once know nothing of a receipt."""

_FILL_GAS: Final = 21_000


class Recovery:
    """Compares a lane of the ledger with the chain. Every method raises ChainUnavailable."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._missed: dict[str, tuple[int, bytes]] = {}
        """By slot, at how many heads no receipt of it was known, and the last of those."""

    def check(self, lane: Lane, report: StepReport) -> bool:
        """Whether the lane agrees with the chain, or what does not is now open and being sent."""
        agrees = self._replaced_finals(lane, report)
        return self._lost(lane, report) and agrees

    def foreign_use(self, lane: Lane, slot: Slot, report: StepReport) -> bool:
        """Whether an open slot without a receipt has lost its nonce to somebody else.

        Once the foreign transaction is final, the slot ends and its entries wait again.
        """
        chain, head = self._parts.chain, self._parts.view.head
        # As of the head at which its receipts were asked for, so that a block in between is none.
        if chain.nonce(lane.signer.address, head.number) <= slot.nonce:
            return False
        final_number = self._parts.view.finalized_number()
        is_final = chain.nonce(lane.signer.address, final_number) > slot.nonce
        if is_final and self._missed_often(slot) and self._unapplied(slot, report):
            del self._missed[slot.id]
            with writing(self._parts.engine) as connection:
                report.reverted += writes.mark_reverted(
                    connection, slot.id, OPEN_STATES, self._parts.now_ms()
                )
            message = f"nonce {slot.nonce} was used by another transaction; it is sealed anew"
        else:
            message = f"nonce {slot.nonce} was used, but by no transaction of ours that is known"
        report.alarm(AlarmCode.FOREIGN_NONCE, lane.name, message)
        return True

    def _missed_often(self, slot: Slot) -> bool:
        head = self._parts.view.head.hash
        looks, seen_at = self._missed.get(slot.id, (0, b""))
        if seen_at != head:
            looks += 1
            self._missed[slot.id] = looks, head
        return looks >= _LOOKS

    def _replaced_finals(self, lane: Lane, report: StepReport) -> bool:
        """Takes back what is over in blocks that the chain has replaced, the newest first."""
        below: int | None = None
        while True:
            with self._parts.engine.connect() as connection:
                page = settlements.settled_slots(connection, lane.name, below, _PAGE)
            for slot in page:
                if slot.included_block is None or slot.included_block_hash is None:
                    continue
                canonical = self._parts.view.canonical_hash(slot.included_block)
                if canonical is None and not self._elsewhere(slot):
                    continue
                if canonical == read_bytes(slot.included_block_hash, 32):
                    return True
                if not self._take_back(slot, report):
                    return False
            if len(page) < _PAGE:
                return True
            below = page[-1].nonce

    def _elsewhere(self, slot: Slot) -> bool:
        """Whether a slot that is over above the head is in a block of this chain all the same: the
        node lost its state, and it was sent again."""
        if slot.included_tx_hash is None:
            return False
        receipt = self._parts.chain.receipt(read_bytes(slot.included_tx_hash, 32))
        if receipt is None:
            return False
        return self._parts.view.canonical_hash(receipt.block_number) == receipt.block_hash

    def _take_back(self, slot: Slot, report: StepReport) -> bool:
        message = f"block {slot.included_block} was final and is another one now"
        report.alarm(AlarmCode.FINALITY_BROKEN, slot.lane, message, program_id=slot.program_id)
        if slot.state == TxState.REVERTED:
            # Its entries may be sealed elsewhere: sending it again could settle them twice over.
            return False
        with writing(self._parts.engine) as connection:
            report.taken_back += take_back(self._parts, connection, slot.id, TxState.FINAL)
        return True

    def _lost(self, lane: Lane, report: StepReport) -> bool:
        """Sends again what is included or over for the ledger and unknown to the chain."""
        chain_nonce = self._parts.chain.nonce(lane.signer.address)
        with self._parts.engine.connect() as connection:
            slots = settlements.slots_from_nonce(connection, lane.name, chain_nonce)
        if slots and slots[0].nonce > chain_nonce:
            self._fill(lane, range(chain_nonce, slots[0].nonce)[:_PAGE], report)
            return False
        with self._parts.engine.connect() as connection:
            lost = [slot for slot in slots if slot.state not in OPEN_STATES]
            attempts = {slot.id: settlements.attempts_of(connection, slot.id) for slot in lost}
        if not lost:
            return True
        message = f"the node has {chain_nonce} transactions and lacks {len(lost)} that we know of"
        report.alarm(AlarmCode.NODE_BEHIND, lane.name, message)
        for slot in lost:
            if slot.state == TxState.REVERTED or not attempts[slot.id]:
                return False
            try:
                self._parts.chain.send_raw(attempts[slot.id][-1].raw_transaction)
            except ChainRefused as refusal:
                report.alarm(AlarmCode.SEND_REFUSED, lane.name, f"nonce {slot.nonce}: {refusal}")
                return False
        return False

    def _fill(self, lane: Lane, nonces: Sequence[int], report: StepReport) -> None:
        """Seals a transaction to ourselves that does nothing for each of these nonces: without them
        nothing above can be included."""
        message = f"nonce {nonces[0]} was used by another transaction, which is gone: it is filled"
        report.alarm(AlarmCode.FOREIGN_NONCE, lane.name, message)
        with suppress(IntegrityError), writing(self._parts.engine) as connection:
            for nonce in nonces:
                slot = writes.NewSlot(
                    id=self._parts.new_id("stx"),
                    lane=lane.name,
                    nonce=nonce,
                    purpose=Purpose.FILL,
                    program_id=None,
                    to_address=lane.name,
                    calldata=b"",
                    gas_limit=_FILL_GAS,
                    sealed_at_ms=self._parts.now_ms(),
                )
                writes.insert_slot(connection, slot)
                report.sealed += 1

    def _unapplied(self, slot: Slot, report: StepReport) -> bool:
        """Whether none of the slot's batches applied, now and at the final block."""
        with self._parts.engine.connect() as connection:
            batches = settlements.batches_of(connection, slot.id)
        for batch in batches:
            if batch.contract_address is None:
                # Its program's creation was undone and used up before this: nothing to apply to.
                continue
            contract = read_bytes(batch.contract_address, 20)
            for block in (None, self._parts.view.finalized_number()):
                if ask_uint(self._parts.chain, contract, NEXT_SEQ, block) > batch.seq:
                    message = f"batch {batch.seq} applied, but by no transaction of ours"
                    report.alarm(
                        AlarmCode.SEQUENCE_MISMATCH, slot.lane, message, program_id=batch.program_id
                    )
                    return False
        return True
