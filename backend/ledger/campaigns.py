"""What campaigns have given, and whom they reached."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func, select

from backend.ledger.columns import table_of
from backend.ledger.rule_tables import CampaignUse
from backend.ledger.tables import Purchase

_USES, _PURCHASES = table_of(CampaignUse), table_of(Purchase)
_ESCAPE: Final = "\\"


def campaign_uses(connection: Connection, program_id: str) -> dict[str, int]:
    """Points by campaign."""
    rows = connection.execute(
        select(_USES.c.campaign, _USES.c.used_points).where(_USES.c.program_id == program_id)
    )
    return {row.campaign: row.used_points for row in rows}


def members_reached(connection: Connection, program_id: str, campaign: str) -> int:
    """How many members have a purchase with points of the campaign."""
    # Ids are small letters, digits and three signs, of which LIKE knows one.
    named = campaign.replace("_", f"{_ESCAPE}_")
    pattern = f'%"campaign":"{named}"%'
    counted = select(func.count(func.distinct(_PURCHASES.c.member_id))).where(
        _PURCHASES.c.program_id == program_id,
        _PURCHASES.c.document.like(pattern, escape=_ESCAPE),
    )
    return connection.execute(counted).scalar_one()
