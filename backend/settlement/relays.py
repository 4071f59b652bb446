"""Redemptions that others bring on chain, taken into the books once they are final.

Anybody may relay a member's signature, and a member may sign for a redemption that no till asked
for. Nothing is given back as refused before the mirror has shown whether others did it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from backend.chain.port import ChainRefused, ChainUnavailable
from backend.chain.quantities import read_bytes
from backend.ledger import relayed
from backend.ledger.engine import writing
from backend.ledger.journal_rows import locked_totals
from backend.ledger.mirror import NOTHING
from backend.ledger.mirror_books import last_seq_until
from backend.ledger.programs import programs_at
from backend.ledger.reconciliation import mirror_block
from backend.ledger.settlements import SealConflictError, all_noted
from backend.ledger.signatures_seen import Seen, SeenRedemption, change_seen, seen_between
from backend.ledger.waiting_calls import Call
from backend.settlement.lanes import Parts
from backend.settlement.report import AlarmCode, StepReport

_WINDOW_BLOCKS: Final = 50_000


@dataclass(slots=True)
class Relays:
    """Looks at each final block of the mirror once, and again while one of its redemptions must
    wait: for a transaction of ours with the same one, which is still open, or for points of its
    member that are promised to a till."""

    parts: Parts
    mirror: Engine
    _looked_until: int = NOTHING
    _next_from: int = NOTHING
    _looked_at: bytes = b""
    _waits: dict[str, str] = field(default_factory=dict)

    def covers(self, block_number: int) -> bool:
        """Whether it is known of every call if others brought it on chain up to this block."""
        return self._looked_until >= block_number

    def change(self, call: Call) -> Seen | None:
        """The change of `signedOnly` that a call asks for, if it is final already."""
        said = call.arguments
        with self.mirror.connect() as connection:
            return change_seen(
                connection,
                call.contract_address,
                said["member"],
                signed_only=said["signed_only"],
                until_block=self._looked_until,
            )

    def step(self, report: StepReport) -> None:
        """Takes in what is final and the books lack, as far as the chain answers. To be called
        when the inclusions of this head are known: what waits for one has a program at rest."""
        try:
            if self._looked_at != self.parts.view.head.hash:
                self._look(report)
        except (ChainUnavailable, ChainRefused) as error:
            report.alarm(AlarmCode.CHAIN_UNAVAILABLE, "all", str(error))
        for program_id, message in self._waits.items():
            report.alarm(AlarmCode.REDEEMED_ELSEWHERE, "all", message, program_id)

    def _look(self, report: StepReport) -> None:
        last = self._final_in_mirror()
        if last is None:
            return
        with self.parts.engine.connect() as connection:
            first = max(relayed.noted_until(connection), self._next_from)
        self._waits.clear()
        next_from: int | None = None
        while first < last:
            until = min(last, first + _WINDOW_BLOCKS)
            with self.mirror.connect() as connection:
                seen = seen_between(connection, first, until)
            done_until = self._take_in(seen, until, next_from is None, report) if seen else until
            if done_until < until and next_from is None:
                next_from = done_until
            first = until
        self._next_from = last if next_from is None else next_from
        self._looked_until, self._looked_at = last, self.parts.view.head.hash

    def _final_in_mirror(self) -> int | None:
        """The newest final block that the mirror has of the chain as it is; None for none."""
        view = self.parts.view
        with self.mirror.connect() as connection:
            at = mirror_block(connection)
        if at is None or view.canonical_hash(at[0]) != read_bytes(at[1], 32):
            return None
        return min(at[0], view.finalized_number())

    def _take_in(
        self, seen: Sequence[SeenRedemption], until: int, follows: bool, report: StepReport
    ) -> int:
        """The block up to which all is in the books; noted there if it `follows` what was noted."""
        of_contract: dict[str, list[SeenRedemption]] = defaultdict(list)
        for one in seen:
            of_contract[one.program].append(one)
        done_until = until
        with self.parts.engine.connect() as connection:
            ids = programs_at(connection, list(of_contract))
        for contract, program_id in sorted(ids.items()):
            for one in self._missing(program_id, of_contract[contract], report):
                done_until = min(done_until, one.block_number - 1)
        if follows:
            with writing(self.parts.engine) as connection:
                relayed.note_until(connection, done_until)
        return done_until

    def _missing(
        self, program_id: str, seen: Sequence[SeenRedemption], report: StepReport
    ) -> list[SeenRedemption]:
        """What of a program could not be taken in yet."""
        with self.parts.engine.connect() as connection:
            found = relayed.matched(connection, program_id, seen, final=True)
        if all(call is not None and call.is_on_chain for _, _, call in found):
            return []
        try:
            with writing(self.parts.engine) as connection:
                return self._books(connection, program_id, seen, report)
        except (IntegrityError, SealConflictError):
            # Another settler was first; the next head shows what it did.
            return list(seen)

    def _books(
        self,
        connection: Connection,
        program_id: str,
        seen: Sequence[SeenRedemption],
        report: StepReport,
    ) -> list[SeenRedemption]:
        locked_totals(connection, program_id)
        now_ms, new_id = self.parts.now_ms(), self.parts.new_id
        waiting = []
        for one, member_id, call in relayed.matched(connection, program_id, seen, final=True):
            if not all_noted(connection, program_id, self._batches_before(one)):
                # How old its points were follows from what the chain applied before it.
                waiting.append(one)
            elif call is None:
                taken = member_id is not None and relayed.post_burn(
                    connection, program_id, member_id, one, now_ms, new_id
                )
                report.redeemed_elsewhere += taken
                if not taken:
                    waiting.append(one)
                    self._waits[program_id] = (
                        f"member {one.address} redeemed {one.points} points on chain without us,"
                        f" transaction {one.tx_hash}: their points here are promised otherwise"
                    )
            elif call.settlement_tx_id is None:
                relayed.carry(connection, program_id, call.id, one, now_ms, new_id)
                report.redeemed_elsewhere += 1
            elif not call.is_on_chain:
                waiting.append(one)
        return waiting

    def _batches_before(self, one: SeenRedemption) -> int:
        with self.mirror.connect() as connection:
            return last_seq_until(connection, one.program, one.block_number)
