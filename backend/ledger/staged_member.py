"""Staging a new member in a unit of work, with all the rows that every member has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.core.expiry import MemberWord
from backend.ledger.load_statements import LOT_NAMES
from backend.ledger.loading import MemberState
from backend.ledger.rule_tables import MemberStanding
from backend.ledger.tables import Balance, Member, MemberIdentifier, MemberVault
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.vault import SealedMember


def stage_member(
    work: UnitOfWork, row: dict[str, Any], sealed: SealedMember, digests: Sequence[tuple[str, str]]
) -> MemberState:
    """A new member with its vault row, identifier digests (kind, digest) and zero balance."""
    member = MemberState(
        id=row["id"],
        program_id=row["program_id"],
        address=row["address"],
        points=0,
        held_points=0,
        wrapped_key=sealed.wrapped_key,
        created_at_ms=row["created_at_ms"],
    )
    work.stage(Member, row)
    work.stage(
        MemberVault,
        {
            "member_id": member.id,
            "wrapped_key": sealed.wrapped_key,
            "sealed_identity": sealed.sealed_identity,
        },
    )
    for kind, digest in digests:
        key = {"program_id": member.program_id, "kind": kind, "digest": digest}
        work.stage(MemberIdentifier, {**key, "member_id": member.id})
        work.state.identifiers[(member.program_id, kind, digest)] = member.id
    work.stage(
        Balance,
        {
            "member_id": member.id,
            "program_id": member.program_id,
            "points": 0,
            "period": 0,
            **dict.fromkeys(LOT_NAMES, 0),
            "pending_points": 0,
            "debt_points": 0,
        },
    )
    standing = {"member_id": member.id, "program_id": member.program_id, "badge_due": False}
    work.stage(MemberStanding, standing)
    member.word = MemberWord(period=work.period(member.program_id))
    work.state.members[member.id] = member
    work.state.earning.past[member.id] = []
    return member
