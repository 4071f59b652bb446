"""Members' badges, as the calls that issue and revoke them tell: no table says it again.

Whatever changes a member's badges holds the lock on the program's totals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from backend.core import badges as core
from backend.core.calls import CallKind
from backend.core.lifecycle import SettlementState
from backend.ledger import calls
from backend.ledger.call_tables import ChainCall
from backend.ledger.calls import CallRecord
from backend.ledger.columns import table_of
from backend.ledger.tables import Member, ProgramTotals

_CALLS, _MEMBERS, _TOTALS = table_of(ChainCall), table_of(Member), table_of(ProgramTotals)
_KINDS = [str(CallKind.ISSUE_BADGES), str(CallKind.REVOKE_BADGES)]


@dataclass(frozen=True, slots=True)
class BadgeRecord:
    """A badge: the call that issued it where it is now, and the one that takes it back.

    `since_ms` is when it was first given, before any move to another address.
    """

    id: str
    contract: str
    token: int
    since_ms: int
    issue: CallRecord
    revocation: CallRecord | None

    @property
    def is_held(self) -> bool:
        """Whether it is the member's, or on its way to be."""
        return self.revocation is None and self.issue.state is not SettlementState.PARKED


def badge_arguments(badge_id: str, contract: str, token: int) -> dict[str, Any]:
    """The arguments of a call that issues or revokes one badge; `contract` is 0x hex."""
    return {"badge_id": badge_id, "contract": contract, "token_ids": [f"0x{token:064x}"]}


def badges_of(connection: Connection, member_id: str) -> list[BadgeRecord]:
    """All badges of a member, those that are over included, in the order they were given."""
    issues: dict[str, list[tuple[dict[str, Any], CallRecord]]] = {}
    revocations: dict[tuple[str, int], CallRecord] = {}
    for record, said in calls.records_of_member(connection, member_id, _KINDS):
        if record.kind is CallKind.ISSUE_BADGES:
            issues.setdefault(said["badge_id"], []).append((said, record))
        else:
            revocations[said["badge_id"], _token(said)] = record
    found = []
    for badge_id, issued in issues.items():
        # A move revokes one token and issues another: of several at most one is not revoked, and
        # no clock is asked which.
        standing = [one for one in issued if (badge_id, _token(one[0])) not in revocations]
        said, latest = (standing or issued)[-1]
        token = _token(said)
        found.append(
            BadgeRecord(
                id=badge_id,
                contract=said["contract"],
                token=token,
                since_ms=min(record.created_at_ms for _, record in issued),
                issue=latest,
                revocation=revocations.get((badge_id, token)),
            )
        )
    return sorted(found, key=lambda badge: (badge.since_ms, badge.id))


def move_badges(
    connection: Connection, slot_id: str, now_ms: int, new_id: Callable[[str], str]
) -> int:
    """After a final rebind in this slot: badges are taken from the old address and issued at the
    member's own. Returns how many; a second time there is nothing left to move."""
    rebound = select(_CALLS.c.member_id, _CALLS.c.program_id, _MEMBERS.c.address).join(
        _MEMBERS, _MEMBERS.c.id == _CALLS.c.member_id
    )
    rows = connection.execute(
        rebound.where(_CALLS.c.settlement_tx_id == slot_id, _CALLS.c.kind == str(CallKind.REBIND))
    ).all()
    count = 0
    for member_id, program_id, address in rows:
        _lock(connection, program_id)
        member = bytes.fromhex(address[2:])
        for badge in badges_of(connection, member_id):
            if not badge.is_held or core.holder(badge.token) == member:
                continue
            count += 1
            there = core.moved(badge.token, member)
            for kind, token in (
                (CallKind.REVOKE_BADGES, badge.token),
                (CallKind.ISSUE_BADGES, there),
            ):
                said = badge_arguments(badge.id, badge.contract, token)
                row = calls.call_row(
                    new_id("cal"), program_id, kind, said, now_ms, member_id=member_id
                )
                calls.insert_call(connection, row)
    return count


def _lock(connection: Connection, program_id: str) -> None:
    connection.execute(
        select(_TOTALS.c.program_id).where(_TOTALS.c.program_id == program_id).with_for_update()
    ).all()


def _token(said: Mapping[str, Any]) -> int:
    """A call that was made here is about one badge."""
    (token,) = said["token_ids"]
    return int(token, 16)
