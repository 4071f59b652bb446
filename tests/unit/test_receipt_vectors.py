"""The golden vectors that Python and Solidity share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backend.core import receipts
from backend.core.operations import rebind_word
from tests.vectors.make_receipts import TARGET, vectors

VECTORS: dict[str, Any] = json.loads(TARGET.read_text(encoding="utf-8"))


def test_the_format_has_not_changed() -> None:
    assert vectors() == VECTORS
    assert Path(TARGET).name == "receipts.json"


@pytest.mark.parametrize("number", range(len(VECTORS["batches"])))
def test_every_proof_holds(number: int) -> None:
    batch = VECTORS["batches"][number]
    program = bytes.fromhex(VECTORS["program"][2:])
    root = bytes.fromhex(batch["root"])
    count = len(batch["leaves"])
    for each in batch["leaves"]:
        leaf = receipts.leaf(
            program,
            batch["seq"],
            each["index"],
            int(each["word"], 16),
            bytes.fromhex(each["commitment"]),
        )
        proof = [bytes.fromhex(sibling) for sibling in each["proof"]]
        assert leaf.hex() == each["leaf"]
        assert receipts.verify_proof(root, leaf, each["index"], count, proof)
        assert not receipts.verify_proof(root, leaf, each["index"], count, [*proof, root])


def test_a_rebind_has_a_word_of_its_own() -> None:
    assert rebind_word(b"\x09" * 20) == int("09" * 20 + "08" + "00" * 11, 16)
    for wrong in (bytes(20), b"\x01" * 19):
        with pytest.raises(ValueError, match="20-byte"):
            rebind_word(wrong)
