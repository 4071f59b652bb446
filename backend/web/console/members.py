"""Members: find one, list them, and everything that happened to one."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi.responses import Response

from backend.core.errors import MereauError, UnknownMember
from backend.core.identifiers import IdentifierKind
from backend.core.masking import masked
from backend.core.operations import Kind
from backend.core.roles import Permission
from backend.ledger.operations import OperationRecord
from backend.services.find_member import FoundMember
from backend.services.list_members import Order, list_members
from backend.services.read_adjustments import adjustments_of
from backend.services.read_history import read_history
from backend.services.read_membership import read_changes
from backend.services.read_operation import read_statuses
from backend.services.read_rewards import list_claims
from backend.services.read_sales import page_of
from backend.services.read_tier import read_tier_changes
from backend.services.recognise_member import search_member
from backend.web.console import frame, members_do
from backend.web.console.adjustment_words import REASONS, STATES
from backend.web.console.member_words import (
    CHANGES,
    CLAIM_STATES,
    KINDS,
    REDEMPTION_STATES,
    TIER_REASONS,
    VIEWS,
)
from backend.web.console.till_member import AtTill, at_till, called, show
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

ROWS: Final = 20
TIER_CHANGES_MAX: Final = 200
NOBODY: Final = marked("Nobody in this program is known by this.")
_PLACE: Final = "/console/p/{program_id}/members"


def install(site: Site) -> None:
    site.get(_PLACE, _list, Permission.MEMBERS)
    site.post(f"{_PLACE}/find", _find, Permission.MEMBERS)
    site.get(f"{_PLACE}/{{member_id}}", _show, Permission.MEMBERS)
    members_do.install(site, f"{_PLACE}/{{member_id}}")


async def _list(page: Page, status: int = 200) -> Response:
    order: Order = "points" if page.query("order") == "points" else "newest"
    found = await list_members(
        page.house, page.merchant_id, page.here.id, order, ROWS, page.query("after")
    )
    names = [called(FoundMember(each.record, each.identity)) for each in found.members]
    return await show(
        page, "members/list.html", status,
        members=list(zip(found.members, names, strict=True)), order=order, after=found.after,
    )  # fmt: skip


async def _find(page: Page) -> Response:
    text = page.form.text("who", max_length=254)
    if not page.form.ok:
        return await _list(page, 422)
    here = page.here
    try:
        member_id = await search_member(page.house, page.merchant_id, here.id, text, here.timezone)
    except MereauError as refusal:
        said = NOBODY if isinstance(refusal, UnknownMember) else page.tongue.problem(refusal)
        page.form.refuse("who", said)
        return await _list(page, 404)
    return page.redirect(frame.place(page, f"/members/{member_id}"))


async def _show(page: Page) -> Response:
    member = await at_till(page, page.path("member_id"))
    view = page.query("view") if page.query("view") in VIEWS else "movements"
    rows, after = await _READS[view](page, member)
    return await show(
        page, "members/member.html",
        member=member, known_by=_known_by(page, member), view=view, views=VIEWS, rows=rows,
        after=after, tier=member.standing, words=_words(page, member.standing.policy),
        may_change=page.may(Permission.ADJUST),
    )  # fmt: skip


def _known_by(page: Page, member: AtTill) -> list[tuple[str, str]]:
    """Kind and value of everything the member is known by; a cashier sees enough to compare."""
    whole = page.may(Permission.FIGURES)
    return [
        (kind.value, value if whole else masked(kind, value))
        for kind in IdentifierKind
        for value in member.found.identity.get(kind.value, ())
    ]


def _words(page: Page, policy: Any) -> dict[str, Any]:
    french = page.tongue.language == "fr"
    tiers = {each.id: each.french if french else each.english for each in policy.levels}
    return {
        "kinds": KINDS, "changes": CHANGES, "claims": CLAIM_STATES, "reasons": REASONS,
        "redemptions": REDEMPTION_STATES, "states": STATES, "tier_reasons": TIER_REASONS,
        "tiers": tiers,
    }  # fmt: skip


Rows = tuple[list[Any], str | None]


def _cursor(page: Page) -> str | None:
    return page.query("after")[:64] or None


async def _movements(page: Page, member: AtTill) -> Rows:
    """Every operation with its reasons and how far it is on its way to the chain."""
    read = await read_history(page.house, page.merchant_id, member.id, ROWS, _cursor(page))
    statuses = await read_statuses(page.house, read.records)
    rows = [
        (record, {"status": statuses[record.operation_id], "waiting": None}, _reasons(record))
        for record in read.records
    ]
    return rows, read.records[-1].operation_id if read.has_more else None


def _reasons(record: OperationRecord) -> list[tuple[str, int, str]]:
    """Rule, points and text of each; of an adjustment the text is ours to say."""
    found = json.loads(record.details).get("reasons", ())
    said = []
    for rule, points, text in found:
        code = rule.partition(":")[2]
        by_hand = record.kind in (Kind.ADJUST_CREDIT, Kind.ADJUST_DEBIT) and code in REASONS
        said.append((rule, points, REASONS[code] if by_hand else text))
    return said


async def _sales(page: Page, member: AtTill, kind: str) -> Rows:
    rows, more = await page_of(page.house, page.merchant_id, member.id, kind, ROWS, _cursor(page))
    return rows, rows[-1]["id"] if more else None


async def _purchases(page: Page, member: AtTill) -> Rows:
    return await _sales(page, member, "purchases")


async def _redemptions(page: Page, member: AtTill) -> Rows:
    return await _sales(page, member, "redemptions")


async def _returns(page: Page, member: AtTill) -> Rows:
    return await _sales(page, member, "returns")


async def _rewards(page: Page, member: AtTill) -> Rows:
    rows, more = await list_claims(page.house, page.merchant_id, member.id, ROWS, _cursor(page))
    return rows, rows[-1].claim["id"] if more else None


async def _tiers(page: Page, member: AtTill) -> Rows:
    found = await read_tier_changes(page.house, page.merchant_id, member.id, TIER_CHANGES_MAX, None)
    return list(reversed(found)), None


async def _changes(page: Page, member: AtTill) -> Rows:
    return await read_changes(page.house, page.merchant_id, member.id), None


async def _adjustments(page: Page, member: AtTill) -> Rows:
    rows, more = await adjustments_of(page.house, page.merchant_id, member.id, ROWS, _cursor(page))
    return rows, rows[-1]["id"] if more else None


_READS: Final = {
    "movements": _movements,
    "purchases": _purchases,
    "redemptions": _redemptions,
    "rewards": _rewards,
    "returns": _returns,
    "adjustments": _adjustments,
    "tiers": _tiers,
    "life": _changes,
}
