"""Answer a question: the member's signature burns the held points, their refusal frees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from backend.core.confirmations import ConfirmationState, require_waiting
from backend.core.voucher_codes import CODE_ENTROPY_BYTES, make_code
from backend.ledger.confirmations import ConfirmationRecord
from backend.ledger.control_tables import Confirmation
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.ask_confirmation import Asked
from backend.services.close_claim import CancelClaim, CaptureClaim
from backend.services.consent import Consent
from backend.services.house import House
from backend.services.lookup import MemberById
from backend.services.read_confirmations import read_confirmation
from backend.services.read_rewards import place_of_claim
from backend.services.redeem import CloseRedemption
from backend.services.signed_burn import look_at_consent

_NOTHING: Final = b""


class _Step(Protocol):
    def wants(self) -> Wants: ...
    def decide(self, work: UnitOfWork) -> Answer: ...


@dataclass(frozen=True, slots=True)
class AnswerConfirmation:
    """Closes the hold as the till would, with the member's word in place of the till's.

    The same answer given twice is given once. Raises ConfirmationOver, and what the step raises.
    """

    record: ConfirmationRecord
    answer: ConfirmationState
    step: _Step

    @property
    def claim(self) -> Claim | None:
        return None

    @property
    def merchant_id(self) -> str:
        """Who asked: in a coalition the operation is theirs."""
        return self.record.merchant_id

    def wants(self) -> Wants:
        return self.step.wants()

    def decide(self, work: UnitOfWork) -> Answer:
        row = work.state.redemptions[self.record.redemption_id]
        asked = Asked.of(row, work.now_ms)
        state = asked.state if asked else ConfirmationState.EXPIRED
        if state is self.answer:
            return Answer(200, _NOTHING)
        require_waiting(state)
        self.step.decide(work)
        row["confirmation_state"] = self.answer.value
        answered = {"state": self.answer.value, "answered_at_ms": work.now_ms}
        work.stage_update(Confirmation, {"id": self.record.id, **answered})
        return Answer(200, _NOTHING)


async def confirm_redemption(
    house: House, member_ids: Sequence[str], confirmation_id: str, consent: Consent
) -> ConfirmationRecord:
    """Burns the held points by the member's signature; how it stands then.

    `consent` is over what `consent_of` answered. Raises UnknownConfirmation, ConfirmationOver, and
    what is wrong with the signature (SignedBurn).
    """
    record = await read_confirmation(house, member_ids, confirmation_id)
    if record.state is not ConfirmationState.CONFIRMED:
        require_waiting(record.state)
        # The reference is ours: a signature over another one is not for this.
        consent = replace(consent, redemption_ref=record.redemption_ref)
        ref = MemberById(record.program_id, record.member_id)
        signed = await look_at_consent(house, record.owner_id, ref, record.points, consent)
        owner = _owner(record)
        step: _Step
        if record.claim_id is None:
            step = CloseRedemption(
                owner, record.redemption_id, record.program_id, True, _unsaid, signed
            )
        else:
            place, _ = await place_of_claim(house, record.owner_id, record.claim_id)
            code = make_code(house.entropy(CODE_ENTROPY_BYTES))
            step = CaptureClaim(owner, place, code, _unsaid, signed)
        answer = AnswerConfirmation(record, ConfirmationState.CONFIRMED, step)
        await house.committer.submit(answer)
    return await read_confirmation(house, member_ids, confirmation_id)


async def refuse_redemption(
    house: House, member_ids: Sequence[str], confirmation_id: str
) -> ConfirmationRecord:
    """Frees the held points; raises UnknownConfirmation or ConfirmationOver."""
    record = await read_confirmation(house, member_ids, confirmation_id)
    if record.state is not ConfirmationState.REFUSED:
        require_waiting(record.state)
        owner = _owner(record)
        step: _Step
        if record.claim_id is None:
            step = CloseRedemption(owner, record.redemption_id, record.program_id, False, _unsaid)
        else:
            place, _ = await place_of_claim(house, record.owner_id, record.claim_id)
            step = CancelClaim(owner, place, _unsaid)
        await house.committer.submit(AnswerConfirmation(record, ConfirmationState.REFUSED, step))
    return await read_confirmation(house, member_ids, confirmation_id)


def _owner(record: ConfirmationRecord) -> Claim:
    """The step is made in the name of the program: a partner that asked may have left it."""
    return Claim(record.owner_id, record.id, "")


def _unsaid(_: object) -> bytes:
    return _NOTHING
