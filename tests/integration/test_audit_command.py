"""`mereau audit` says what it found by its exit code, and what stands in its way in a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from auditor.__main__ import app
from auditor.storage import member_slot
from tests.audit_kit import Stage, member

pytest_plugins = ["tests.integration.audit_fixtures"]


def command(stage: Stage, data: Path, *arguments: str) -> Result:
    """What `mereau audit` becomes, in this process."""
    settings = {"MEREAU_DATA": str(data), "MEREAU_RPC_URL": stage.node.url, "COLUMNS": "200"}
    return CliRunner().invoke(app, arguments, env=settings)


def test_the_command_line_becomes_the_auditor(stage: Stage, tmp_path: Path) -> None:
    """Two processes that share nothing but the settings."""
    stage.write_record(tmp_path)
    bare = {k: v for k, v in os.environ.items() if not k.startswith("MEREAU_")}
    settings = {"MEREAU_DATA": str(tmp_path), "MEREAU_RPC_URL": stage.node.url}
    done = subprocess.run(
        [sys.executable, "-m", "backend.cli", "audit", "--to-block", "latest", "--json"],
        env={**bare, **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["report"]["clean"]


def test_the_command_signs_what_it_found(stage: Stage, program: bytes, tmp_path: Path) -> None:
    stage.write_record(tmp_path)
    clean = command(stage, tmp_path, "--from-block", "0", "--to-block", "latest", "--json")
    assert (clean.exit_code, clean.stderr) == (0, "")
    document = json.loads(clean.stdout)
    assert document["report"]["clean"]
    signer = document["signature"]["public_key"]
    (path,) = (tmp_path / "audits").iterdir()
    assert command(stage, tmp_path, "verify", str(path), "--public-key", signer).exit_code == 0
    stage.set_slot(program, member_slot("0x" + member(3).hex()), 1 << 240 | 5)
    report = tmp_path / "report.json"
    found = command(stage, tmp_path, "--to-block", "latest", "--report", str(report))
    assert found.exit_code == 1
    assert "word_differs: 0x" in found.stdout
    tampered = report.read_text().replace("word_differs", "view_differs")
    report.write_text(tampered)
    refused = command(stage, tmp_path, "verify", str(report))
    assert (refused.exit_code, refused.stderr) == (
        1,
        "error: the report was changed after it was signed\n",
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--from-block", "9999999"], "comes after block"),
        (["--to-block", "9999999"], "choose a block with --to-block"),
        (["--from-block", "2", "--to-block", "latest", "--settlement", "SETTLEMENT"], "no record"),
        (["--artifacts", "nowhere"], "scripts/export_artifacts.py"),
        (["--books", "--to-block", "latest"], "--books needs a ledger"),
        (["--database", "sqlite:///none.db", "--to-block", "latest"], "cannot be read"),
        (["--receipts", "nowhere", "--to-block", "latest"], "nowhere: No such file"),
    ],
)
def test_what_cannot_be_audited_is_said(
    stage: Stage, tmp_path: Path, arguments: list[str], says: str
) -> None:
    if says != "no record":
        stage.write_record(tmp_path)
    else:
        says = "no deployment record"
    given = [each.replace("SETTLEMENT", "0x" + "11" * 20) for each in arguments]
    done = command(stage, tmp_path, *given)
    assert done.exit_code == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_node_that_is_not_there_is_said(stage: Stage, tmp_path: Path) -> None:
    done = command(stage, tmp_path, "--rpc-url", "http://user:secret@127.0.0.1:1")
    assert done.exit_code == 2
    assert "the node does not answer" in done.stderr
    assert "secret" not in done.stderr
