"""Read a program's campaigns: their state, what they gave, whom they reached."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from backend.core.campaigns import Campaign, campaigns_of
from backend.core.engine.moment import Moment
from backend.ledger.campaigns import campaign_uses
from backend.services.house import House
from backend.services.read_program import read_program
from backend.services.rule_versions import list_rules


@dataclass(frozen=True, slots=True)
class CampaignsRead:
    """`reached` is how many members, None where they are yet to be counted. `document` is of the
    rules in force, None where the program goes by its own terms."""

    campaigns: list[Campaign]
    reached: Mapping[str, int | None]
    document: dict[str, Any] | None


async def read_campaigns(house: House, merchant_id: str, program_id: str) -> CampaignsRead:
    """Raises UnknownProgram."""
    program = await read_program(house, merchant_id, program_id)
    rows = await list_rules(house, merchant_id, program_id)
    row = next((one for one in rows if one["version"] == program.rules_version), None)
    document = None if row is None else json.loads(row["document"])
    today = Moment.at(house.now_ms(), program.timezone).day

    def read(connection: Connection) -> CampaignsRead:
        uses = campaign_uses(connection, program_id)
        found = campaigns_of(document, {n: use.used_points for n, use in uses.items()}, today)
        reached = {one.id: uses[one.id].members_reached if one.used_points else 0 for one in found}
        return CampaignsRead(found, reached, document)

    return await house.ledger.run(read)
