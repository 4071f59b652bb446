"""Show tiers on chain: issue the badge of a member's tier, take back the one of a tier that ended.

What is wanted is compared with what the calls so far have done, under the lock that every change
of a member's badges takes: a badge is issued once, however often this runs or is interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine

from backend.chain.quantities import read_bytes
from backend.core import badges
from backend.core.calls import CallKind
from backend.ledger import calls
from backend.ledger.badges import badge_arguments, badges_of
from backend.ledger.bulk import update_rows
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.members import address_of
from backend.ledger.programs import locked_program
from backend.ledger.rule_tables import MemberStanding
from backend.ledger.tiers import badges_due, standings_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TierBadges:
    """Queues the calls to the LoyaltyBadge `contract` (0x hex)."""

    engine: Engine
    contract: str
    new_id: Callable[[str], str]

    def follow(self, program_id: str, now_ms: int, limit: int) -> int:
        """Brings up to `limit` members of a program in line; how many that were.

        A member whom another call is about waits for it: a rebind changes the address that a
        badge is issued to.
        """
        with self.engine.connect() as connection:
            due = badges_due(connection, program_id, limit)
        if not due:
            return 0
        with writing(self.engine) as connection:
            locked_program(connection, program_id)
            done = [
                {
                    "member_id": row["member_id"],
                    "badge_id": self._follow(connection, row, now_ms),
                    "badge_due": False,
                }
                for row in standings_of(connection, due)
                if calls.open_call_of_member(connection, row["member_id"]) is None
            ]
            update_rows(connection, table_of(MemberStanding), done)
        return len(done)

    def _follow(self, connection: Connection, row: Row, now_ms: int) -> str | None:
        """The id of the badge that shows the member's tier from now on.

        A badge that somebody gave by hand shows a tier as well, and is never taken back here.
        """
        wanted: str | None = row["badge_wanted"]
        number = None if wanted is None else badges.badge_type(wanted).number
        held = [one for one in badges_of(connection, row["member_id"]) if one.is_held]
        shown = None
        for one in held:
            if badges.type_number(one.token) == number:
                shown = one.id
            elif one.id == row["badge_id"]:
                said = badge_arguments(one.id, one.contract, one.token)
                self._ask(connection, row, CallKind.REVOKE_BADGES, said, now_ms)
        if shown is not None or number is None:
            return shown if shown == row["badge_id"] else None
        badge_id = self.new_id("bdg")
        # As random as the id, so that a token counts nothing and none is used twice.
        serial = sha256(badge_id.encode()).digest()[: badges.SERIAL_BYTES]
        address = address_of(connection, row["member_id"])
        token = badges.token_id(read_bytes(address, 20), number, serial)
        said = badge_arguments(badge_id, self.contract, token)
        self._ask(connection, row, CallKind.ISSUE_BADGES, said, now_ms)
        return badge_id

    def _ask(
        self,
        connection: Connection,
        row: Row,
        kind: CallKind,
        said: Row,
        now_ms: int,
    ) -> None:
        call = calls.call_row(
            self.new_id("cal"), row["program_id"], kind, said, now_ms, member_id=row["member_id"]
        )
        calls.insert_call(connection, call)
