"""A proof pack: audited again without a node, and caught where somebody changed it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from auditor.abi import event_of
from auditor.node import Log
from tests.audit_kit import Stage
from tests.integration.test_audit_command import command

pytest_plugins = ["tests.integration.audit_fixtures"]

Change = Callable[[list[str]], list[str]]


def packed(stage: Stage, folder: Path) -> Path:
    stage.write_record(folder)
    path = folder / "pack.zip"
    done = command(stage, folder, "--to-block", "latest", "--write-pack", str(path))
    assert (done.exit_code, done.stderr) == (0, ""), done.stdout
    return path


def offline(stage: Stage, folder: Path, pack: Path) -> tuple[int, str]:
    """Exit code and output; the node's address leads nowhere."""
    done = command(stage, folder, "pack", str(pack), "--report", str(folder / "offline.json"))
    return done.exit_code, done.stdout + done.stderr


def rewritten(pack: Path, change: Change) -> Path:
    """The pack with other answers and digests that fit them: as a liar would send it."""
    with zipfile.ZipFile(pack) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    lines = change(files["answers.jsonl"].decode().splitlines())
    files["answers.jsonl"] = "\n".join(lines).encode() + b"\n"
    about = json.loads(files["pack.json"])
    about["files"]["answers.jsonl"] = sha256(files["answers.jsonl"]).hexdigest()
    files["pack.json"] = json.dumps(about).encode()
    lie = pack.with_name("lie.zip")
    with zipfile.ZipFile(lie, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return lie


def test_a_pack_proves_the_same_without_a_node(stage: Stage, tmp_path: Path) -> None:
    pack = packed(stage, tmp_path)
    code, said = offline(stage, tmp_path, pack)
    assert code == 0, said
    online = json.loads((tmp_path / "audits").glob("*.json").__next__().read_text())["report"]
    again = json.loads((tmp_path / "offline.json").read_text())["report"]
    assert {**again, "made_at": ""} == {**online, "made_at": ""}
    assert again["compared"]["operations"] > 0
    assert str(online["block"]["hash"]) in said


def _more_points(lines: list[str]) -> list[str]:
    """A mint of one more point, in the log and in the batch's sum alike."""
    changed = []
    for line in lines:
        answer = json.loads(line)
        if answer["method"] == "eth_getLogs":
            for log in answer["result"]:
                keys = {"blockNumber", "blockHash", "transactionHash", "logIndex"}
                shape = {k: log[k] for k in keys | {"address", "topics", "data"}}
                event = event_of(Log(**{_snake(k): v for k, v in shape.items()}))
                if event is not None and event.name == "Transfer":
                    log["data"] = f"0x{int(log['data'], 16) + 1:064x}"
                    break
        changed.append(json.dumps(answer))
    return changed


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def _another_state(lines: list[str]) -> list[str]:
    """The audited block with a state root of the liar's own."""
    answers = [json.loads(line) for line in lines]
    headers = [each for each in answers if each["method"] == "eth_getBlockByNumber"]
    newest = max(int(each["result"]["number"], 16) for each in headers)
    for each in headers:
        if int(each["result"]["number"], 16) == newest:
            each["result"]["stateRoot"] = "0x" + "12" * 32
    return [json.dumps(each) for each in answers]


def _without_a_part(lines: list[str]) -> list[str]:
    return [line for line in lines if "eth_getTransactionByHash" not in line]


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (_more_points, 1, "calldata_disagrees"),
        (_another_state, 1, "header_invalid"),
        (_without_a_part, 2, "the pack is not whole"),
    ],
)
def test_a_changed_pack_is_found(
    stage: Stage, tmp_path: Path, change: Change, code: int, says: str
) -> None:
    lie = rewritten(packed(stage, tmp_path), change)
    found, said = offline(stage, tmp_path, lie)
    assert says in said
    assert found == code


def test_what_is_no_pack_is_said(stage: Stage, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.zip"
    nothing.write_bytes(b"PK nothing")
    code, said = offline(stage, tmp_path, nothing)
    assert code == 2
    assert "is no proof pack" in said
    assert "Traceback" not in said
