"""Return what a receipt says was bought, even before the purchase is known.

Tills that were offline send what they have in any order. A return that is ahead of its purchase
waits, and is applied in the very commit that records the purchase.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.core.canonical import canonical_json
from backend.core.errors import MereauError, ReceiptUnknown, ReturnOfAnotherMember
from backend.core.returned_parts import Asked
from backend.core.returns import UnknownReceipt
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.return_tables import WaitingReturn
from backend.ledger.returns_state import WAITING
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.lookup import MemberRef, at_own_till, till_program, well_formed
from backend.services.signed_burn import UNSIGNED, SignedBurn
from backend.services.take_back import PurchaseReturned, take_back

Row = dict[str, Any]
APPLIED = "applied"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ReturnWaits:
    return_id: str
    program_id: str
    receipt_id: str
    received_at_ms: int


@dataclass(frozen=True, slots=True)
class ReturnReceipt:
    """Raises UnknownProgram, UnknownMember, ReturnOfAnotherMember, ReceiptUnknown where the
    program's rules let no return wait, and whatever `take_back` does."""

    claim: Claim
    program_id: str
    receipt_id: str
    member: MemberRef | None
    asked: Asked
    render: Callable[[PurchaseReturned], bytes]
    render_waiting: Callable[[ReturnWaits], bytes]
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        programs = well_formed("prg", self.program_id)
        receipts = {(one, self.receipt_id) for one in programs}
        own = Wants(programs=programs, rules_of=programs, returned=receipts)
        named = [] if self.member is None else [self.member.wants()]
        return Wants.united([own, *named, self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        program = till_program(work, self.claim.merchant_id, self.program_id)
        member_id = None if self.member is None else self.member.resolve(work).id
        purchase_id = work.state.receipts.get((program.id, self.receipt_id))
        if purchase_id is None:
            return self._wait(work, member_id)
        purchase = work.state.purchases[purchase_id]
        _require_own_till(work, self.claim.merchant_id, purchase)
        _require_same_member(work, purchase, member_id)
        taken = take_back(work, purchase, self.asked, self.signed, work.new_id("ret"))
        return Answer(201, self.render(taken))

    def _wait(self, work: UnitOfWork, member_id: str | None) -> Answer:
        program = work.state.programs[self.program_id]
        policy = work.state.returns.policy(program.id, program.rules_version)
        if policy.unknown_receipt is UnknownReceipt.REFUSE:
            raise ReceiptUnknown("No purchase with this receipt is known, and no return waits.")
        row: Row = {
            "id": work.new_id("ret"),
            "program_id": program.id,
            "merchant_id": self.claim.merchant_id,
            "receipt_id": self.receipt_id,
            "member_id": member_id,
            "document": canonical_json(self.asked.to_document()).decode(),
            "state": WAITING,
            "refusal": None,
            "received_at_ms": work.now_ms,
            "closed_at_ms": None,
        }
        work.stage(WaitingReturn, row)
        key = (program.id, self.receipt_id)
        work.state.returns.waiting.setdefault(key, []).append(row)
        program.waiting_returns += 1
        work.touch_program(program)
        waits = ReturnWaits(row["id"], program.id, self.receipt_id, work.now_ms)
        return Answer(202, self.render_waiting(waits))


def apply_waiting(work: UnitOfWork, purchase: Row) -> tuple[PurchaseReturned, ...]:
    """Applies the returns that waited for this purchase, in the order they came; one that cannot
    be is closed with the code of its refusal, and the purchase stands."""
    key = (purchase["program_id"], purchase["receipt_id"])
    applied = []
    for row in work.state.returns.waiting.pop(key, ()):
        row["state"], row["closed_at_ms"] = APPLIED, work.now_ms
        try:
            _require_own_till(work, row["merchant_id"], purchase)
            _require_same_member(work, purchase, row["member_id"])
            asked = Asked.from_document(json.loads(row["document"]))
            applied.append(take_back(work, purchase, asked, UNSIGNED, row["id"]))
        except MereauError as refusal:
            row["state"], row["refusal"] = REFUSED, refusal.code
        changed = {name: row[name] for name in ("id", "state", "refusal", "closed_at_ms")}
        work.stage_update(WaitingReturn, changed)
        program = work.state.programs[purchase["program_id"]]
        program.waiting_returns -= 1
        work.touch_program(program)
    return tuple(applied)


def _require_own_till(work: UnitOfWork, merchant_id: str, purchase: Row) -> None:
    if not at_own_till(work, merchant_id, purchase):
        raise ReceiptUnknown("No purchase with this receipt is known at your tills.")


def _require_same_member(work: UnitOfWork, purchase: Row, member_id: str | None) -> None:
    bought_by = purchase["member_id"]
    if member_id is not None and (bought_by is None or work.owner(bought_by).id != member_id):
        raise ReturnOfAnotherMember("The purchase was another member's.")
