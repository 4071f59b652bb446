"""From an audit to its proof pack, and from a pack to an audit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from auditor.audit import Audit, Plan, audit
from auditor.node import NodeRefused
from auditor.pack import ANSWERS, BrokenPack, Pack, RecordingNode, write_pack
from auditor.published import NAMES, load
from auditor.receipts import Receipt, read


def pack_audit(
    path: Path,
    node: RecordingNode,
    done: Audit,
    document: dict[str, Any],
    artifacts: Path,
    receipts: Path | None,
) -> None:
    """Writes what the audit read, with its signed report."""
    subject, plan = done.subject, done.plan
    about = {
        "chain_id": subject.chain_id,
        "block": {"number": subject.block.height, "hash": subject.block.hash},
        "factory": plan.factory,
        "settlement": plan.settlement,
        "from_block": plan.from_block,
        "views": plan.views,
    }
    with ExitStack() as stack:
        files: dict[str, bytes | IO[bytes]] = {ANSWERS: node.answers()}
        files["report.json"] = json.dumps(document).encode()
        for name in NAMES:
            files[f"artifacts/{name}.json"] = (artifacts / f"{name}.json").read_bytes()
        if plan.record is not None:
            files["deployment.json"] = json.dumps(dict(plan.record)).encode()
        if receipts is not None:
            files["receipts.jsonl"] = stack.enter_context(receipts.open("rb"))
        write_pack(path, about, files)


def audit_pack(pack: Pack, artifacts: Path | None, folder: Path) -> Audit:
    """The same audit again, from the pack's answers; `folder` takes what has to be a file.

    Raises BrokenPack, and what `audit` raises.
    """
    if artifacts is None:
        artifacts = folder
        for name, content in pack.artifacts.items():
            (folder / Path(name).name).write_bytes(content)
    about = pack.about
    try:
        plan = Plan(
            factory=str(about["factory"]),
            settlement=str(about["settlement"]),
            published=load(artifacts),
            from_block=int(about["from_block"]),
            to_block=int(about["block"]["number"]),
            record=pack.record,
            receipts=_receipts(pack, folder),
            views=None if about["views"] is None else int(about["views"]),
        )
        done = audit(pack.node, plan)
    except NodeRefused as refusal:
        raise BrokenPack(f"{refusal}: the pack is not whole") from None
    except (KeyError, TypeError, ValueError) as failure:
        raise BrokenPack(f"pack.json is incomplete ({type(failure).__name__})") from None
    if done.subject.block.hash != about["block"]["hash"]:
        raise BrokenPack("pack.json names another block than the answers")
    return done


def _receipts(pack: Pack, folder: Path) -> Iterator[Receipt] | None:
    if pack.receipts is None:
        return None
    file = folder / "receipts.jsonl"
    file.write_bytes(pack.receipts)
    return read(file)
