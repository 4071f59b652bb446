"""The auditor replays a chain on which everything happened, and sees what was tampered with."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from auditor.findings import Findings
from auditor.receipts import Receipt
from auditor.storage import member_slot, operator_slot
from backend.core.operations import Kind, Operation
from tests.audit_kit import STRANGER, Stage, accrue, member

pytest_plugins = ["tests.integration.audit_fixtures"]


def found(stage: Stage, **changes: Any) -> Findings:
    return stage.audit(**changes).subject.findings


def test_a_full_life_is_clean(stage: Stage, tmp_path: Path) -> None:
    record = stage.write_record(tmp_path)
    done = stage.audit(record=record, receipts=stage.receipts)
    assert [str(each) for each in done.subject.findings.kept] == []
    assert done.subject.operations == len(stage.receipts)
    assert done.receipts is not None
    assert done.receipts.roots == sum(len(p.words) for p in done.subject.programs.values())
    fold = next(iter(done.subject.programs.values())).fold
    assert fold.lapsed > 0
    assert fold.minted - fold.burned == fold.supply


@pytest.mark.parametrize("number", [3, 4_000])
def test_a_word_changed_in_storage_is_named(stage: Stage, program: bytes, number: int) -> None:
    """A known member's, and that of a member who never was."""
    address = "0x" + member(number).hex()
    stage.set_slot(program, member_slot(address), 1 << 240 | 5)
    findings = found(stage)
    code = "word_differs" if number == 3 else "storage_unknown"
    assert findings.counts[code] == 1
    if number == 3:
        assert any(address in each.what for each in findings.kept)


@pytest.mark.parametrize("slot", [1, 2, 3, 4, 6])
def test_state_changed_in_storage_is_named(stage: Stage, program: bytes, slot: int) -> None:
    stage.set_slot(program, slot, 12345)
    assert "state_differs" in stage.codes()


def test_a_hidden_operator_shows(stage: Stage) -> None:
    slot = operator_slot("0x" + STRANGER.hex())
    stage.set_slot(stage.deployment.settlement, slot, 1)
    assert "settlement_storage_differs" in stage.codes()
    stage.settle((next(iter(stage._seqs)), [accrue(0, 1)]), sender=STRANGER)
    assert "caller_without_role" in stage.codes()


def test_a_hidden_program_shows(stage: Stage) -> None:
    stage.set_slot(stage.deployment.factory, int.from_bytes(keccak(b"anything"), "big"), 1)
    assert stage.codes() == {"factory_storage_differs"}


@pytest.mark.parametrize(
    ("which", "code"),
    [
        ("logic", "code_differs"),
        ("settlement", "code_differs"),
        ("factory", "code_differs"),
        ("program", "clone_differs"),
    ],
)
def test_one_foreign_byte_of_code_is_found(
    stage: Stage, program: bytes, which: str, code: str
) -> None:
    address = program if which == "program" else getattr(stage.deployment, which)
    there = stage.node.rpc("eth_getCode", "0x" + address.hex(), "latest")
    # The last byte is metadata, or an argument: the contract goes on working.
    changed = there[:-2] + f"{int(there[-2:], 16) ^ 1:02x}"
    stage.node.rpc("anvil_setCode", "0x" + address.hex(), changed)
    stage.node.mine()
    assert code in stage.codes()


def test_foreign_immutable_values_are_found(stage: Stage) -> None:
    """The delay of roles is part of the settlement's code."""
    address = "0x" + stage.deployment.settlement.hex()
    there = stage.node.rpc("eth_getCode", address, "latest")
    delay = f"{2 * 86_400:064x}"
    assert delay in there
    stage.node.rpc("anvil_setCode", address, there.replace(delay, f"{0:064x}", 1))
    stage.node.mine()
    assert "code_differs" in stage.codes()


def test_a_batch_above_the_budget_is_found(stage: Stage, program: bytes) -> None:
    """The contract is made to forget what was minted that day, and so mints above the budget."""
    for _ in range(2):
        state = int(stage.node.rpc("eth_getStorageAt", "0x" + program.hex(), "0x1", "latest"), 16)
        stage.set_slot(program, 1, state & ~((2**48 - 1) << 152))
        stage.settle((program, [accrue(1, 8_000)]))
    assert "mint_budget_exceeded" in stage.codes()


def test_a_debit_above_the_budget_is_found(stage: Stage, program: bytes) -> None:
    stage.settle((program, [Operation(Kind.REDEEM, member(3), 4_000)]))
    state = int(stage.node.rpc("eth_getStorageAt", "0x" + program.hex(), "0x1", "latest"), 16)
    stage.set_slot(program, 1, state & ~((2**48 - 1) << 200))
    stage.settle((program, [Operation(Kind.REDEEM, member(3), 4_000)]))
    assert "debit_budget_exceeded" in stage.codes()


def test_minting_while_paused_is_found(stage: Stage, program: bytes) -> None:
    stage.admin("pause(address)", "0x" + program.hex())
    state = int(stage.node.rpc("eth_getStorageAt", "0x" + program.hex(), "0x1", "latest"), 16)
    stage.set_slot(program, 1, state & (2**248 - 1))
    stage.settle((program, [accrue(1, 10)]))
    assert "minted_while_paused" in stage.codes()


def test_points_taken_from_a_signed_only_member_are_found(stage: Stage, program: bytes) -> None:
    address = "0x" + member(200).hex()
    slot = member_slot(address)
    word = int(
        stage.node.rpc("eth_getStorageAt", "0x" + program.hex(), f"{slot:#066x}", "latest"), 16
    )
    assert word >> 200 & 1
    stage.set_slot(program, slot, word & ~(1 << 200))
    stage.settle((program, [Operation(Kind.REDEEM, member(200), 10)]))
    assert {"consent_missing", "calldata_disagrees", "word_differs"} <= stage.codes()


def test_a_sequence_with_a_hole_is_found(stage: Stage, program: bytes) -> None:
    state = int(stage.node.rpc("eth_getStorageAt", "0x" + program.hex(), "0x1", "latest"), 16)
    stage.set_slot(program, 1, state + 1)
    stage._seqs[program] += 1
    stage.settle((program, [accrue(1, 10)]))
    assert "sequence_gap" in stage.codes()


def test_points_that_expired_early_are_found(stage: Stage, program: bytes) -> None:
    """A member's lot is made older in storage, so that the sweep takes it too soon."""
    number = 3
    slot = member_slot("0x" + member(number).hex())
    word = int(
        stage.node.rpc("eth_getStorageAt", "0x" + program.hex(), f"{slot:#066x}", "latest"), 16
    )
    lots = word & (2**200 - 1)
    stage.set_slot(program, slot, ((word >> 240) - 4) << 240 | lots)
    stage.call(STRANGER, program, "expire(address[])", ["0x" + member(number).hex()])
    assert {"lapse_wrong", "calldata_disagrees"} <= stage.codes()


def test_a_limit_raised_without_notice_is_found(stage: Stage, program: bytes) -> None:
    """The frame in storage is put down, so that `setLimits` raises what only seemed low."""
    frame = int(stage.node.rpc("eth_getStorageAt", "0x" + program.hex(), "0x2", "latest"), 16)
    raise_at = (frame >> 160) & (2**40 - 1)
    assert raise_at
    stage.set_slot(program, 2, (frame & ~((2**64 - 1) | ((2**40 - 1) << 160))) | 500_000)
    stage.admin("setLimits(address,(uint64,uint48,uint48))", "0x" + program.hex(), (
        500_000, 9_000, 5_000,
    ))  # fmt: skip
    assert "limit_raised_at_once" in stage.codes()


def test_a_record_of_other_roles_is_found(stage: Stage, tmp_path: Path) -> None:
    record = stage.write_record(tmp_path)
    record["operators"] = ["0x" + STRANGER.hex()]
    assert stage.codes(record=record) == {"record_differs"}


def test_forged_receipts_are_found(stage: Stage) -> None:
    first, *rest = stage.receipts
    forged = first._replace(commitment=sha256(b"another receipt").digest())
    assert stage.codes(receipts=[forged, *rest]) == {"receipts_root_differs"}
    assert stage.codes(receipts=rest) == {"receipt_missing"}
    foreign = Receipt(first.program, 900, 0, bytes(32))
    assert stage.codes(receipts=[*stage.receipts, foreign, first]) == {"receipt_unknown"}


def test_an_earlier_block_can_be_audited(stage: Stage) -> None:
    """What is changed later does not show there; the node must still have that state."""
    head = int(stage.node.rpc("eth_blockNumber"), 16)
    stage.node.mine()
    stage.set_slot(stage.deployment.factory, 7, 1)
    assert stage.codes(to_block=head) == set()
    assert stage.codes() == {"factory_storage_differs"}


def test_an_operator_behind_a_contract_cannot_hide_words(stage: Stage, program: bytes) -> None:
    """A forwarder's calldata is not the settlement's: the audit says that it cannot read it."""
    forwarder = bytes.fromhex("f0" * 20)
    target = stage.deployment.settlement.hex()
    # Calls the settlement with its own calldata and reverts where that does.
    code = "365f5f375f5f365f5f73" + target + "5af16026575f5ffd5b00"
    stage.node.rpc("anvil_setCode", "0x" + forwarder.hex(), "0x" + code)
    stage.admin("addOperator(address)", "0x" + forwarder.hex())
    stage.wait(2 * 86_400)
    kept, stage.deployment = stage.deployment, replace(stage.deployment, settlement=forwarder)
    try:
        stage.settle((program, [accrue(2, 10)]))
    finally:
        stage.deployment = kept
    assert stage.codes() == {"calldata_unknown"}
