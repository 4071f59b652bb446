"""The contract and Python verify the same proofs: golden vectors, and every proof of a batch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ape
import pytest
from contract_model import ACCRUE, ROOT, member_address, pack

from backend.core import receipts

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "receipts.json").read_text(encoding="utf-8")
)


@pytest.fixture
def at_vector_address(project: Any, direct: Any) -> Any:
    """A program at the address that the vectors were made for."""
    code = ape.chain.provider.get_code(direct.address)
    address = VECTORS["program"]
    ape.chain.provider.make_request("anvil_setCode", [address, "0x" + bytes(code).hex()])
    return project.LoyaltyProgram.at(ape.convert(address, ape.types.AddressType))


@pytest.mark.parametrize("number", range(len(VECTORS["batches"])))
def test_golden_vectors(at_vector_address: Any, number: int) -> None:
    batch = VECTORS["batches"][number]
    leaves = batch["leaves"]
    for each in leaves:
        arguments = [
            bytes.fromhex(batch["root"]),
            batch["seq"],
            each["index"],
            len(leaves),
            int(each["word"], 16),
            bytes.fromhex(each["commitment"]),
            [bytes.fromhex(sibling) for sibling in each["proof"]],
        ]
        assert at_vector_address.verifyReceipt(*arguments)
        for position, wrong in (
            (0, ROOT),
            (1, batch["seq"] ^ 1),
            (2, each["index"] + 1),
            (4, int(each["word"], 16) ^ 1),
            (5, ROOT),
            (6, [*arguments[6], ROOT]),
        ):
            forged = [*arguments[:position], wrong, *arguments[position + 1 :]]
            assert not at_vector_address.verifyReceipt(*forged), position
        if arguments[6]:
            assert not at_vector_address.verifyReceipt(*arguments[:6], arguments[6][:-1])
            assert not at_vector_address.verifyReceipt(*arguments[:3], 1, *arguments[4:])


def test_another_program_s_receipt_is_not_ours(direct: Any) -> None:
    batch = VECTORS["batches"][0]
    each = batch["leaves"][0]
    assert not direct.verifyReceipt(
        bytes.fromhex(batch["root"]),
        batch["seq"],
        0,
        len(batch["leaves"]),
        int(each["word"], 16),
        bytes.fromhex(each["commitment"]),
        [bytes.fromhex(sibling) for sibling in each["proof"]],
    )


def test_a_settled_batch_is_proved(direct: Any, operator: Any) -> None:
    words = [pack(member_address(n), ACCRUE, n + 1) for n in range(7)]
    program = bytes.fromhex(direct.address[2:])
    hidden = [receipts.commitment(b"secret", f"op_{n}", b"{}") for n in range(7)]
    leaves = [receipts.leaf(program, 1, n, word, hidden[n]) for n, word in enumerate(words)]
    receipt = direct.applyBatch(1, receipts.merkle_root(leaves), words, sender=operator)
    (applied,) = receipt.decode_logs(direct.BatchApplied)
    for n, word in enumerate(words):
        proof = receipts.merkle_proof(leaves, n)
        assert direct.verifyReceipt(applied.receiptsRoot, 1, n, 7, word, hidden[n], proof)
