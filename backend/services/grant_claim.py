"""Grant a claim whose points are burned: its voucher, its donation receipt, its handover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend.core.canonical import canonical_json
from backend.core.claims import ClaimState, end_of_day_ms
from backend.core.rewards import RewardKind, RewardTerms, Step
from backend.core.vouchers import VoucherKind, VoucherState
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.reward_tables import Charity, Reward
from backend.ledger.spending_documents import reward_terms
from backend.ledger.spending_loads import RewardRecord, VoucherRecord
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.voucher_tables import Voucher
from backend.services.ask_confirmation import Asked

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimChanged:
    """A claim after a step; `code` is that of its voucher where the step made one."""

    claim: Row
    terms: RewardTerms
    step: Step
    points: int
    program: ProgramState
    member: MemberState
    operation_ids: tuple[str, ...]
    voucher: VoucherRecord | None
    code: str | None
    charity: Row | None
    now_ms: int
    restored_points: int | None = None
    confirmation: Asked | None = None


def claim_details(claim_id: str, reward_id: str, step_id: str) -> dict[str, str]:
    """What the receipt of the burn says of it."""
    return {"claim_id": claim_id, "reward_id": reward_id, "step_id": step_id}


def grant(
    work: UnitOfWork, program: ProgramState, reward: RewardRecord, claim: Row, code: str
) -> str | None:
    """Changes the claim's row, and stages everything else; the code of the voucher if it made
    one. The caller stages the row."""
    terms = reward_terms(claim["document"])
    reward.taken_count += 1
    work.stage_update(Reward, reward.changes())
    claim["granted_at_ms"] = work.now_ms
    claim["state"] = ClaimState.GRANTED.value
    if terms.done_at_once:
        claim["state"], claim["closed_at_ms"] = ClaimState.FULFILLED.value, work.now_ms
    if terms.kind is RewardKind.DONATION:
        _donate(work, claim, terms)
    if not terms.gives_voucher:
        return None
    _give_voucher(work, program, claim, terms, code)
    return code


def claim_changed(
    work: UnitOfWork,
    claim: Row,
    code: str | None = None,
    operation_ids: tuple[str, ...] | None = None,
    restored_points: int | None = None,
) -> ClaimChanged:
    """The claim as it is after the step; its operation is that of the burn if none is given.

    What rules granted has no redemption and takes no points."""
    terms, state = reward_terms(claim["document"]), work.state
    redemption = state.redemptions.get(claim["redemption_id"] or "", {})
    burned = (redemption["operation_id"],) if redemption.get("operation_id") else ()
    spending = state.spending
    return ClaimChanged(
        claim=claim,
        terms=terms,
        step=terms.step(claim["step_id"]),
        points=redemption.get("points", 0),
        program=state.programs[claim["program_id"]],
        member=work.owner(claim["member_id"]),
        operation_ids=burned if operation_ids is None else operation_ids,
        voucher=spending.vouchers.get(claim["voucher_id"] or ""),
        code=code,
        charity=spending.charities.get(terms.charity_id or ""),
        now_ms=work.now_ms,
        restored_points=restored_points,
        confirmation=Asked.of(redemption, work.now_ms),
    )


def _donate(work: UnitOfWork, claim: Row, terms: RewardTerms) -> None:
    charity = work.state.spending.charities[terms.charity_id or ""]
    charity["receipt_count"] += 1
    charity["donated_minor"] += terms.step(claim["step_id"]).value or 0
    claim["receipt_no"] = charity["receipt_count"]
    counted = ("id", "receipt_count", "donated_minor")
    work.stage_update(Charity, {name: charity[name] for name in counted})


def _give_voucher(
    work: UnitOfWork, program: ProgramState, claim: Row, terms: RewardTerms, code: str
) -> None:
    step = terms.step(claim["step_id"])
    value = terms.kind is RewardKind.GIFT_CARD
    days = terms.voucher_days
    voucher = VoucherRecord(
        id=claim["voucher_id"],
        program_id=program.id,
        member_id=claim["member_id"],
        claim_id=claim["id"],
        kind=(VoucherKind.VALUE if value else VoucherKind.USES).value,
        currency=program.currency,
        capacity_units=(step.value or 0) if value else terms.voucher_uses,
        spent_units=0,
        state=VoucherState.ACTIVE.value,
        benefit=canonical_json(benefit_of(terms, step)).decode(),
        code_digest=work.vault.code_digest(code),
        sealed_code=work.vault.seal_code(claim["voucher_id"], code),
        valid_from_ms=work.now_ms,
        expires_at_ms=None if days is None else end_of_day_ms(program.timezone, work.now_ms, days),
        created_at_ms=work.now_ms,
    )
    stage_voucher(work, voucher)


def stage_voucher(work: UnitOfWork, voucher: VoucherRecord) -> None:
    """A new voucher; later commands of the group find it."""
    names = [name for name in voucher.__dataclass_fields__ if name != "reserved_units"]
    work.stage(Voucher, {name: getattr(voucher, name) for name in names})
    work.state.spending.vouchers[voucher.id] = voucher


def benefit_of(terms: RewardTerms, step: Step) -> dict[str, Any]:
    """What a till has to know of what a use is good for."""
    named = {
        "kind": terms.kind.value,
        "title": dict(terms.title),
        "value": step.value,
        "sku": terms.sku,
        "starts_at": terms.starts_at,
        "place": terms.place,
    }
    return {name: value for name, value in named.items() if value is not None}
