"""The house rules that no linter knows, held over every file of the repository."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.tidy import rules
from tests.tidy.sources import ROOT, Finding, Source, report, texts, with_suffix

Rule = Callable[[Source], Iterator[Finding]]

CODE = (".py", ".sol", ".ts", ".mjs")
PRODUCT = ("auditor/", "backend/", "indexer/")
GENERATED = ("backend/ledger/migrations/versions/",)
"""Written by a tool and never edited again: as long as it needs."""
OWN_CLOCK = ("backend/wiring.py", "auditor/__main__.py")


def code() -> list[Source]:
    return with_suffix(*CODE)


def python() -> list[Source]:
    return with_suffix(".py")


def without(sources: list[Source], exempt: tuple[str, ...]) -> list[Source]:
    return [source for source in sources if not source.path.startswith(exempt)]


CASES: dict[str, tuple[Rule, Callable[[], list[Source]]]] = {
    "file length": (rules.file_length, lambda: without(code(), GENERATED)),
    "function length": (rules.function_length, lambda: without(python(), GENERATED)),
    "line length": (rules.line_length, code),
    "no float": (
        rules.no_float, lambda: with_suffix(".py", under=("backend/core/", "backend/ledger/")),
    ),
    "no clock": (rules.no_clock, lambda: without(with_suffix(".py", under=PRODUCT), OWN_CLOCK)),
    "no built SQL": (rules.no_built_sql, lambda: with_suffix(".py", under=(*PRODUCT, "bench/"))),
    "no silent except": (rules.no_silent_except, python),
    "pure core": (
        rules.only_standard_library, lambda: with_suffix(".py", under=("backend/core/",)),
    ),
    "no promises": (rules.no_promises, lambda: list(texts())),
    "no places": (rules.no_places, lambda: list(texts())),
    "no resolved URLs": (rules.no_resolved_urls, lambda: with_suffix("package-lock.json")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_repository_keeps_the_rule(name: str) -> None:
    rule, sources = CASES[name]
    found = sources()
    assert found, "the rule looks at no file"
    report([finding for source in found for finding in rule(source)])


def test_nothing_ignored_is_tracked() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    report([Finding(path, 1, "tracked, and ignored by .gitignore") for path in listed])
