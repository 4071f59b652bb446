"""The page of every mechanic: no source's id is missing, and every test that it names is there."""

from __future__ import annotations

import re

import pytest

from tests.docs_blocks import ROOT

PAGE = (ROOT / "docs/merchant/mechanics.md").read_text(encoding="utf-8")
COUNTS = {"000": 46, "001": 23, "002": 27, "003": 116, "004": 40}
"""How many things each of our sources names."""
NAMED = re.findall(r"`([\w/]+\.py)`(?:<br>`(test_\w+)`)?", PAGE)


@pytest.mark.parametrize("source", COUNTS)
def test_nothing_that_a_source_names_is_left_out(source: str) -> None:
    wanted = {f"{source}-{number:02}" for number in range(1, COUNTS[source] + 1)}
    named = set(re.findall(rf"\b{source}-\d+\b", PAGE))
    assert wanted <= named
    assert not named - wanted


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)))
def test_what_it_calls_a_test_is_one(path: str, name: str) -> None:
    source = (ROOT / "tests" / path).read_text(encoding="utf-8")
    assert re.search(rf"def {name or 'test_'}", source)


def test_the_edge_cases_are_all_there() -> None:
    section = PAGE.partition("## The fifteen edge cases")[2].partition("## ")[0]
    assert re.findall(r"^\| (\d+) \|", section, re.MULTILINE) == [str(n) for n in range(1, 16)]
