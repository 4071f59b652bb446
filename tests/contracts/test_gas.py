"""Gas per mint may not grow unnoticed: the snapshot is what `make bench-gas` measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from contract_model import ACCRUE, ROOT, member_address, pack

SNAPSHOT = Path(__file__).parents[2] / "bench" / "gas-snapshot.json"
FIGURES: dict[str, dict[str, int]] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
PROMISED = {"new": 24_600, "existing": 7_575}
EIP_170_BYTES = 24_576


@pytest.mark.parametrize("count", FIGURES)
def test_gas_per_mint(settlement: Any, new_program: Any, operator: Any, count: str) -> None:
    number = int(count)
    program = new_program(
        periodMonths=6,
        validityPeriods=4,
        supplyCap=10**12,
        mintPerDay=10**9,
        debitPerDay=10**9,
    )
    words = [pack(member_address(n), ACCRUE, 50 + n % 200) for n in range(number)]
    # The first batch ever makes the program's own slot, once: not a cost per mint.
    first = pack(member_address(10_000), ACCRUE, 1)
    settlement.settle([(program.address, 1, ROOT, [first])], sender=operator)
    for seq, name in ((2, "new"), (3, "existing")):
        batches = [(program.address, seq, ROOT, words)]
        used = settlement.settle(batches, sender=operator).gas_used / number
        # An address with or without a zero byte is worth a few gas.
        assert used <= FIGURES[count][name] * 1.001, f"{name}: {used:,.0f} for each of {number}"
        if number == 500:
            assert used <= PROMISED[name]


@pytest.mark.parametrize("name", ["LoyaltyProgram", "ProgramFactory", "Settlement", "LoyaltyBadge"])
def test_contracts_fit_on_every_chain(built: Any, name: str) -> None:
    code = built.load(name)["deployedBytecode"].removeprefix("0x")
    assert len(code) // 2 <= EIP_170_BYTES
