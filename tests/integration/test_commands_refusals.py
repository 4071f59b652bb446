"""What an operator reads when something is set wrong: a sentence, and no traceback or secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app

PASSWORD = "hunter2"
GOOD_KEY = "0x" + "11" * 32


class Command:
    """`mereau` in this process, on a data folder of the test's own."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in os.environ if name.startswith("MEREAU_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("MEREAU_DATA", str(data))
        monkeypatch.setenv("COLUMNS", "200")
        self.data = data
        self.set = monkeypatch.setenv

    def refused(self, *arguments: str) -> str:
        """What it says on standard error; nothing goes to standard output, nor stays behind."""
        before = dict(os.environ)
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == 1, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert result.stdout == ""
        assert PASSWORD not in result.stderr
        assert os.environ == before
        return result.stderr

    def findings(self) -> dict[str, tuple[bool, str]]:
        result = CliRunner().invoke(app, ["doctor", "--json"])
        return {f["subject"]: (f["fine"], f["text"]) for f in json.loads(result.stdout)}


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(tmp_path / "data", monkeypatch)


def test_every_field_that_is_wrong_has_a_sentence_without_its_value(command: Command) -> None:
    command.set("MEREAU_PORT", "99999")
    command.set("MEREAU_FINALITY", PASSWORD)
    for arguments in (("up",), ("reconcile", "--json"), ("key", "create")):
        lines = command.refused(*arguments).splitlines()
        assert [line.split(": ")[:2] for line in lines] == [
            ["error", "MEREAU_PORT"],
            ["error", "MEREAU_FINALITY"],
        ]


@pytest.mark.parametrize(
    "url",
    [
        f"nonsense {PASSWORD}",
        f"nosuchdb://root:{PASSWORD}@localhost/mereau",
        f"postgresql://root:{PASSWORD}@localhost:port/mereau",
    ],
)
@pytest.mark.parametrize("name", ["serve", "settle", "index", "reconcile"])
def test_a_database_url_that_is_none(command: Command, name: str, url: str) -> None:
    command.set("MEREAU_DATABASE_URL", url)
    said = command.refused(name)
    assert said.startswith("error: MEREAU_DATABASE_URL is not the URL of a database we can use")
    assert said.count("\n") == 1


def test_a_database_that_does_not_answer(command: Command) -> None:
    command.set("MEREAU_DATABASE_URL", f"postgresql://root:{PASSWORD}@127.0.0.1:1/mereau")
    for arguments in (("serve",), ("settle",), ("index",), ("key", "create", "--merchant", "A")):
        said = command.refused(*arguments)
        assert said.startswith("error: the database does not answer: ")
        assert said.count("\n") == 1
    fine, text = command.findings()["ledger"]
    assert not fine
    assert PASSWORD not in text


@pytest.mark.parametrize("key", [PASSWORD, "YWJj", "é" * 32])
def test_a_vault_key_that_is_none(command: Command, key: str) -> None:
    command.set("MEREAU_VAULT_KEY", key)
    expected = "MEREAU_VAULT_KEY is not the base64 of 32 bytes"
    assert command.refused("serve") == f"error: {expected}\n"
    assert command.findings()["vault"] == (False, expected)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            f"{GOOD_KEY}, {PASSWORD}",
            "MEREAU_OPERATOR_KEYS, key 2: not a private key: 32 bytes of hex are expected",
        ),
        (
            f"{GOOD_KEY},{GOOD_KEY}",
            "MEREAU_OPERATOR_KEYS names the same key twice: each lane has its own",
        ),
    ],
)
def test_operator_keys_that_are_none(command: Command, keys: str, expected: str) -> None:
    command.set("MEREAU_OPERATOR_KEYS", keys)
    assert command.refused("settle") == f"error: {expected}\n"
    assert command.findings()["keys"] == (False, expected)


def test_a_broken_key_file_is_named(command: Command) -> None:
    path = command.data / "keys" / "operator-1.key"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"short")
    assert command.refused("settle") == f"error: {path} is broken: it holds 5 bytes, not 32\n"


def test_a_chain_that_does_not_answer_is_named_without_its_key(command: Command) -> None:
    command.set("MEREAU_RPC_URL", f"http://127.0.0.1:1/v3/{PASSWORD}")
    command.set("MEREAU_PORT", "0")
    fine, text = command.findings()["chain"]
    assert (fine, text) == (False, "no answer from http://127.0.0.1:1/…")


def test_up_gives_up_on_a_chain_that_does_not_answer(tmp_path: Path) -> None:
    settings = {
        "MEREAU_DATA": str(tmp_path / "data"),
        "MEREAU_PORT": "0",
        "MEREAU_RPC_URL": f"http://127.0.0.1:1/v3/{PASSWORD}",
    }
    # In a process of its own, because it handles signals.
    done = subprocess.run(
        [sys.executable, "-m", "backend.cli", "up"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    expected = "error: no chain answers at http://127.0.0.1:1/…: check MEREAU_RPC_URL\n"
    assert (done.returncode, done.stderr) == (1, expected)


def test_a_wrong_file_makes_no_program(command: Command, tmp_path: Path) -> None:
    said = command.refused("replay", str(tmp_path / "none.csv"))
    assert "cannot be read" in said
    good = tmp_path / "good.csv"
    good.write_text("customer_id,date,amount_usd\n1,1997-01-01,1.00\n")
    said = command.refused("replay", str(good))
    assert said == f"error: nothing is running on {command.data}: start it with `make up` first\n"


def test_merchants_and_programs_that_are_not_there(command: Command) -> None:
    assert command.refused("key", "create") == (
        "error: there are 0 merchants: name one with --merchant\n"
    )
    made = CliRunner().invoke(app, ["key", "create", "--merchant", "Martin", "--json"])
    merchant_id = json.loads(made.stdout)["merchant_id"]
    unknown = merchant_id[:-1] + ("0" if merchant_id[-1] != "0" else "1")
    assert command.refused("key", "create", "--merchant", unknown) == (
        f"error: there is no merchant {unknown}\n"
    )
    assert command.refused("key", "revoke", "key_none") == "error: there is no such live key\n"
    refused = command.refused("program", "create", "A", "--symbol", "A", "--currency", "ZZZ")
    assert "ISO 4217" in refused
    refused = command.refused("program", "create", "A", "--symbol", "small")
    assert "symbol" in refused


def test_a_doctor_leaves_a_fresh_folder_as_it_was(command: Command) -> None:
    findings = command.findings()
    assert [subject for subject, (fine, _) in findings.items() if not fine] == []
    assert not command.data.exists()


def test_a_killed_system_is_not_believed(command: Command) -> None:
    command.data.mkdir()
    ready = {"api_url": "http://127.0.0.1:1", "rpc_url": "http://127.0.0.1:1"}
    (command.data / "ready.json").write_text(json.dumps(ready))
    (command.data / "up.lock").touch()
    assert command.findings()["system"] == (True, "not running")
    result = CliRunner().invoke(app, ["reconcile", "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["notes"] == [
        f"the chain was not asked: nothing is running on {command.data}"
    ]
    holder = (
        "import fcntl, sys; file = open(sys.argv[1], 'a');"
        "fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(command.data / "up.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert command.findings()["system"] == (True, "running at http://127.0.0.1:1")
        process.kill()
