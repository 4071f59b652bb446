"""What happened to a member's points, and how far it is on its way to the chain, in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from backend.chain.keccak import checksummed
from backend.core.lifecycle import SettlementState
from backend.core.operations import Kind
from backend.ledger.operations import OperationRecord
from backend.web.kit.languages import Tongue, marked

_WHAT: Final = {
    Kind.ACCRUE: marked("Purchase"),
    Kind.BONUS: marked("Bonus"),
    Kind.REDEEM: marked("Points used"),
    Kind.RETURN: marked("Goods returned"),
    Kind.RESTORE: marked("Points given back"),
    Kind.ADJUST_CREDIT: marked("Correction"),
    Kind.ADJUST_DEBIT: marked("Correction"),
    Kind.LAPSE: marked("Expired"),
    Kind.LAPSE_UNDONE: marked("Did not expire after all"),
    Kind.REDEEM_UNDONE: marked("Points given back"),
}
PURCHASE_OF: Final = marked("Purchase of %(amount)s")
REWARD_TAKEN: Final = marked("Reward")
_ON_ITS_WAY: Final = {
    SettlementState.ACCEPTED: marked(
        "Counted already; to be recorded on chain with the next batch"
    ),
    SettlementState.SEALED: marked("Counted already; being recorded on chain"),
    SettlementState.BROADCAST: marked("Counted already; sent to the chain"),
    SettlementState.PARKED: marked("The chain did not take this; the shop has to look into it"),
}
NOT_FINAL: Final = marked("Recorded on chain, block %(block)s, not final yet")
FINAL: Final = marked("Recorded on chain, block %(block)s, final")
NOTHING_TO_RECORD: Final = marked("Nothing to record on chain")
_DONE: Final = frozenset({SettlementState.INCLUDED, SettlementState.FINAL})


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement of points, said; `why` are the reasons of its parts, each with its points."""

    operation_id: str
    what: str
    points: int
    why: tuple[tuple[str, int], ...]
    chain: str
    on_chain: bool
    final: bool
    tx_hash: str | None
    recorded_at_ms: int


def movement(tongue: Tongue, record: OperationRecord) -> Movement:
    """The record in the tongue's words."""
    details: dict[str, Any] = json.loads(record.details)
    reasons = details.get("reasons", [])
    return Movement(
        operation_id=record.operation_id,
        what=_what(tongue, record, details),
        points=record.signed_points,
        why=tuple((str(text), int(points)) for _, points, text in reasons),
        chain=_chain(tongue, record),
        on_chain=record.state in _DONE and record.block_number is not None,
        final=record.state is SettlementState.FINAL,
        tx_hash=record.tx_hash,
        recorded_at_ms=record.recorded_at_ms,
    )


def _what(tongue: Tongue, record: OperationRecord, details: Mapping[str, Any]) -> str:
    if record.kind is Kind.ACCRUE and "amount_minor" in details:
        amount = tongue.money(int(details["amount_minor"]), str(details["currency"]))
        return tongue.say(PURCHASE_OF, amount=amount)
    if record.kind is Kind.REDEEM and "claim_id" in details:
        return tongue.say(REWARD_TAKEN)
    said = tongue.say(_WHAT[record.kind])
    note = details.get("note") or details.get("text")
    return f"{said} · {note}" if isinstance(note, str) else said


def _chain(tongue: Tongue, record: OperationRecord) -> str:
    if record.state in _ON_ITS_WAY:
        return tongue.say(_ON_ITS_WAY[record.state])
    if record.block_number is None:
        return tongue.say(NOTHING_TO_RECORD)
    text = FINAL if record.state is SettlementState.FINAL else NOT_FINAL
    return tongue.say(text, block=tongue.number(record.block_number))


def text_of(texts: Mapping[str, str], tongue: Tongue) -> str:
    """The text in the tongue's language, or in another where there is none."""
    return texts.get(tongue.language) or texts.get("en") or next(iter(texts.values()), "")


@dataclass(frozen=True, slots=True)
class Amounts:
    """Points as the program counts them: as points, or as money where a point is a cent."""

    tongue: Tongue
    unit: str
    currency: str

    def say(self, points: int) -> str:
        if self.unit == "money":
            return self.tongue.money(points, self.currency)
        return self.tongue.number(points)

    def signed(self, points: int) -> str:
        return f"{'+' if points > 0 else '−' if points < 0 else ''}{self.say(abs(points))}"

    def full(self, points: int) -> str:
        """With its unit."""
        if self.unit == "money":
            return self.tongue.money(points, self.currency)
        return self.tongue.say_many("%(num)s point", "%(num)s points", points)


def explorer_address(address: str) -> str:
    """The explorer's page of a member, with the address's checksum (EIP-55, EIP-3091)."""
    return f"/explorer/address/{checksummed(bytes.fromhex(address[2:]))}"
