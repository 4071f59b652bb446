"""Sealing calls: what goes to the chain besides batches, each in a slot like a batch's.

A call is tried before it is sealed. One that can never succeed is parked with its reason before it
costs gas; one that cannot succeed now waits and is tried again at the next block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import IntegrityError

from backend.chain import program_calls as calls
from backend.chain.contract_errors import ContractError, decode_error
from backend.chain.port import CallReverted
from backend.chain.quantities import read_bytes, write_bytes
from backend.core import receipts
from backend.core.calls import HOPELESS, CallKind
from backend.core.operations import rebind_word
from backend.ledger import calls as queue
from backend.ledger import relayed, settlements
from backend.ledger import settlement_writes as writes
from backend.ledger.engine import writing
from backend.ledger.given_back import give_back
from backend.ledger.settlements import Purpose, SealConflictError
from backend.ledger.waiting_calls import Call
from backend.settlement.lanes import TX_GAS_MAX, Lane, Parts
from backend.settlement.relays import Relays
from backend.settlement.report import AlarmCode, StepReport

REDEMPTIONS_MAX: Final = 20
"""Signed redemptions in one transaction; all go or none, so each is tried alone first."""

REFUSALS_BEFORE_PARKING: Final = 3
"""One answer may come from a node that lags, or be about a fork."""

_RELAYABLE: Final = {CallKind.REDEEM, CallKind.SET_SIGNED_ONLY}
"""What a signature is enough for, so that anybody may bring it on chain."""

_GAS_SPARE: Final = 60_000


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Calls of one program in one transaction; `batch` is set where a call takes a sequence."""

    calls: list[Call]
    to: bytes
    calldata: bytes
    batch: writes.NewBatch | None = None


class Caller:
    """Seals waiting calls for lanes that have no open transaction."""

    def __init__(self, parts: Parts, relays: Relays | None) -> None:
        self._parts = parts
        self._relays = relays
        self._tried_at: dict[str, bytes] = {}
        self._hopeless: dict[str, tuple[int, bytes, int]] = {}
        """By call, the block at which it was first refused for good, and how often since."""

    def seal(
        self, lane: Lane, nonce: int, waiting: Sequence[Call], report: StepReport
    ) -> str | None:
        """Seals the first of `waiting` that the chain would take; its slot's id.

        A call that was refused is not tried again before the next block.
        """
        head = self._parts.view.head.hash
        for call in waiting:
            if self._tried_at.get(call.id) == head:
                continue
            prepared = self._prepare(lane, call, waiting, report)
            if prepared is None:
                self._tried_at[call.id] = head
                continue
            if sealed := self._commit(lane, nonce, prepared, report):
                for one in prepared.calls:
                    self._tried_at.pop(one.id, None)
                return sealed
        return None

    def _prepare(
        self, lane: Lane, call: Call, waiting: Sequence[Call], report: StepReport
    ) -> _Prepared | None:
        if call.kind is not CallKind.REDEEM:
            return self._accepted(lane, self._built([call]), report)
        alike = [
            one for one in waiting
            if one.kind is CallKind.REDEEM and one.program_id == call.program_id
        ][:REDEMPTIONS_MAX]  # fmt: skip
        good = [one for one in alike if self._accepted(lane, self._built([one]), report)]
        if len(good) < 2:
            return self._built(good) if good else None
        return self._accepted(lane, self._built(good), report) or self._built(good[:1])

    def _accepted(self, lane: Lane, prepared: _Prepared, report: StepReport) -> _Prepared | None:
        """The same if the chain would take it; what can never be taken is parked, once that is
        sure."""
        try:
            self._parts.chain.call(prepared.to, prepared.calldata, sender=lane.signer.address)
        except CallReverted as revert:
            error = decode_error(revert.data)
            if len(prepared.calls) == 1:
                self._refused(lane, prepared, error, report)
            return None
        for call in prepared.calls:
            self._hopeless.pop(call.id, None)
        return prepared

    def _refused(
        self, lane: Lane, prepared: _Prepared, error: ContractError, report: StepReport
    ) -> None:
        (call,) = prepared.calls
        if not self._is_hopeless(lane, prepared, error):
            self._hopeless.pop(call.id, None)
        elif self._is_sure(call):
            self._give_up(call, error, report)
            return
        message = f"{call.kind} {call.id} waits: {error}"
        report.alarm(AlarmCode.CALL_REFUSED, lane.name, message, program_id=call.program_id)

    def _give_up(self, call: Call, error: ContractError, report: StepReport) -> None:
        """Parks a call, unless what it asks for is on chain without it."""
        done = None
        if call.kind is CallKind.SET_SIGNED_ONLY and self._relays:
            done = self._relays.change(call)
        now_ms, new_id = self._parts.now_ms(), self._parts.new_id
        try:
            with writing(self._parts.engine) as connection:
                if done is not None:
                    relayed.carry(connection, call.program_id, call.id, done, now_ms, new_id)
                elif queue.park_call(connection, call.id, str(error)):
                    if call.kind is CallKind.REDEEM:
                        give_back(connection, call, now_ms, new_id)
                    report.parked_calls.append(f"{call.id} ({call.kind}): {error}")
        except (IntegrityError, SealConflictError):
            # Another settler was first, and made of it what we would have.
            return

    def _is_hopeless(self, lane: Lane, prepared: _Prepared, error: ContractError) -> bool:
        """Whether the head that we know refuses it for good as well: the node may be ahead."""
        if error.name not in HOPELESS:
            return False
        try:
            self._parts.chain.call(
                prepared.to, prepared.calldata, self._parts.view.head.number, lane.signer.address
            )
        except CallReverted as revert:
            return decode_error(revert.data).name in HOPELESS
        return False

    def _is_sure(self, call: Call) -> bool:
        """Whether it was refused at every look since a block that is final by now, and nobody else
        brought it on chain up to that block."""
        view = self._parts.view
        first, first_hash, times = self._hopeless.get(call.id, (view.head.number, b"", 0))
        if view.canonical_hash(first) != first_hash:
            # What was refused on a fork says nothing of this one.
            first, first_hash, times = view.head.number, view.head.hash, 0
        self._hopeless[call.id] = first, first_hash, times + 1
        if times + 1 < REFUSALS_BEFORE_PARKING or view.finalized_number() < first:
            return False
        if call.kind in _RELAYABLE and not (self._relays and self._relays.covers(first)):
            return False
        del self._hopeless[call.id]
        return True

    def _built(self, several: list[Call]) -> _Prepared:
        """The transaction for one call, or for several redemptions of one program."""
        call = several[0]
        program, said = read_bytes(call.contract_address, 20), call.arguments
        if call.kind is CallKind.REDEEM:
            signed = [_redemption(one) for one in several]
            return _Prepared(several, program, calls.encode_redeem_batch(signed))
        if call.kind is CallKind.REBIND:
            return self._rebind(call, program)
        if call.kind is CallKind.SET_SIGNED_ONLY:
            data = calls.encode_set_signed_only(
                read_bytes(said["member"], 20),
                signed_only=said["signed_only"],
                deadline_s=said["deadline_s"],
                signature=read_bytes(said["signature"]),
            )
            return _Prepared(several, program, data)
        if call.kind is CallKind.EXPIRE:
            members = [read_bytes(member, 20) for member in said["members"]]
            return _Prepared(several, program, calls.encode_expire(members))
        badge, ids = read_bytes(said["contract"], 20), [int(one, 16) for one in said["token_ids"]]
        issues = call.kind is CallKind.ISSUE_BADGES
        encode = calls.encode_issue_badges if issues else calls.encode_revoke_badges
        return _Prepared(several, self._parts.deployment.settlement, encode(badge, ids))

    def _rebind(self, call: Call, program: bytes) -> _Prepared:
        """A rebind is a batch of one leaf and takes the program's next sequence number."""
        said = call.arguments
        from_member = read_bytes(said["from"], 20)
        with self._parts.engine.connect() as connection:
            seq = settlements.next_seqs(connection, [call.program_id])[call.program_id]
        word = rebind_word(from_member)
        committed = read_bytes(call.commitment or "", 32)
        root = receipts.merkle_root([receipts.leaf(program, seq, 0, word, committed)])
        rebind = calls.Rebind(
            seq=seq,
            root=root,
            from_member=from_member,
            to_member=read_bytes(said["to"], 20),
            deadline_s=said["deadline_s"],
            signature=read_bytes(said["signature"]),
        )
        batch = writes.NewBatch(
            id=self._parts.new_id("bat"),
            program_id=call.program_id,
            seq=seq,
            receipts_root=write_bytes(root),
            words=word.to_bytes(32, "big"),
            minted_points=0,
            burned_points=0,
        )
        settlement = self._parts.deployment.settlement
        return _Prepared([call], settlement, rebind.to_settlement(program), batch)

    def _commit(
        self, lane: Lane, nonce: int, prepared: _Prepared, report: StepReport
    ) -> str | None:
        gas = self._parts.chain.estimate_gas(prepared.to, prepared.calldata, lane.signer.address)
        slot = writes.NewSlot(
            id=self._parts.new_id("stx"),
            lane=lane.name,
            nonce=nonce,
            purpose=Purpose.CALL,
            program_id=prepared.calls[0].program_id,
            to_address=write_bytes(prepared.to),
            calldata=prepared.calldata,
            # What it touches may have grown by the time it is included.
            gas_limit=min(gas + gas // 4 + _GAS_SPARE, TX_GAS_MAX),
            sealed_at_ms=self._parts.now_ms(),
        )
        try:
            with writing(self._parts.engine) as connection:
                writes.insert_slot(connection, slot)
                if prepared.batch is not None:
                    writes.insert_batch(connection, slot, prepared.batch)
                queue.assign_calls(connection, [one.id for one in prepared.calls], slot.id)
        except (IntegrityError, SealConflictError):
            # Another settler was first: its slot is as good as ours.
            return None
        report.sealed += 1
        report.calls_sealed += len(prepared.calls)
        return slot.id


def _redemption(call: Call) -> calls.SignedRedemption:
    said = call.arguments
    return calls.SignedRedemption(
        member=read_bytes(said["member"], 20),
        points=said["points"],
        redemption_id=read_bytes(said["redemption_ref"], 32),
        deadline_s=said["deadline_s"],
        signature=read_bytes(said["signature"]),
    )
