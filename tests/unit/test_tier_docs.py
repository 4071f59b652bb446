"""The example that merchants are shown is one that the rules take."""

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
