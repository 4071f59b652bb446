"""Turns rewards, claims and charities into the API's answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from backend.api import reward_schemas as schemas
from backend.api.fields import to_rfc3339
from backend.api.present import balance_summary, settlement_summary, to_json
from backend.api.present_redemptions import confirmation
from backend.api.present_vouchers import voucher
from backend.core.claims import ClaimState
from backend.core.rewards import RewardKind, RewardState, RewardTerms, Step
from backend.ledger.spending_loads import RewardRecord
from backend.services.claim_grant import grant_state
from backend.services.create_reward import RewardChanged
from backend.services.grant_claim import ClaimChanged
from backend.services.reachable_rewards import Reach, Reachable
from backend.services.read_rewards import ClaimRead

Row = Mapping[str, Any]


def reward(record: RewardRecord, currency: str) -> schemas.RewardOut:
    terms = record.terms
    limit = None
    if terms.per_member is not None:
        limit = schemas.MemberLimitOut(count=terms.per_member, window=terms.per_member_window.value)
    return schemas.RewardOut(
        id=record.id,
        program_id=record.program_id,
        key=record.key,
        state=RewardState(record.state),
        kind=terms.kind.value,
        title=_texts(terms.title),
        description=_texts(terms.description) if terms.description else None,
        image_url=terms.image_url,
        currency=currency,
        steps=[schemas.StepOut(**asdict(step)) for step in terms.steps],
        stock=terms.stock,
        left=None if terms.stock is None else max(0, terms.stock - record.claimed_count),
        claimed=record.claimed_count,
        limit_per_member=limit,
        available_from=_time(terms.from_ms),
        available_until=_time(terms.until_ms),
        tiers=list(terms.tiers),
        voucher_days=terms.voucher_days,
        voucher_uses=terms.voucher_uses,
        cancel_within_hours=terms.cancel_within_hours,
        sku=terms.sku,
        charity_id=terms.charity_id,
        place=terms.place,
        starts_at=terms.starts_at,
        created_at=to_rfc3339(record.created_at_ms),
        updated_at=to_rfc3339(record.updated_at_ms),
    )


def reward_changed(result: RewardChanged) -> bytes:
    return to_json(reward(result.reward, result.program.currency))


def reachable(found: Reachable) -> schemas.ReachablePage:
    currency = found.program.currency
    following = found.following
    return schemas.ReachablePage(
        member_id=found.member.id,
        available=found.member.available_points,
        next=_reach(following, currency) if following else None,
        data=[_reach(each, currency) for each in found.rewards],
        has_more=False,
    )


def claim_changed(result: ClaimChanged, base_url: str = "/") -> bytes:
    row = result.claim
    shown = _claim(row, ClaimState(row["state"]), result.terms, result.points)
    ticket = None
    if result.voucher is not None:
        ticket = voucher(result.voucher, result.code, result.now_ms)
    answer = schemas.ClaimAnswer(
        **shown,
        currency=result.program.currency,
        voucher=ticket,
        receipt=_receipt(row, result.terms, result.charity, result.program.currency),
        restored_points=result.restored_points,
        operation_ids=list(result.operation_ids),
        balance=balance_summary(result.member),
        settlement=settlement_summary(result.operation_ids),
        confirmation=confirmation(result.confirmation, row["expires_at_ms"], base_url),
    )
    return to_json(answer)


def claim(read: ClaimRead, now_ms: int) -> schemas.ClaimOut:
    currency = read.program.currency
    return schemas.ClaimOut(
        **_claim(read.claim, read.state, read.terms, read.claim["points"]),
        currency=currency,
        voucher=voucher(read.voucher, read.code, now_ms) if read.voucher else None,
        receipt=_receipt(read.claim, read.terms, read.charity, currency),
    )


def grant(row: Row) -> schemas.MemberGrantOut:
    return schemas.MemberGrantOut(
        id=row["id"],
        program_id=row["program_id"],
        member_id=row["member_id"],
        reward=row["reward"],
        rule=row["rule"],
        text=row["text"],
        quantity=row["quantity"],
        claimed=row["claimed_count"],
        status=grant_state(row),
        source_id=row["source_id"],
        created_at=to_rfc3339(row["created_at_ms"]),
    )


def charity(row: Row) -> schemas.CharityOut:
    return schemas.CharityOut(
        id=row["id"],
        program_id=row["program_id"],
        name=row["name"],
        registration=row["registration"],
        url=row["url"],
        listed=row["listed"],
        receipts=row["receipt_count"],
        donated_minor=row["donated_minor"],
        created_at=to_rfc3339(row["created_at_ms"]),
    )


def charity_changed(row: Row) -> bytes:
    return to_json(charity(row))


def _reach(each: Reach, currency: str) -> schemas.ReachOut:
    return schemas.ReachOut(
        reward=reward(each.reward, currency),
        reachable=each.reachable,
        closed_for=each.refusal,
        missing_points=each.missing_points,
    )


def _claim(row: Row, state: ClaimState, terms: RewardTerms, points: int) -> dict[str, Any]:
    granted = state in (ClaimState.GRANTED, ClaimState.FULFILLED)
    return {
        "id": row["id"],
        "reward_id": row["reward_id"],
        "program_id": row["program_id"],
        "member_id": row["member_id"],
        "step_id": row["step_id"],
        "kind": terms.kind.value,
        "title": _texts(terms.title),
        "points": points,
        "cash_minor": row["cash_minor"],
        "status": state.value,
        "created_at": to_rfc3339(row["created_at_ms"]),
        "expires_at": to_rfc3339(row["expires_at_ms"]),
        "granted_at": _time(row["granted_at_ms"]),
        "redemption_id": row["redemption_id"],
        "grant_id": row["grant_id"],
        "content_url": terms.content_url if granted else None,
    }


def _receipt(
    row: Row, terms: RewardTerms, given_to: Row | None, currency: str
) -> schemas.DonationReceiptOut | None:
    if row["receipt_no"] is None or given_to is None or terms.kind is not RewardKind.DONATION:
        return None
    step: Step = terms.step(row["step_id"])
    return schemas.DonationReceiptOut(
        number=f"{given_to['id'][-8:].upper()}-{row['receipt_no']:06d}",
        charity_id=given_to["id"],
        charity=given_to["name"],
        registration=given_to["registration"],
        amount_minor=step.value or 0,
        currency=currency,
        issued_at=to_rfc3339(row["granted_at_ms"]),
    )


def _texts(texts: Mapping[str, str]) -> schemas.TextsOut:
    return schemas.TextsOut(en=texts["en"], fr=texts["fr"])


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else to_rfc3339(at_ms)
