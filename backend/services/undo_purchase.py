"""Undo, for the part of a purchase that is returned, what the program remembers of it."""

from __future__ import annotations

import json
from typing import Any, Final

from backend.core.engine.context import month_key
from backend.core.engine.contribution import Contribution, Undone, undo
from backend.core.engine.moment import Moment
from backend.core.engine.standing import Standing
from backend.core.returned_parts import Back, Sold, figures, is_complete
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.crediting import remember
from backend.services.judge_tier import judge_after, judge_anew
from backend.services.stage_grants import claimed_rules

Row = dict[str, Any]
MADE: Final = "made"
"""Where the document of a purchase has what it changed in the member's standing."""


def undo_purchase(
    work: UnitOfWork,
    member: MemberState,
    purchase: Row,
    sold: Sold,
    before: Back,
    after: Back,
    return_id: str,
) -> None:
    """The member's standing, the tier that follows from it and the budgets of campaigns, once
    `after` of the purchase is back where `before` was. Rules that never judged the member have
    nothing to undo: they will count what is left of the purchases."""
    document = json.loads(purchase["document"]) if purchase["document"] else {}
    was, now = _undone(sold, before), _undone(sold, after)
    _give_budgets_back(work, purchase["program_id"], document, was, now)
    if member.standing is None:
        # Whatever was derived in this group already is derived anew.
        work.state.earning.past.pop(member.id, None)
        judge_anew(work, member)
        return
    program = work.state.programs[purchase["program_id"]]
    # Points that a rule gave were taken back; a reward that was claimed is in somebody's hands.
    rewarded = claimed_rules(work, purchase["id"]) if document.get("grants") else set()
    made = _contribution(program, purchase, document).without(rewarded)
    standing = undo(Standing.from_json(member.standing), made, was, now)
    remember(work, member, standing)
    judge_after(work, program, member, standing, return_id)


def _contribution(program: ProgramState, purchase: Row, document: Row) -> Contribution:
    """What was noted; of a purchase that no rules judged, what `past` counted of it."""
    if (noted := document.get(MADE)) is not None:
        return Contribution.from_document(noted)
    day = Moment.at(purchase["occurred_at_ms"], program.timezone).day
    return Contribution(
        month=month_key(day),
        basis_minor=purchase["amount_minor"],
        points=purchase["points"],
        purchases=1,
    )


def _undone(sold: Sold, back: Back) -> Undone:
    so_far = figures(sold, back)
    return Undone(
        points=so_far.points,
        of_points=sold.points,
        value_minor=so_far.value_minor,
        of_minor=sold.amount_minor,
        complete=is_complete(sold, back),
    )


def _give_budgets_back(
    work: UnitOfWork, program_id: str, document: Row, was: Undone, now: Undone
) -> None:
    """Points that are taken back are no longer of a campaign's budget."""
    budgets = work.state.earning.campaign_used.get(program_id)
    if not budgets:
        return
    used = dict(budgets)
    for credit in document.get("credits", ()):
        if (campaign := credit.get("campaign")) in used:
            points = now.share_of_points(credit["points"]) - was.share_of_points(credit["points"])
            used[campaign] = max(0, used[campaign] - points)
    work.use_campaigns(program_id, used)
