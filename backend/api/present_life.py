"""Turns what happens in members' lives into the API's answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.api import life_models as models
from backend.api.fields import to_rfc3339
from backend.api.present import balance_summary, identifiers_shown, settlement_summary, to_json
from backend.core.membership import MembershipState
from backend.ledger.lives import LifeStep
from backend.ledger.loading import MemberState
from backend.services.change_identifiers import IdentityChanged
from backend.services.close_member import MembershipClosed
from backend.services.merge_members import MembersMerged
from backend.services.qr_codes import NewCard, QrCode
from backend.services.read_membership import Membership
from backend.services.replace_card import CardReplaced


def identity(result: IdentityChanged) -> bytes:
    known: Mapping[str, Any] = identifiers_shown(result.identity)
    return to_json(models.IdentityOut(member_id=result.member.id, **known))


def card_replaced(result: CardReplaced) -> bytes:
    return to_json(
        models.CardReplacedOut(
            member_id=result.member.id,
            card=result.card,
            blocked_cards=result.blocked_count,
            rebind_call_id=result.rebind_call_id,
            rebind_refused=result.rebind_refused,
            balance=balance_summary(result.member),
        )
    )


def state(member: MemberState) -> bytes:
    return to_json(
        models.StateOut(
            member_id=member.id,
            state=MembershipState(member.state).value,
            merged_into=member.merged_into,
            balance=balance_summary(member),
        )
    )


def closed(result: MembershipClosed) -> bytes:
    return to_json(
        models.ClosedOut(
            member_id=result.member.id,
            state="closed",
            balance=balance_summary(result.member),
            forfeited_points=result.forfeited_points,
            kept_points=result.kept_points,
            erased=result.erased,
            operation_ids=list(result.operation_ids),
            settlement=settlement_summary(result.operation_ids),
        )
    )


def merged(result: MembersMerged) -> bytes:
    return to_json(
        models.MergedOut(
            member_id=result.source.id,
            merged_into=result.target.id,
            moved_points=result.moved_points,
            second_welcome_points=result.taken_points,
            operation_ids=list(result.operation_ids),
            balance=balance_summary(result.target),
            settlement=settlement_summary(result.operation_ids),
        )
    )


def qr(member_id: str, code: QrCode) -> models.QrOut:
    return models.QrOut(
        member_id=member_id, qr=code.text, expires_at=to_rfc3339(code.expires_at_ms)
    )


def cards(program_id: str, made: list[NewCard]) -> models.CardsOut:
    shown = [models.NewCardOut(number=card.number, qr=card.qr) for card in made]
    return models.CardsOut(program_id=program_id, cards=shown)


def memberships(found: list[Membership]) -> models.MembershipsOut:
    data = [
        models.MembershipOut(
            member_id=one.member_id,
            program_id=one.program_id,
            program_name=one.program_name,
            state=MembershipState(one.state).value,
            available=one.available_points,
        )
        for one in found
    ]
    return models.MembershipsOut(data=data)


def changes(steps: list[LifeStep]) -> models.ChangesOut:
    data = [
        models.ChangeOut(
            id=step.id,
            kind=step.kind,
            other_member_id=step.other_member_id,
            changed_at=to_rfc3339(step.changed_at_ms),
        )
        for step in steps
    ]
    return models.ChangesOut(data=data)
