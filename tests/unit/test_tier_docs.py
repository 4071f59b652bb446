"""What merchants write about tiers, and the example that they are shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

from backend.core.tiers import TierPolicy

PAGE = Path(__file__).resolve().parents[2] / "docs" / "merchant" / "tiers.md"


def test_the_documented_tiers_are_taken_as_they_stand() -> None:
    [example] = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    policy = TierPolicy.parse(json.loads(example)["tiers"])
    assert [(level.id, level.threshold) for level in policy.levels] == [
        ("bronze", 0),
        ("silver", 500),
        ("gold", 2000),
    ]
    assert policy.multiplier("silver") == (12_500, 10_000)
    assert [(plan.id, plan.level) for plan in policy.clubs] == [("prime", "silver")]


def test_multipliers_are_basis_points_or_a_fraction() -> None:
    name = {"en": "a", "fr": "b"}
    levels = [
        {"id": "a", "name": name, "threshold": 0},
        {"id": "b", "name": name, "threshold": 1, "multiplier": 12_500},
        {"id": "c", "name": name, "threshold": 2, "multiplier": {"num": 5, "den": 4}},
    ]
    policy = TierPolicy.parse({"window": {"kind": "lifetime"}, "levels": levels})
    assert [policy.multiplier(one) for one in ("a", "b", "c", None)] == [
        (10_000, 10_000),
        (12_500, 10_000),
        (5, 4),
        (1, 1),
    ]
