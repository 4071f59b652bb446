"""The explorer's tries, headers and decoders, held to what a real node answers."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from backend.chain.keccak import selector
from backend.web import EXPLORER_FOLDER
from backend.web.explorer import PAGE_POLICY
from tests.anvil import ROOT
from tests.audit_kit import member
from tests.explorer_kit import Site

pytest_plugins = ["tests.explorer_fixtures"]
FIRST_VIEW_BYTES_MAX = 60_000


def answers(site: Site) -> dict[str, Any]:
    """What the node says of a program and of members: rich, empty, rebound and unknown ones."""
    node = site.stage.node
    head = int(node.rpc("eth_blockNumber"), 16)
    numbers = [*range(8), 104, 200, 300, 777]
    addresses = ["0x" + member(number).hex() for number in numbers]
    slots = [address + "00" * 12 for address in addresses]
    proof = node.rpc("eth_getProof", site.program, slots, hex(head))

    def view(signature: str, address: str = "") -> str:
        data = "0x" + selector(signature).hex() + address[2:].rjust(64, "0") * bool(address)
        return str(node.rpc("eth_call", {"to": site.program, "data": data}, hex(head)))

    logic = "0x" + site.stage.deployment.logic.hex()
    logs = node.rpc("eth_getLogs", {"address": site.program, "fromBlock": "0x0"})
    restored = "0x" + selector("Restored(address,uint256,uint256)").hex()
    (settled,) = [log for log in logs if log["topics"][0].startswith(restored)]
    return {
        "blocks": [node.rpc("eth_getBlockByNumber", hex(n), False) for n in range(head + 1)],
        "program": site.program.lower(),
        "code": node.rpc("eth_getCode", site.program, "latest"),
        "logic": logic,
        "logicCode": node.rpc("eth_getCode", logic, "latest"),
        "accountProof": proof["accountProof"],
        "members": [
            {
                "address": address,
                "word": view("memberWord(address)", address),
                "balance": view("balanceOf(address)", address),
                "storageProof": entry["proof"],
            }
            for address, entry in zip(addresses, proof["storageProof"], strict=True)
        ],
        "supply": view("totalSupply()"),
        "logs": logs,
        "settle": node.rpc("eth_getTransactionByHash", settled["transactionHash"])["input"],
    }


def test_proofs_and_decoders_hold_and_forged_ones_do_not(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(answers(site)), encoding="utf-8")
    command = ["node", "--test", str(ROOT / "build" / "explorer-tests" / "proofs.test.mjs")]
    environment = {**os.environ, "MEREAU_ANSWERS": str(file)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    (passed,) = re.findall(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert int(passed) >= 15


def test_the_first_view_is_small() -> None:
    """All files together, so that no page is ever larger than the first view may be."""
    files = [path for path in EXPLORER_FOLDER.rglob("*") if path.is_file()]
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in files}
    assert len(sizes) > 5
    assert sum(sizes.values()) <= FIRST_VIEW_BYTES_MAX, sizes


def test_the_page_carries_the_policy_that_the_server_sends() -> None:
    page = (EXPLORER_FOLDER / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'Content-Security-Policy" content="([^"]+)"', page) == [PAGE_POLICY]


def test_the_page_loads_nothing_from_elsewhere() -> None:
    for path in EXPLORER_FOLDER.rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), path.name
        assert "@import" not in text, path.name
