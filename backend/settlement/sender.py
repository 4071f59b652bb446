"""SIGN, PERSIST, BROADCAST: from a sealed slot to bytes on their way.

Bytes are stored before they are sent for the first time, and only stored bytes are ever sent, so
that a kill at any point leaves either nothing sent or everything known.
"""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy.exc import IntegrityError

from backend.chain.fees import Fees, FeeTooHigh
from backend.chain.port import ChainRefused
from backend.chain.quantities import read_bytes, write_bytes
from backend.chain.signer import UnsignedTransaction
from backend.ledger import settlement_writes as writes
from backend.ledger import settlements
from backend.ledger.engine import writing
from backend.ledger.settlements import Attempt, Slot, TxState
from backend.settlement.lanes import Lane, Parts
from backend.settlement.report import AlarmCode, StepReport

_NONCE_USED: Final = re.compile(r"nonce (is )?too low|old nonce|invalid nonce", re.IGNORECASE)
_UNDERPRICED: Final = re.compile(r"underpriced|fee too low|replacement", re.IGNORECASE)
_NOT_FUNDED: Final = re.compile(r"insufficient (funds|balance)|not enough", re.IGNORECASE)


class Sender:
    """Moves open slots forward. What it remembers only paces it; the ledger decides."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._sent_at_ms: dict[str, int] = {}
        self._tip: tuple[bytes, int] | None = None

    def advance(self, lane: Lane, slot: Slot, report: StepReport) -> None:
        """Signs a slot that is not signed, sends it when it is time, raises its fee when stuck."""
        if slot.state == TxState.SEALED and not self._sign_first(lane, slot, report):
            return
        with self._parts.engine.connect() as connection:
            attempts = settlements.attempts_of(connection, slot.id)
        if not attempts:
            return
        now_ms, sent_at_ms = self._parts.now_ms(), self._sent_at_ms.get(slot.id)
        if self._stuck(slot, attempts[-1], now_ms):
            bumped = self._sign_bump(lane, slot, attempts[-1], report)
            attempts = attempts if bumped is None else [*attempts, bumped]
            sent_at_ms = None if bumped is not None else sent_at_ms
        if sent_at_ms is None or now_ms - sent_at_ms >= self._parts.pace.resend_after_ms:
            self.send(lane, slot, attempts[-1], report)

    def send(self, lane: Lane, slot: Slot, attempt: Attempt, report: StepReport) -> None:
        """Sends stored bytes. A refusal is an alarm; the slot stays what it was."""
        self._sent_at_ms[slot.id] = self._parts.now_ms()
        try:
            self._parts.chain.send_raw(attempt.raw_transaction)
        except ChainRefused as refusal:
            self._refused(lane, slot, refusal, report)
            return
        if attempt.broadcast_at_ms is None or slot.state != TxState.BROADCAST:
            with writing(self._parts.engine) as connection:
                writes.mark_broadcast(connection, slot.id, attempt.tx_hash, self._parts.now_ms())
            report.broadcast += 1

    def forget(self, slot_id: str) -> None:
        """The slot is not open any more."""
        self._sent_at_ms.pop(slot_id, None)

    def _sign_first(self, lane: Lane, slot: Slot, report: StepReport) -> bool:
        fees = self._parts.fees.first(self._parts.view.head.base_fee_wei, self._tip_wei())
        if isinstance(fees, FeeTooHigh):
            report.alarm(AlarmCode.FEE_ABOVE_CAP, lane.name, str(fees))
            return False
        self._sign(lane, slot, 1, fees, report)
        return True

    def _sign_bump(
        self, lane: Lane, slot: Slot, last: Attempt, report: StepReport
    ) -> Attempt | None:
        previous = Fees(last.max_fee_wei, last.priority_fee_wei)
        base_fee = self._parts.view.head.base_fee_wei
        fees = self._parts.fees.bump(previous, base_fee, self._tip_wei())
        if isinstance(fees, FeeTooHigh):
            report.alarm(AlarmCode.FEE_ABOVE_CAP, lane.name, f"nonce {slot.nonce} is stuck: {fees}")
            return None
        return self._sign(lane, slot, last.attempt_no + 1, fees, report)

    def _sign(
        self, lane: Lane, slot: Slot, attempt_no: int, fees: Fees, report: StepReport
    ) -> Attempt | None:
        """Signs and stores an attempt; None when another settler stored it first."""
        with self._parts.engine.connect() as connection:
            calldata = settlements.calldata_of(connection, slot.id)
        signed = lane.signer.sign(
            UnsignedTransaction(
                chain_id=self._parts.deployment.chain_id,
                nonce=slot.nonce,
                to=read_bytes(slot.to_address, 20),
                data=calldata,
                gas_limit=slot.gas_limit,
                fees=fees,
            )
        )
        attempt = Attempt(
            tx_hash=write_bytes(signed.hash),
            attempt_no=attempt_no,
            raw_transaction=signed.raw,
            max_fee_wei=fees.max_fee_wei,
            priority_fee_wei=fees.priority_fee_wei,
            persisted_at_ms=self._parts.now_ms(),
            broadcast_at_ms=None,
        )
        try:
            with writing(self._parts.engine) as connection:
                writes.insert_attempt(connection, slot.id, attempt)
        except IntegrityError:
            return None
        report.signed += 1
        return attempt

    def _stuck(self, slot: Slot, attempt: Attempt, now_ms: int) -> bool:
        """Whether a higher fee is due: the base fee outgrew the offer, which a node may not even
        take, or it lies too long."""
        waited_ms = now_ms - (attempt.broadcast_at_ms or attempt.persisted_at_ms)
        pace = self._parts.pace
        if self._parts.view.head.base_fee_wei > attempt.max_fee_wei:
            return waited_ms >= pace.resend_after_ms
        return slot.state == TxState.BROADCAST and waited_ms >= pace.bump_after_ms

    def _refused(self, lane: Lane, slot: Slot, refusal: ChainRefused, report: StepReport) -> None:
        message = f"nonce {slot.nonce}: {refusal}"
        if _NONCE_USED.search(refusal.message):
            # Included already, or a foreign transaction took the nonce: recovery finds out.
            self._parts.view.broken = True
        elif _UNDERPRICED.search(refusal.message) and slot.state == TxState.BROADCAST:
            # The node holds another attempt of this slot, which is as good.
            return
        elif _NOT_FUNDED.search(refusal.message):
            report.alarm(AlarmCode.NOT_FUNDED, lane.name, message)
        else:
            report.alarm(AlarmCode.SEND_REFUSED, lane.name, message)

    def _tip_wei(self) -> int:
        head = self._parts.view.head
        if self._tip is None or self._tip[0] != head.hash:
            self._tip = (head.hash, self._parts.chain.priority_fee_wei())
        return self._tip[1]
