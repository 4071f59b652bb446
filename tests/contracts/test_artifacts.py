"""What is deployed is what was tested: Ape's compilation and the artifacts are the same bytes."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("name", ["LoyaltyProgram", "ProgramFactory", "Settlement", "LoyaltyBadge"])
def test_artifacts_are_what_ape_compiled(project: Any, built: Any, name: str) -> None:
    compiled = getattr(project, name).contract_type
    artifact = built.load(name)
    assert artifact["bytecode"] == compiled.deployment_bytecode.bytecode
    assert artifact["deployedBytecode"] == compiled.runtime_bytecode.bytecode


def test_storage_layout_is_the_documented_one(built: Any) -> None:
    layout = built.load("LoyaltyProgram")["storageLayout"]["storage"]
    assert [(each["label"], each["slot"]) for each in layout] == [
        ("_nobody", "0"),
        ("_state", "1"),
        ("_frame", "2"),
        ("_wantedLimits", "3"),
        ("_terms", "4"),
        ("_nextTerms", "6"),
    ]
