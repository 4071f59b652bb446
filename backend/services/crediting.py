"""Crediting: staging what a purchase or an event was judged to earn."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from backend.core.canonical import canonical_json
from backend.core.engine.outcome import Credit, Evaluation
from backend.core.engine.standing import Standing
from backend.core.operations import Kind
from backend.ledger.earning_state import WAITING
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.rule_tables import PendingPoints
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.judge_tier import judge_gain

Row = dict[str, Any]


def credit(
    work: UnitOfWork,
    program: ProgramState,
    member: MemberState,
    evaluation: Evaluation,
    kind: Kind,
    source_id: str,
    details: Row,
) -> tuple[str, ...]:
    """Journals the points that are the member's at once, stages those that wait, and keeps what
    is remembered, the tier that follows from it included; the operations' ids. `details` go into
    the receipt, with the rules' hash and the reasons; they say when it happened."""
    rules = work.state.earning.rules[program.id]
    operation_ids: tuple[str, ...] = ()
    if points := evaluation.points_now:
        receipt = {
            **details,
            "rule_hash": rules.hash,
            "reasons": [
                [each.rule, each.points, each.text]
                for each in evaluation.credits
                if each.pending is None
            ],
        }
        operation_ids = (work.stage_operation(kind, member, points, source_id, receipt),)
    for each in evaluation.credits:
        if each.pending is not None and each.points:
            stage_pending(work, program, member, source_id, each, rules.hash)
    if rules.remembers:
        remember(work, member, evaluation.standing)
        work.use_campaigns(program.id, evaluation.campaign_used)
        at_ms = details["occurred_at_ms"]
        judge_gain(work, program, member, evaluation.standing, at_ms, source_id)
    return operation_ids


def remember(work: UnitOfWork, member: MemberState, standing: Standing) -> None:
    """Keeps what the program remembers of the member from now on."""
    member.standing = standing.to_json()
    work.touch_standing(member)


def stage_pending(
    work: UnitOfWork,
    program: ProgramState,
    member: MemberState,
    source_id: str,
    earned: Credit,
    rules_hash: str,
) -> None:
    """Points that the member sees coming, of no balance and not on chain."""
    release = earned.pending
    on = release.on if release else None
    row: Row = {
        "id": work.new_id("pen"),
        "program_id": program.id,
        "member_id": member.id,
        "source_id": source_id,
        "rule": earned.rule,
        "text": earned.text,
        "points": earned.points,
        "cancelled_points": 0,
        "line_points": canonical_lines(earned.line_points),
        "campaign": earned.campaign,
        "rules_hash": rules_hash,
        "state": WAITING,
        "release_at_ms": midnight_ms(on, program.timezone) if on else None,
        "release_event": release.event if release else None,
        "created_at_ms": work.now_ms,
    }
    work.stage(PendingPoints, row)
    work.state.earning.pending[row["id"]] = row
    member.pending_points += earned.points
    work.touch_balance(member)


def canonical_lines(line_points: tuple[int, ...]) -> str | None:
    """The points of each line as text; None without lines."""
    return ",".join(map(str, line_points)) if line_points else None


def midnight_ms(day: date, timezone: str) -> int:
    """When the day begins in the zone, in UTC milliseconds."""
    begins = datetime.combine(day, time(), tzinfo=ZoneInfo(timezone))
    return int(begins.timestamp()) * 1000


def credits_document(evaluation: Evaluation, **more: object) -> str:
    """What was judged, as it is kept: every credit by rule and line, grants, and `more`."""
    document: Row = {
        "basis_minor": evaluation.basis_minor,
        "credits": [_credit_document(each) for each in evaluation.credits],
        **more,
    }
    if evaluation.grants:
        document["grants"] = [
            {"rule": g.rule, "reward": g.reward, "quantity": g.quantity, "text": g.text}
            for g in evaluation.grants
        ]
    return canonical_json(document).decode()


def _credit_document(earned: Credit) -> Row:
    document: Row = {"rule": earned.rule, "points": earned.points, "text": earned.text}
    if earned.line_points:
        document["line_points"] = list(earned.line_points)
    if earned.campaign is not None:
        document["campaign"] = earned.campaign
    if earned.pending is not None:
        document["pending"] = True
    return document
