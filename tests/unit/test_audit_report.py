"""A report is signed once and for good; findings keep to their codes."""

from __future__ import annotations

import base64
import copy
from pathlib import Path
from typing import Any

import pytest

from auditor.findings import SHOWN_PER_CODE, Findings
from auditor.receipts import BrokenReceipts, read
from auditor.report import FORMAT, BrokenKey, BrokenReport, signed, signing_key, verify

REPORT: dict[str, Any] = {
    "format": FORMAT,
    "clean": True,
    "programs": [{"name": "Café", "supply_points": 7}],
    "findings": [],
}


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    return signed(REPORT, signing_key(None, tmp_path / "keys" / "audit.key"))


def test_the_signature_holds_and_names_its_key(document: dict[str, Any], tmp_path: Path) -> None:
    kept = signing_key(None, tmp_path / "keys" / "audit.key")
    public = kept.public_key().public_bytes_raw().hex()
    assert verify(document) == verify(document, public.upper()) == public


def test_whatever_was_changed_afterwards_shows(document: dict[str, Any]) -> None:
    for path, value in ((("clean",), False), (("programs", 0, "supply_points"), 8)):
        changed = copy.deepcopy(document)
        place = changed["report"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        with pytest.raises(BrokenReport, match="changed after"):
            verify(changed)


def test_another_s_signature_does_not_pass_for_the_one_expected(
    document: dict[str, Any], tmp_path: Path
) -> None:
    other = signed(REPORT, signing_key(None, tmp_path / "other.key"))
    verify(other)
    with pytest.raises(BrokenReport, match="not by the key"):
        verify(other, document["signature"]["public_key"])


@pytest.mark.parametrize(
    "given",
    [
        {},
        [],
        "x",
        None,
        {"report": REPORT, "signature": {}},
        {"report": {"format": "other"}, "signature": {"public_key": "00", "algorithm": "x"}},
        {
            "report": REPORT,
            "signature": {"algorithm": "Ed25519", "public_key": "zz", "signature": ""},
        },
    ],
)
def test_what_is_no_report_is_refused(given: Any) -> None:
    with pytest.raises(BrokenReport):
        verify(given)


def test_a_key_can_be_given_and_must_be_one(tmp_path: Path) -> None:
    text = base64.b64encode(bytes(range(32))).decode()
    assert signing_key(text, tmp_path / "none").private_bytes_raw() == bytes(range(32))
    assert not (tmp_path / "none").exists()
    for wrong in ("", "x", base64.b64encode(b"short").decode()):
        with pytest.raises(BrokenKey):
            signing_key(wrong, tmp_path / "none")


def test_a_key_made_here_is_its_owner_s_only(tmp_path: Path) -> None:
    signing_key(None, tmp_path / "audit.key")
    assert (tmp_path / "audit.key").stat().st_mode & 0o777 == 0o600


def test_a_finding_has_a_known_code_and_floods_are_counted() -> None:
    findings = Findings()
    with pytest.raises(KeyError):
        findings.add("whatever", "0x", "?")
    for number in range(SHOWN_PER_CODE + 5):
        findings.add("word_differs", "0xab", f"member {number}", 3)
    assert findings.total == SHOWN_PER_CODE + 5
    assert len(findings.kept) == SHOWN_PER_CODE
    assert str(findings.kept[0]) == "word_differs: 0xab block 3: member 0"


def test_receipts_come_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    path.write_text(f'{{"program":"0xAB","seq":1,"index":0,"commitment":"0x{"11" * 32}"}}\n')
    (receipt,) = read(path)
    assert receipt == ("0xab", 1, 0, bytes([0x11]) * 32)
    path.write_text("{}\n")
    with pytest.raises(BrokenReceipts, match="line 1"):
        list(read(path))
    with pytest.raises(BrokenReceipts):
        list(read(tmp_path / "none"))
