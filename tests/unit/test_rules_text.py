"""Rules as somebody types them: every mistake has its line, and no text breaks the reader."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.campaigns import CampaignState, campaigns_of, with_campaign, without_campaign
from backend.core.engine.rule_set import RuleSet
from backend.core.mechanics import new_document, slug, with_rate, with_tier
from backend.core.rules_text import line_of, read_rules_text, typed
from tests.anvil import ROOT

TEMPLATES = sorted((ROOT / "examples" / "programs").glob("*.json"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_document_shown_to_be_edited_says_the_same(path: Any) -> None:
    read = read_rules_text(path.read_text(encoding="utf-8"))
    assert read.rules is not None
    again = read_rules_text(typed(read.document))
    assert again.rules is not None
    assert again.rules.hash == read.rules.hash


def test_the_line_of_a_value_is_that_of_its_name_or_of_the_value_around_it() -> None:
    text = json.dumps({"a": [{"b": 1}, {"c/d": [2, 3]}], "e~": {}}, indent=1)
    lines = text.splitlines()
    for pointer, shown in (
        ("/a", '"a"'), ("/a/0/b", '"b"'), ("/a/1/c~1d", '"c/d"'), ("/a/1/c~1d/1", "3"),
        ("/e~0", '"e~"'), ("/a/0/missing/deep", "{"),
    ):  # fmt: skip
        assert shown in lines[line_of(text, pointer) - 1], pointer
    assert line_of(text, "") == 1


@given(st.text() | st.text('{}[]:,"\\u0d8 1e9-NatrufIn\n'))
def test_no_text_breaks_the_reader(text: str) -> None:
    read = read_rules_text(text)
    assert (read.rules is None) == (read.mistake is not None)


def test_halves_of_characters_are_refused_where_they_could_not_be_shown() -> None:
    assert read_rules_text('{"\\ud800": 1}').mistake is not None


def test_a_card_changes_its_rule_and_leaves_the_rest_as_it_was() -> None:
    document = new_document("EUR")
    document["rules"][0] |= {"title": "Bread", "once": "day"}
    changed = with_rate(document, 3, 50, carry=True, title={})
    rule = changed["rules"][0]
    assert (rule["title"], rule["once"], rule["earn"]["points"]) == ("Bread", "day", 3)
    assert document["rules"][0]["earn"]["points"] == 1, "the given document is not touched"
    RuleSet.parse(changed)
    tiers = with_tier(with_tier(changed, "points", "Or", 500, 150), "points", "Or", 600, 100)
    assert [(one["id"], one["threshold"]) for one in tiers["tiers"]["levels"]] == [("or", 600)]
    assert "multiplier" not in tiers["tiers"]["levels"][0]
    RuleSet.parse(tiers)
    assert [slug(text) for text in ("Été 2026 !", "ÀÉ", "日本", "")] == ["ete_2026", "ae", "", ""]


def test_a_campaign_is_planned_runs_is_spent_and_ends() -> None:
    earn = {"kind": "fixed", "points": 5}
    first, last = date(2026, 6, 10), date(2026, 6, 20)
    document = with_campaign(
        new_document("EUR"), "june", "June", first, last, 100, "regulars", earn, "bread"
    )
    RuleSet.parse(document)

    def state(used: int, today: date) -> CampaignState:
        (found,) = campaigns_of(document, {"june": used}, today)
        return found.state

    assert state(0, date(2026, 6, 9)) is CampaignState.PLANNED
    assert state(99, first) is CampaignState.RUNNING
    assert state(100, last) is CampaignState.SPENT
    assert state(100, date(2026, 6, 21)) is CampaignState.ENDED
    taken_out = without_campaign(document, "june", first)
    assert [rule["id"] for rule in taken_out["rules"]] == ["base"]
    assert "campaigns" not in taken_out
    ended = without_campaign(document, "june", date(2026, 6, 12))
    RuleSet.parse(ended)
    (over,) = campaigns_of(ended, {}, date(2026, 6, 12))
    assert (over.state, over.last_day) == (CampaignState.ENDED, date(2026, 6, 11))
    (gone,) = campaigns_of(taken_out, {"june": 7}, first)
    assert (gone.state, gone.used_points, gone.budget_points) == (CampaignState.ENDED, 7, None)
