"""Show tiers on chain: issue the badge of a member's tier, take back the one of a tier that ended.

What is wanted is compared with what the calls so far have done, under the lock that every change
of a member's badges takes: a badge is issued once, however often this runs or is interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection

from backend.chain.quantities import read_bytes, write_bytes
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
from backend.services.minute_sweep import MinuteSweep

Row = Mapping[str, Any]


SLICE_MEMBERS: Final = 200


@dataclass(slots=True)
class TierBadges(MinuteSweep):
    """Queues the calls to the LoyaltyBadge `contract` (20 bytes). Where the deployment has none,
    badges wait.

    A member whom another call is about waits for it: a rebind changes the address that a badge
    is issued to.
    """

    contract: bytes | None

    def do_slice(self, now_ms: int) -> int:
        """Brings one slice of every program's members in line; how many that were."""
        if self.contract is None:
            return 0
        with self.engine.connect() as connection:
            due = badges_due(connection, SLICE_MEMBERS)
        contract = write_bytes(self.contract)
        return sum(self._follow_all(*each, contract, now_ms) for each in due.items())

    def _follow_all(self, program_id: str, due: Sequence[str], contract: str, now_ms: int) -> int:
        with writing(self.engine) as connection:
            locked_program(connection, program_id)
            done = [
                {
                    "member_id": row["member_id"],
                    "badge_id": self._follow(connection, row, contract, now_ms),
                    "badge_due": False,
                }
                for row in standings_of(connection, due)
                if calls.open_call_of_member(connection, row["member_id"]) is None
            ]
            update_rows(connection, table_of(MemberStanding), done)
        return len(done)

    def _follow(self, connection: Connection, row: Row, contract: str, now_ms: int) -> str | None:
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
        said = badge_arguments(badge_id, contract, token)
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
