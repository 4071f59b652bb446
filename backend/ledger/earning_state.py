"""What a group of commands knows to judge purchases and events, beside members and programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from backend.core.engine.rule_set import RuleSet

Row = dict[str, Any]

WAITING: Final = "pending"
"""The state of pending points that were neither released nor cancelled."""


@dataclass(slots=True)
class EarningState:
    """Everything by its key. `rules` has the wanted programs only, with the number of their
    version in `rules_version`: what is published in a group judges from the next one on.
    `stored_campaigns` are those (program, campaign) that have a row, `past` the purchases of
    members never judged yet. Codes and referrals are by member; `rewarded_count` is how many
    friends a member was rewarded for, `sealed_identities` wrapped keys and what they seal."""

    rules: dict[str, RuleSet] = field(default_factory=dict)
    rules_version: dict[str, int | None] = field(default_factory=dict)
    campaign_used: dict[str, dict[str, int]] = field(default_factory=dict)
    stored_campaigns: set[tuple[str, str]] = field(default_factory=set)
    past: dict[str, list[Row]] = field(default_factory=dict)
    pending: dict[str, Row] = field(default_factory=dict)
    versions: dict[str, dict[int, Row]] = field(default_factory=dict)
    events: dict[tuple[str, str], str] = field(default_factory=dict)
    codes: dict[tuple[str, str], str] = field(default_factory=dict)
    codes_of: dict[str, str] = field(default_factory=dict)
    referrals: dict[str, Row] = field(default_factory=dict)
    rewarded_count: dict[str, int] = field(default_factory=dict)
    bought: set[str] = field(default_factory=set)
    sealed_identities: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)

    def waiting(self, source_id: str) -> list[Row]:
        """The pending points that this purchase or event gave and that still wait."""
        rows = [row for row in self.pending.values() if row["source_id"] == source_id]
        return [row for row in rows if row["state"] == WAITING]
