"""What campaigns have given, and whom they reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, or_, select, update

from backend.ledger.columns import table_of
from backend.ledger.rule_tables import CampaignUse
from backend.ledger.tables import Purchase

_USES, _PURCHASES = table_of(CampaignUse), table_of(Purchase)
_ESCAPE: Final = "\\"


@dataclass(frozen=True, slots=True)
class Use:
    """What a campaign gave; `members_reached` is None until it was counted first."""

    program_id: str
    campaign: str
    used_points: int
    members_reached: int | None


def campaign_uses(connection: Connection, program_id: str) -> dict[str, Use]:
    """By campaign."""
    found = select(
        _USES.c.program_id, _USES.c.campaign, _USES.c.used_points, _USES.c.members_reached
    ).where(_USES.c.program_id == program_id)
    return {row.campaign: Use(**row._mapping) for row in connection.execute(found)}


def uncounted_uses(connection: Connection) -> list[Use]:
    """Campaigns that gave points since their members were counted."""
    found = select(
        _USES.c.program_id, _USES.c.campaign, _USES.c.used_points, _USES.c.members_reached
    ).where(
        _USES.c.used_points > 0,
        or_(_USES.c.counted_points.is_(None), _USES.c.counted_points != _USES.c.used_points),
    )
    ordered = found.order_by(_USES.c.program_id, _USES.c.campaign)
    return [Use(**row._mapping) for row in connection.execute(ordered)]


def count_reached(connection: Connection, program_id: str, campaign: str) -> int:
    """How many members have a purchase with points of the campaign; reads every purchase."""
    # Ids are small letters, digits and three signs, of which LIKE knows one.
    named = campaign.replace("_", f"{_ESCAPE}_")
    pattern = f'%"campaign":"{named}"%'
    counted = select(func.count(func.distinct(_PURCHASES.c.member_id))).where(
        _PURCHASES.c.program_id == program_id,
        _PURCHASES.c.document.like(pattern, escape=_ESCAPE),
    )
    return connection.execute(counted).scalar_one()


def note_reached(connection: Connection, use: Use, members: int) -> None:
    """Keeps what was counted when so many points were used."""
    connection.execute(
        update(_USES)
        .where(_USES.c.program_id == use.program_id, _USES.c.campaign == use.campaign)
        .values(members_reached=members, counted_points=use.used_points)
    )
