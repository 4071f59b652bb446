"""Members as of now: older by the periods gone by, without what expired meanwhile."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection

from backend.ledger.loading import Loaded, MemberState
from backend.ledger.rebase import rebased


def age(loaded: Loaded, now_ms: int) -> dict[str, list[str]]:
    """Ages every loaded member whose program is loaded, by one shift each.

    Those of whom points expire, or a hold ran out that had kept expired ones, are left as they are
    and returned by program: their lots follow from their history.
    """
    expiring: dict[str, list[str]] = defaultdict(list)
    periods = {
        program.id: (program.calendar, program.calendar.period_at(now_ms // 1000))
        for program in loaded.programs.values()
    }
    for member in loaded.members.values():
        if member.program_id not in periods:
            continue
        calendar, period = periods[member.program_id]
        if member.run_out_points:
            expiring[member.program_id].append(member.id)
            continue
        if member.word.period >= period:
            continue
        if (aged := member.word.aged(calendar, period)).balance == member.word.balance:
            member.word = aged
        else:
            expiring[member.program_id].append(member.id)
    return expiring


def foresee(
    connection: Connection, loaded: Loaded, expiring: dict[str, list[str]], now_ms: int
) -> None:
    """Shows those members as `rebase` would leave them, without writing anything."""
    for program_id, member_ids in expiring.items():
        program = loaded.programs[program_id]
        for member_id, plan in rebased(connection, program.calendar, member_ids, now_ms).items():
            member: MemberState = loaded.members[member_id]
            member.word = plan.projection.word
            member.points -= plan.lapsing_points
            member.covered_points, member.run_out_points = plan.covered_points, 0
