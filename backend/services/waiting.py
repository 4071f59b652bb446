"""Why an accepted operation waits for more than the next block, and when it will settle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from backend.core.lifecycle import SettlementState
from backend.core.limits import WaitReason, settles_on, waiting_for
from backend.ledger import limits
from backend.ledger.operation_status import OperationStatus


@dataclass(frozen=True, slots=True)
class Waiting:
    """`settles_on` is a day of the program's time; None where time alone does not do it."""

    reason: WaitReason
    settles_on: date | None


def waiting_of(connection: Connection, member_id: str, status: OperationStatus) -> Waiting | None:
    """What holds the operation back, or the member's earlier one that it may not overtake.

    None when it is only a matter of seconds, as far as the settler knows.
    """
    if status.state is not SettlementState.ACCEPTED:
        return None
    program_id = status.program_id
    seen = limits.on_chain(connection, [program_id]).get(program_id)
    if seen is None:
        return None
    for one in limits.waiting_of_member(connection, program_id, member_id, status.entry_no):
        reason = waiting_for(one, seen.standing, seen.holds)
        if reason is WaitReason.CLOSING and one.is_credit and one.entry_no < status.entry_no:
            # It never comes, so it holds nothing up.
            continue
        if reason is not None:
            queue = limits.queue_points(
                connection, program_id, credit=one.is_credit, until_entry_no=one.entry_no
            )
            day = None if queue is None else settles_on(reason, queue, seen.standing)
            return Waiting(reason, day)
    return None
