"""Sweep tiers: judge those whose level lapses by itself, or whom other rules judged.

Whoever shops is judged on the way. For everybody else it is done after the program's local
midnight, a slice at a time, so that the till is never kept waiting for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.core.engine.moment import Moment
from backend.core.engine.standing import Standing
from backend.core.tiers import judged
from backend.ledger.bulk import insert_rows, update_rows
from backend.ledger.columns import table_of
from backend.ledger.earning_loading import past_purchases
from backend.ledger.engine import writing
from backend.ledger.programs import locked_program, programs_with_rules
from backend.ledger.rule_sets import rules_of
from backend.ledger.rule_tables import MemberStanding
from backend.ledger.tier_tables import TierChanged
from backend.ledger.tiers import (
    badge_of,
    change_rows,
    members_due,
    standings_of,
    stored_state,
    tier_columns,
)
from backend.services.judge_tier import activity_of, policy_of
from backend.services.judging import standing_from
from backend.services.minute_sweep import MinuteSweep

SLICE_MEMBERS: Final = 200
_STANDINGS, _CHANGES = table_of(MemberStanding), table_of(TierChanged)


@dataclass(slots=True)
class TierSweep(MinuteSweep):
    """Counts members."""

    def do_slice(self, now_ms: int) -> int:
        with self.engine.connect() as connection:
            programs = programs_with_rules(connection)
        return sum(self._judge(program.id, now_ms) for program in programs)

    def _judge(self, program_id: str, now_ms: int) -> int:
        """Judges one slice of a program's members as of today, under the lock that orders its
        writers."""
        with self.engine.connect() as connection:
            [seen] = [one for one in programs_with_rules(connection) if one.id == program_id]
            policy = policy_of(rules_of(connection, seen))
            due = members_due(connection, program_id, policy, now_ms, SLICE_MEMBERS)
        if not due:
            return 0
        with writing(self.engine) as connection:
            program = locked_program(connection, program_id)
            policy = policy_of(rules_of(connection, program))
            today = Moment.at(now_ms, program.timezone).day
            rows = standings_of(connection, due)
            past = past_purchases(connection, [r["member_id"] for r in rows if not r["document"]])
            updates, changes = [], []
            for row in rows:
                member_id = row["member_id"]
                standing = Standing.from_json(row["document"])
                if member_id in past:
                    standing = standing_from(past[member_id], program.timezone)
                current = stored_state(row["tier_document"])
                result = judged(policy, activity_of(standing), today, current)
                wanted = badge_of(policy, result.state.level)
                update = {
                    "member_id": member_id,
                    **tier_columns(result.state, program.timezone),
                    "badge_wanted": wanted,
                    "badge_due": row["badge_due"] or wanted != row["badge_wanted"],
                }
                updates.append(update)
                changes += change_rows(program_id, member_id, result, None, now_ms, self.new_id)
            update_rows(connection, _STANDINGS, updates)
            insert_rows(connection, _CHANGES, changes)
        return len(updates)
