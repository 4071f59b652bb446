"""What the card says of a movement: what happened, why, and how far it is recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.core.lifecycle import SettlementState
from backend.core.operations import Kind
from backend.ledger.operations import OperationRecord
from backend.web.card.words import Amounts, movement
from backend.web.kit.languages import Tongue

ENGLISH, FRENCH = Tongue("en"), Tongue("fr")


def record(state: SettlementState, block: int | None = None, **more: Any) -> OperationRecord:
    details = {"amount_minor": 1250, "currency": "EUR", "reasons": [["base", 12, "1 per euro"]]}
    fields: dict[str, Any] = {
        "kind": Kind.ACCRUE, "points": 12, "details": json.dumps(details), "block_number": block,
    } | more  # fmt: skip
    return OperationRecord(
        operation_id="op_1", program_id="prg_1", member_id="mem_1", source_id="pur_1",
        recorded_at_ms=0, state=state, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "block", "english"),
    [
        (SettlementState.ACCEPTED, None, "to be recorded on chain with the next batch"),
        (SettlementState.BROADCAST, None, "sent to the chain"),
        (SettlementState.INCLUDED, 1234, "Recorded on chain, block 1,234, not final yet"),
        (SettlementState.FINAL, 1234, "Recorded on chain, block 1,234, final"),
        (SettlementState.FINAL, None, "Nothing to record on chain"),
        (SettlementState.PARKED, None, "The chain did not take this"),
    ],
)
def test_the_way_to_the_chain_is_said_in_words(
    state: SettlementState, block: int | None, english: str
) -> None:
    said = movement(ENGLISH, record(state, block))
    assert english in said.chain
    assert said.on_chain == (block is not None)
    assert movement(FRENCH, record(state, block)).chain != said.chain


def test_what_happened_is_said_with_its_reasons() -> None:
    bought = movement(ENGLISH, record(SettlementState.FINAL, 1))
    assert (bought.what, bought.points) == ("Purchase of €12.50", 12)
    assert bought.why == (("1 per euro", 12),)
    claimed = record(
        SettlementState.FINAL, 1, kind=Kind.REDEEM, details=json.dumps({"claim_id": "clm_1"})
    )
    assert (movement(ENGLISH, claimed).what, movement(ENGLISH, claimed).points) == ("Reward", -12)
    returned = record(SettlementState.FINAL, 1, kind=Kind.RETURN, details="{}")
    assert movement(FRENCH, returned).what == "Articles rendus"


def test_points_of_a_pot_of_money_are_said_as_money() -> None:
    assert Amounts(ENGLISH, "points", "EUR").full(1) == "1 point"
    assert Amounts(ENGLISH, "points", "EUR").signed(-1500) == "−1,500"
    assert Amounts(ENGLISH, "money", "EUR").full(160) == "€1.60"
