"""Bulk reads of what judges purchases and events: no statement for what nobody asks."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, tuple_

from backend.ledger.columns import table_of
from backend.ledger.earning_state import WAITING, EarningState, Row
from backend.ledger.return_tables import PurchaseReturn
from backend.ledger.rule_sets import referral_of, rules_of
from backend.ledger.rule_tables import (
    CampaignUse,
    MemberEvent,
    PendingPoints,
    Referral,
    ReferralCode,
    RuleVersion,
)
from backend.ledger.tables import MemberVault, Purchase
from backend.ledger.wants import Wants

if TYPE_CHECKING:
    from backend.ledger.loading import Loaded

_USES, _PENDING, _EVENTS = table_of(CampaignUse), table_of(PendingPoints), table_of(MemberEvent)
_VERSIONS, _VAULT = table_of(RuleVersion), table_of(MemberVault)
_CODES, _REFERRALS = table_of(ReferralCode), table_of(Referral)
_PURCHASES, _RETURNS = table_of(Purchase), table_of(PurchaseReturn)


def load_earning(connection: Connection, wants: Wants, loaded: Loaded) -> set[str]:
    """Reads what is wanted into `loaded.earning`. Returns the members that have to be loaded as
    well: those who brought one of these, and those whose pending points are wanted."""
    state = loaded.earning
    for program_id in sorted(wants.rules_of & loaded.programs.keys()):
        program = loaded.programs[program_id]
        state.rules[program_id] = rules_of(connection, program)
        state.rules_version[program_id] = program.rules_version
    _load_campaigns(connection, state, wants.versions_of)
    judged = [m for m in loaded.members.values() if m.program_id in state.rules]
    unjudged = [m.id for m in judged if m.standing is None and state.rules[m.program_id].remembers]
    state.past = past_purchases(connection, unjudged)
    _load_pending(connection, wants, state)
    for program_id in sorted(wants.versions_of):
        found = select(_VERSIONS).where(_VERSIONS.c.program_id == program_id)
        state.versions[program_id] = {row["version"]: row for row in _rows(connection, found)}
    if wants.events:
        keys = tuple_(_EVENTS.c.program_id, _EVENTS.c.event_key).in_(sorted(wants.events))
        for row in _rows(connection, select(_EVENTS).where(keys)):
            state.events[row["program_id"], row["event_key"]] = row["id"]
    referees = {m.id for m in judged if referral_of(state.rules[m.program_id]) is not None}
    _load_referrals(connection, wants, state, referees)
    more = {row["referrer_id"] for row in state.referrals.values() if row["state"] == "open"}
    return (more | {row["member_id"] for row in state.pending.values()}) - loaded.members.keys()


def past_purchases(connection: Connection, member_ids: Collection[str]) -> dict[str, list[Row]]:
    """What is left of each member's purchases after their returns, in the order they happened."""
    past: dict[str, list[Row]] = {member_id: [] for member_id in member_ids}
    if not past:
        return past
    points = (
        _RETURNS.c.points
        + _RETURNS.c.cancelled_points
        + _RETURNS.c.debt_points
        + _RETURNS.c.forgiven_points
    )
    back = (
        select(
            _RETURNS.c.purchase_id,
            func.sum(_RETURNS.c.value_minor).label("value_minor"),
            func.sum(points).label("points"),
        )
        .where(_RETURNS.c.member_id.in_(sorted(past)))
        .group_by(_RETURNS.c.purchase_id)
        .subquery()
    )
    bought = (
        select(_PURCHASES, back.c.value_minor, back.c.points.label("points_back"))
        .outerjoin(back, back.c.purchase_id == _PURCHASES.c.id)
        .where(_PURCHASES.c.member_id.in_(sorted(past)))
        .order_by(_PURCHASES.c.occurred_at_ms, _PURCHASES.c.id)
    )
    for row in _rows(connection, bought):
        if row["value_minor"] is not None:
            if row["value_minor"] >= row["amount_minor"]:
                continue
            row["amount_minor"] -= int(row["value_minor"])
            row["points"] -= int(row["points_back"])
        past[row["member_id"]].append(row)
    return past


def _load_campaigns(
    connection: Connection, state: EarningState, versions_of: Collection[str]
) -> None:
    """Also of programs whose earlier versions may judge."""
    with_budgets = sorted(
        p for p, rules in state.rules.items() if rules.campaigns or p in versions_of
    )
    if not with_budgets:
        return
    state.campaign_used = {program_id: {} for program_id in with_budgets}
    for row in _rows(connection, select(_USES).where(_USES.c.program_id.in_(with_budgets))):
        state.campaign_used[row["program_id"]][row["campaign"]] = row["used_points"]
        state.stored_campaigns.add((row["program_id"], row["campaign"]))


def _load_pending(connection: Connection, wants: Wants, state: EarningState) -> None:
    ways: list[ColumnElement[bool]] = []
    if wants.pending:
        ways.append(_PENDING.c.id.in_(sorted(wants.pending)))
    if wants.pending_of:
        ways.append(_PENDING.c.source_id.in_(sorted(wants.pending_of)))
    if wants.pending_of_members:
        of_members = _PENDING.c.member_id.in_(sorted(wants.pending_of_members))
        ways.append(and_(of_members, _PENDING.c.state == WAITING))
    if ways:
        for row in _rows(connection, select(_PENDING).where(or_(*ways)).order_by(_PENDING.c.id)):
            state.pending[row["id"]] = row


def _load_referrals(
    connection: Connection, wants: Wants, state: EarningState, referees: Collection[str]
) -> None:
    """Open referrals of those who buy, and everything about those who are to be referred."""
    if wants.codes:
        keys = tuple_(_CODES.c.program_id, _CODES.c.code).in_(sorted(wants.codes))
        for row in _rows(connection, select(_CODES).where(keys)):
            state.codes[row["program_id"], row["code"]] = row["member_id"]
    if wants.codes_of:
        of_members = select(_CODES).where(_CODES.c.member_id.in_(sorted(wants.codes_of)))
        state.codes_of = {row["member_id"]: row["code"] for row in _rows(connection, of_members)}
    if referees or wants.referrals_of:
        is_open = and_(_REFERRALS.c.referee_id.in_(sorted(referees)), _REFERRALS.c.state == "open")
        named = _REFERRALS.c.referee_id.in_(sorted(wants.referrals_of))
        found = select(_REFERRALS).where(or_(is_open, named))
        state.referrals = {row["referee_id"]: row for row in _rows(connection, found)}
    if referrers := sorted({row["referrer_id"] for row in state.referrals.values()}):
        counted = (
            select(_REFERRALS.c.referrer_id, func.count())
            .where(_REFERRALS.c.referrer_id.in_(referrers), _REFERRALS.c.state == "rewarded")
            .group_by(_REFERRALS.c.referrer_id)
        )
        state.rewarded_count = {row[0]: row[1] for row in connection.execute(counted)}
    if wants.referrals_of:
        people = sorted(wants.referrals_of | set(state.codes.values()))
        bought = select(_PURCHASES.c.member_id).where(_PURCHASES.c.member_id.in_(people)).distinct()
        state.bought = set(connection.execute(bought).scalars())
        sealed = select(_VAULT).where(_VAULT.c.member_id.in_(people))
        state.sealed_identities = {
            row["member_id"]: (row["wrapped_key"], row["sealed_identity"])
            for row in _rows(connection, sealed)
        }


def _rows(connection: Connection, statement: Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(statement).mappings()]
