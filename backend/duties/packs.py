"""Makes proof packs: the auditor, in a process of its own, writes what a node answers to it.

The auditor shares no code with us, so it is run as anybody runs it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from backend.ledger import book_figures, packs
from backend.ledger.engine import writing
from backend.ledger.packs import PackRecord

KEPT_MS: Final = 7 * 86_400_000
MINUTES_MAX: Final = 30
VIEWS: Final = 50
"""Of so many members the contract's own views are asked; all words are compared in any case."""
_FOUND: Final = 1
_FAILURE_CHARACTERS: Final = 300


@dataclass(slots=True)
class PackDuty:
    """Makes what was asked for, and removes files that have been kept long enough.

    `environment` tells the auditor where node, deployment records and key are.
    """

    ledger: Engine
    downloads: Path
    environment: Mapping[str, str]
    now_ms: Callable[[], int]
    name: str = "packs"

    def step(self) -> int:
        removed = self._remove_old()
        with self.ledger.connect() as connection:
            found = packs.next_pack(connection)
        if found is None:
            return removed
        pack, contract = found
        self._set(pack.id, state="making")
        self.downloads.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._set(pack.id, done_at_ms=self.now_ms(), **self._make(pack, contract))
        return removed + 1

    def _make(self, pack: PackRecord, contract: str) -> dict[str, Any]:
        path = self.downloads / f"{pack.id}.zip"
        report, receipts = path.with_suffix(".report.json"), path.with_suffix(".receipts.jsonl")
        try:
            self._write_receipts(receipts, pack.program_id, contract)
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "auditor", "--write-pack", str(path)),
                    *("--receipts", str(receipts), "--report", str(report), "--views", str(VIEWS)),
                ],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60 * MINUTES_MAX,
                check=False,
            )
            if done.returncode not in (0, _FOUND) or not path.is_file():
                return {"state": "failed", "failure": done.stderr.strip()[:_FAILURE_CHARACTERS]}
            block = json.loads(report.read_bytes())["report"]["block"]
        except subprocess.TimeoutExpired:
            return {"state": "failed", "failure": f"it took more than {MINUTES_MAX} minutes"}
        finally:
            report.unlink(missing_ok=True)
            receipts.unlink(missing_ok=True)
        path.chmod(0o600)
        return {
            "state": "ready",
            "block_number": block["number"],
            "block_hash": block["hash"],
            "size_bytes": path.stat().st_size,
            "clean": done.returncode == 0,
        }

    def _write_receipts(self, path: Path, program_id: str, contract: str) -> None:
        with self.ledger.connect() as connection, path.open("w", encoding="utf-8") as file:
            path.chmod(0o600)
            for seq, index, commitment in book_figures.receipts_of(connection, program_id):
                entry = {
                    "program": contract, "seq": seq, "index": index, "commitment": commitment,
                }  # fmt: skip
                file.write(json.dumps(entry) + "\n")

    def _remove_old(self) -> int:
        with self.ledger.connect() as connection:
            old = packs.packs_ready_before(connection, self.now_ms() - KEPT_MS)
        for pack_id in old:
            (self.downloads / f"{pack_id}.zip").unlink(missing_ok=True)
            self._set(pack_id, state="old")
        return len(old)

    def _set(self, pack_id: str, **columns: Any) -> None:
        with writing(self.ledger, patient=True) as connection:
            packs.set_pack(connection, pack_id, **columns)
