"""Turns coalitions, clearing, statements and what expires into the API's answers."""

from __future__ import annotations

from backend.api import coalition_models as models
from backend.api import schemas
from backend.api.fields import to_rfc3339
from backend.api.present import expiring_lot, to_json
from backend.ledger.partners import Partner
from backend.services.change_partners import PartnerChanged
from backend.services.read_clearing import ClearingRead
from backend.services.read_expiring import ExpiringRead
from backend.services.read_statement import StatementRead


def partner(program_id: str, one: Partner) -> models.PartnerOut:
    return models.PartnerOut(
        program_id=program_id,
        merchant_id=one.merchant_id,
        name=one.name,
        earning=_earning(one),
        joined_at=to_rfc3339(one.joined_at_ms),
        left_at=None if one.left_at_ms is None else to_rfc3339(one.left_at_ms),
    )


def _earning(one: Partner) -> schemas.EarningOut | None:
    if one.earn_points is None or one.earn_per_amount_minor is None:
        return None
    return schemas.EarningOut(points=one.earn_points, per_amount_minor=one.earn_per_amount_minor)


def partner_changed(result: PartnerChanged) -> bytes:
    return to_json(partner(result.program_id, result.partner))


def clearing(read: ClearingRead) -> models.ClearingOut:
    accounts = [
        models.ClearingAccountOut(
            merchant_id=merchant_id,
            name=read.names.get(merchant_id),
            opening=account.opening_points,
            issued=account.issued_points,
            taken_back=account.taken_back_points,
            redeemed=account.redeemed_points,
            lapsed=account.lapsed_points,
            closing=account.closing_points,
        )
        for merchant_id, account in sorted(read.clearing.accounts.items())
    ]
    cells = [
        models.ClearingCellOut(issuer=issuer, redeemer=redeemer, points=points)
        for (issuer, redeemer), points in sorted(read.clearing.redeemed.items())
        if points
    ]
    return models.ClearingOut(
        program_id=read.program_id,
        from_=to_rfc3339(read.from_ms),
        to=to_rfc3339(read.to_ms),
        accounts=accounts,
        redeemed=cells,
    )


def statement(read: StatementRead) -> models.StatementOut:
    told = read.statement
    return models.StatementOut(
        member_id=read.member_id,
        program_id=read.program_id,
        from_=to_rfc3339(read.from_ms),
        to=to_rfc3339(read.to_ms),
        opening=told.opening_points,
        earned=told.earned_points,
        redeemed=told.redeemed_points,
        taken_back=told.taken_back_points,
        expired=told.expired_points,
        moved=told.moved_points,
        adjusted=told.adjusted_points,
        closing=told.closing_points,
    )


def expiring(read: ExpiringRead) -> models.ExpiringPage:
    data = [
        models.MemberExpiringOut(
            member_id=one.member_id, expiring=[expiring_lot(lot) for lot in one.lots]
        )
        for one in read.members
    ]
    return models.ExpiringPage(data=data, has_more=read.has_more, next_after=read.next_after)
