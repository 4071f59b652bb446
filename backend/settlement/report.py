"""What one pass of the settler did and what it worries about."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class AlarmCode(StrEnum):
    """Why something waits. None of these is a reason to give up: the next pass looks again."""

    CHAIN_UNAVAILABLE = "chain_unavailable"
    FEE_ABOVE_CAP = "fee_above_cap"
    NOT_FUNDED = "not_funded"
    SEND_REFUSED = "send_refused"
    SETTLE_REFUSED = "settle_refused"
    SEQUENCE_MISMATCH = "sequence_mismatch"
    MINT_PAUSED = "mint_paused"
    PROGRAM_CLOSING = "program_closing"
    CALL_REFUSED = "call_refused"
    CREATION_REFUSED = "creation_refused"
    REVERTED_ON_CHAIN = "reverted_on_chain"
    FOREIGN_NONCE = "foreign_nonce"
    NODE_BEHIND = "node_behind"
    FINALITY_BROKEN = "finality_broken"
    REDEEMED_ELSEWHERE = "redeemed_elsewhere"
    LANE_WITHOUT_KEY = "lane_without_key"
    CONTRACTS_MISSING = "contracts_missing"
    LEDGER_BEHIND = "ledger_behind"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    PROGRAM_DIFFERS = "program_differs"


@dataclass(frozen=True, slots=True)
class Alarm:
    code: AlarmCode
    lane: str
    message: str
    program_id: str | None = None

    def __str__(self) -> str:
        subject = f"program {self.program_id}" if self.program_id else f"lane {self.lane}"
        return f"{self.code} {subject}: {self.message}"


@dataclass(frozen=True, slots=True)
class ParkedEntry:
    program_id: str
    entry_no: int
    reason: str


@dataclass(slots=True)
class StepReport:
    """Counts of slots that moved in this pass; `words_sealed` and `words_included` count
    operations. `head` is None when the chain did not answer."""

    head: int | None = None
    sealed: int = 0
    words_sealed: int = 0
    calls_sealed: int = 0
    signed: int = 0
    broadcast: int = 0
    included: int = 0
    words_included: int = 0
    final: int = 0
    reverted: int = 0
    taken_back: int = 0
    open_slots: int = 0
    lapsed_members: int = 0
    calendar_work: int = 0
    members_to_sweep: int = 0
    badges_asked: int = 0
    redeemed_elsewhere: int = 0
    parked: list[ParkedEntry] = field(default_factory=list)
    parked_calls: list[str] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)

    @property
    def progressed(self) -> bool:
        """Whether anything moved."""
        moved = self.sealed + self.signed + self.broadcast + self.included + self.final
        return bool(
            moved
            + self.reverted
            + self.taken_back
            + len(self.parked)
            + len(self.parked_calls)
            + self.lapsed_members
            + self.calendar_work
            + self.members_to_sweep
            + self.badges_asked
            + self.redeemed_elsewhere
        )

    def alarm(
        self, code: AlarmCode, lane: str, message: str, program_id: str | None = None
    ) -> None:
        self.alarms.append(Alarm(code, lane, message, program_id))
