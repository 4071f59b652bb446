"""The documentation says what the code says: links, settings, codes, alarms, a proof by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from backend.api import app as _app  # noqa: F401 - it brings every refusal with it
from backend.api import errors as api_errors
from backend.core.errors import Conflict, InvalidInput, MereauError, NotFound
from backend.settings import Settings
from backend.settlement.report import AlarmCode
from tests.docs_blocks import ROOT, difference, examples, write_files

PAGES = ["README.md", "CHANGELOG.md", "SECURITY.md", "contracts/README.md"]
PAGES += sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md"))
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FAMILIES = {MereauError, InvalidInput, NotFound, Conflict}


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """The headings of a page as the anchors that code hosts make of them."""
    kept = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in _HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in kept}


def first_cells(text: str, heading: str) -> list[str]:
    """The first column of the tables of a section, without the heads."""
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    return [row for row in rows if row.startswith("`")]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    broken = []
    for link in _LINK.findall(read(page)):
        if link.startswith("http"):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)
    assert broken == []


def test_every_setting_is_documented_with_its_default() -> None:
    page = read("docs/operator/README.md")
    rows = re.findall(r"^\| `MEREAU_(\w+)` \| (?:`([^`]*)`|unset) \|", page, re.MULTILINE)
    documented = {name.lower(): default or None for name, default in rows}
    defaults = {
        name: None if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    defaults["demo"] = str(Settings.model_fields["demo"].default).lower()
    assert documented == defaults


def test_every_alarm_is_documented() -> None:
    documented = first_cells(read("docs/operator/README.md"), "Alarms")
    assert sorted(documented) == sorted(f"`{code}`" for code in AlarmCode)


def test_every_problem_is_documented_under_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", read("docs/merchant/README.md"), re.MULTILINE)
    documented = {(int(status), code) for status, text in rows for code in codes_in(text)}
    refusals = {
        (status, refusal.code)
        for family, status in api_errors._STATUS_OF_FAMILY[2:]
        for refusal in subclasses(family)
        if refusal.code not in {"idempotency_key_missing", "idempotency_key_invalid"}
        and not refusal.of_pages
    }
    expected = refusals - {(409, "conflict")}
    expected |= set(api_errors._CODE_OF_STATUS.items())
    expected |= {(400, "idempotency_key_missing"), (400, "idempotency_key_invalid")}
    expected |= {(400, "invalid_json"), (500, "internal_error")}
    expected |= {(503, "overloaded"), (503, "ledger_unavailable")}
    assert documented == expected


def codes_in(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def subclasses(family: type[MereauError]) -> list[type[MereauError]]:
    return [family, *family.__subclasses__()]


def test_decisions_are_numbered_and_have_their_parts() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("0*.md"))
    numbers = [int(path.name[:4]) for path in pages]
    assert numbers == list(range(1, len(pages) + 1))
    listed = read("docs/adr/README.md")
    for number, path in zip(numbers, pages, strict=True):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. ")
        for part in ("\nStatus: ", "\n## Context\n", "\n## Decision\n", "\n## Consequences\n"):
            assert part in text, path.name
        title = text.splitlines()[0].partition(". ")[2]
        assert f"- [{number:04d}]({path.name}) {title}\n" in listed


def check_proof(folder: Path, proof: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """The auditor's program, under a Python that has its standard library and nothing else."""
    (folder / "proof.json").write_text(json.dumps(proof))
    command = [sys.executable, "-I", "-S", "check_proof.py", "proof.json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_auditors_proof_holds_and_a_changed_one_does_not(tmp_path: Path) -> None:
    write_files("docs/auditor/README.md", tmp_path)
    proof = json.loads((tmp_path / "proof.json").read_text())
    (example,) = (e for e in examples("docs/auditor/README.md") if e.name == "worked-proof")
    done = check_proof(tmp_path, proof)
    assert done.returncode == 0, done.stderr
    assert example.answer is not None
    assert difference(example.answer, done.stdout) is None

    siblings = proof["siblings"]
    zeros = "0x" + "00" * 32
    changes: list[dict[str, object]] = [
        {"seq": proof["seq"] + 1},
        {"index": 2},
        {"index": 5},
        {"leaf_count": 9},
        {"word": proof["word"][:-2] + "3f"},
        {"program_address": "0x" + "11" * 20},
        {"commitment": zeros},
        {"receipts_root": zeros},
        {"siblings": siblings[:-1]},
        {"siblings": [*siblings, zeros]},
        {"siblings": siblings[::-1]},
    ]
    for change in changes:
        assert check_proof(tmp_path, {**proof, **change}).returncode != 0, change


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ('{"a": "x_…", "b": …}\n201\n', '{"a":"x_1","b":7}\n201\n'),
        ('{"a": […]}\n200\n', '{"a":[1,2]}\n200\n'),
        ("one …\n", "one two\n"),
        ("HTTP/1.1 200 OK\n", "HTTP/1.1 200 OK\r\n\n"),
    ],
)
def test_an_answer_as_printed_is_accepted(expected: str, printed: str) -> None:
    assert difference(expected, printed) is None


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ('{"a": 1}\n201\n', '{"a":1}\n200\n'),
        ('{"a": 1}\n201\n', '{"a":2}\n201\n'),
        ('{"a": 1}\n201\n', '{"a":1,"b":2}\n201\n'),
        ('{"a": 1}\n201\n', '{"a":true}\n201\n'),
        ('{"a": [1]}\n201\n', '{"a":[1,1]}\n201\n'),
        ('{"a": "x_…"}\n201\n', '{"a":"y_1"}\n201\n'),
        ('{"a": 1}\n201\n', "curl: (7) failed to connect\n"),
        ("one …\n", "two two\n"),
    ],
)
def test_another_answer_is_not(expected: str, printed: str) -> None:
    assert difference(expected, printed) is not None
