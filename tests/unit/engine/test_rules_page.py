"""docs/merchant/rules.md: every example is read, and every word of the format is explained."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from backend.core.engine.conditions import _COMBINATORS
from backend.core.engine.conditions_basket import BASKET, EVENT
from backend.core.engine.conditions_member import MEMBER
from backend.core.engine.conditions_time import TIME
from backend.core.engine.document import _MEMBERS, _RULE
from backend.core.engine.effect_reading import _KINDS
from backend.core.engine.reasons import summary
from backend.core.engine.rule_set import RuleSet
from tests.engine_kit import BASE, SUNDAY, buy, euros, member

PAGE = (Path(__file__).resolve().parents[3] / "docs/merchant/rules.md").read_text("utf-8")
EXAMPLES: list[dict[str, Any]] = [
    json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.M | re.S)
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: str(one.get("id", "")))
def test_every_example_is_read(example: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"format": 1, "currency": "EUR", "rules": [BASE]}
    if "id" in example:
        whole["rules"] = [example]
    else:
        whole |= example
    assert RuleSet.parse(whole).events


def test_the_first_example_earns_what_the_page_says() -> None:
    rules = RuleSet.parse(EXAMPLES[0])
    monday = member(day=SUNDAY.replace(day=23), at="17:30")
    words = summary(rules, buy(rules, euros(10), monday))
    assert words == "12 points: 10 base (1 per €), +2 happy hour ×1.2"
    assert f'"{words}"' in " ".join(PAGE.split())


def test_every_word_of_the_format_is_explained() -> None:
    words = {*_MEMBERS, *_RULE, *_KINDS, *_COMBINATORS, *MEMBER, *TIME, *BASKET, *EVENT}
    assert sorted(word for word in words if f"`{word}`" not in PAGE) == []
