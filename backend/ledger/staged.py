"""The changes a group of commands has staged, and the statements that send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, delete

from backend.ledger.bulk import insert_rows, update_rows
from backend.ledger.columns import table_of
from backend.ledger.earning_state import EarningState
from backend.ledger.load_statements import LOT_NAMES
from backend.ledger.loading import Loaded, MemberState
from backend.ledger.metadata import metadata
from backend.ledger.rule_tables import (
    CampaignUse,
    MemberStanding,
)
from backend.ledger.tables import (
    Balance,
    ProgramTotals,
    Redemption,
)
from backend.ledger.tier_tables import Subscription

Row = dict[str, Any]

# Parents before children, as the foreign keys ask.
_INSERT_ORDER = {table: place for place, table in enumerate(metadata.sorted_tables)}
_BALANCES, _TOTALS = table_of(Balance), table_of(ProgramTotals)
_REDEMPTIONS, _STANDINGS = table_of(Redemption), table_of(MemberStanding)
_CAMPAIGNS = table_of(CampaignUse)
_SUBSCRIPTIONS = table_of(Subscription)


@dataclass(slots=True)
class Staged:
    """What a group of commands will write, in memory until its end."""

    inserts: dict[Table, list[Row]] = field(default_factory=dict)
    touched_balances: set[str] = field(default_factory=set)
    touched_programs: set[str] = field(default_factory=set)
    touched_standings: set[str] = field(default_factory=set)
    touched_campaigns: set[tuple[str, str]] = field(default_factory=set)
    touched_subscriptions: set[str] = field(default_factory=set)
    redemption_updates: list[Row] = field(default_factory=list)
    deletes: list[tuple[Table, Row]] = field(default_factory=list)
    updates: dict[tuple[Table, tuple[str, ...]], dict[tuple[Any, ...], Row]] = field(
        default_factory=dict
    )

    def update(self, table: Table, row: Row) -> None:
        """Sets columns of a row found by its primary key; the last one staged counts."""
        key = tuple([row[column.name] for column in table.primary_key.columns])
        self.updates.setdefault((table, tuple(row)), {})[key] = row

    def flush(self, connection: Connection, state: Loaded) -> None:
        """Sends every staged change, a few statements for the whole group."""
        for table in sorted(self.inserts, key=_INSERT_ORDER.__getitem__):
            insert_rows(connection, table, self.inserts[table])
        balances = [_balance_row(state.members[member_id]) for member_id in self.touched_balances]
        update_rows(connection, _BALANCES, balances)
        standings = [_standing_row(state.members[each]) for each in self.touched_standings]
        update_rows(connection, _STANDINGS, standings)
        subscriptions = [state.subscriptions[each] for each in self.touched_subscriptions]
        update_rows(connection, _SUBSCRIPTIONS, subscriptions)
        totals = [
            {"program_id": program_id, **state.programs[program_id].totals()}
            for program_id in self.touched_programs
        ]
        update_rows(connection, _TOTALS, totals)
        update_rows(connection, _REDEMPTIONS, self.redemption_updates)
        self._flush_campaigns(connection, state.earning)
        for (table, _), rows in self.updates.items():
            update_rows(connection, table, list(rows.values()))
        for table, key in self.deletes:
            connection.execute(
                delete(table).where(*(table.c[name] == value for name, value in key.items()))
            )

    def _flush_campaigns(self, connection: Connection, earning: EarningState) -> None:
        """Writes what campaigns have used: new rows of those that were never used."""
        used = {key: earning.campaign_used[key[0]][key[1]] for key in self.touched_campaigns}
        rows = [
            {"program_id": program_id, "campaign": campaign, "used_points": points}
            for (program_id, campaign), points in sorted(used.items())
        ]
        stored = earning.stored_campaigns
        known = [row for row in rows if (row["program_id"], row["campaign"]) in stored]
        insert_rows(connection, _CAMPAIGNS, [row for row in rows if row not in known])
        update_rows(connection, _CAMPAIGNS, known)
        stored |= used.keys()


def _balance_row(member: MemberState) -> Row:
    lots = dict(zip(LOT_NAMES, member.word.buckets, strict=True))
    return {
        "member_id": member.id,
        "points": member.points,
        "period": member.word.period,
        **lots,
        "pending_points": member.pending_points,
        "debt_points": member.debt_points,
    }


def _standing_row(member: MemberState) -> Row:
    return {
        "member_id": member.id,
        "document": member.standing,
        "tier_id": member.tier_id,
        "tier_since_ms": member.tier_since_ms,
        "tier_until_ms": member.tier_until_ms,
        "tier_policy": member.tier_policy,
        "tier_document": member.tier_document,
        "badge_wanted": member.badge_wanted,
        "badge_due": member.badge_due,
    }
