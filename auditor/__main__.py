"""`python -m auditor`, which `mereau audit` becomes."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from auditor.audit import Audit, Plan, audit, report_of
from auditor.books import BooksUnreadable
from auditor.findings import CODES
from auditor.node import Node, NodeRefused, NodeUnavailable
from auditor.pack import BrokenPack, RecordingNode, read_pack
from auditor.packing import audit_pack, pack_audit
from auditor.published import ArtifactsMissing, load
from auditor.receipts import BrokenReceipts, read
from auditor.report import BrokenKey, BrokenReport, signed, signing_key, verify
from auditor.subject import AuditImpossible

ROOT = Path(__file__).resolve().parent.parent
FOUND, IMPOSSIBLE = 1, 2

RpcUrl = Annotated[
    str, typer.Option(envvar="MEREAU_RPC_URL", show_envvar=True, help="JSON-RPC of your node.")
]
FromBlock = Annotated[
    int, typer.Option(min=0, help="First block; not after the contracts' deployment.")
]
ToBlock = Annotated[str, typer.Option(help="Block to audit: number, latest, safe or finalized.")]
Data = Annotated[Path, typer.Option(envvar="MEREAU_DATA", help="Folder that holds `deployments`.")]
Settlement = Annotated[
    str | None, typer.Option(help="Settlement contract, instead of the record's.")
]
Factory = Annotated[str | None, typer.Option(help="Factory, instead of the record's.")]
Artifacts = Annotated[
    Path, typer.Option(help="Published artifacts: build/contracts of a copy you trust.")
]
Database = Annotated[str | None, typer.Option(help="SQLAlchemy URL of a ledger to compare with.")]
WithBooks = Annotated[
    bool, typer.Option("--books", help="Compare with the ledger that the settings name.")
]
BooksUrl = Annotated[str | None, typer.Option(envvar="MEREAU_AUDIT_BOOKS_URL", hidden=True)]
Receipts = Annotated[
    Path | None, typer.Option(help="JSON lines of receipts: program, seq, index, commitment.")
]
Views = Annotated[
    int | None, typer.Option(min=0, help="Ask the views of so many members; default: all.")
]
ReportPath = Annotated[
    Path | None, typer.Option(help="Where the report goes; default: audits/ in the data folder.")
]
SigningKey = Annotated[
    str | None,
    typer.Option(envvar="MEREAU_AUDIT_KEY", help="Base64 of the 32-byte Ed25519 key."),
]
WritePack = Annotated[
    Path | None, typer.Option(help="Write a proof pack: audited again from it, without a node.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the signed report.")]


app = typer.Typer(
    name="mereau audit",
    help="Replay the chain, compare everything, sign a report. Exits with 1 for any finding,"
    " with 2 when the audit could not be made.",
    pretty_exceptions_enable=False,
    add_completion=False,
)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def _stop(message: object) -> NoReturn:
    stderr.print(f"error: {message}", markup=False)
    raise typer.Exit(IMPOSSIBLE)


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    rpc_url: RpcUrl = "http://127.0.0.1:8545",
    from_block: FromBlock = 0,
    to_block: ToBlock = "finalized",
    data: Data = Path(".mereau"),
    settlement: Settlement = None,
    factory: Factory = None,
    artifacts: Artifacts = ROOT / "build" / "contracts",
    database: Database = None,
    books: WithBooks = False,
    books_url: BooksUrl = None,
    receipts: Receipts = None,
    views: Views = None,
    report: ReportPath = None,
    key: SigningKey = None,
    write_pack: WritePack = None,
    as_json: AsJson = False,
) -> None:
    """Replay the chain alone and compare."""
    if context.invoked_subcommand is not None:
        return
    if books and not (database or books_url):
        _stop("--books needs a ledger: run it as `mereau audit`, or name one with --database")
    with _plainly(), ExitStack() as stack:
        node = Node(rpc_url)
        if write_pack:
            node = RecordingNode(rpc_url, stack.enter_context(tempfile.TemporaryFile()))
        signer = signing_key(key, data / "keys" / "audit.key")
        record = _record(node, data)
        plan = Plan(
            factory=factory or _recorded(record, "ProgramFactory"),
            settlement=settlement or _recorded(record, "Settlement"),
            published=load(artifacts),
            from_block=from_block,
            # A tag names another block the next time: what is packed is asked for by number.
            to_block=_numbered(node, to_block) if write_pack else _block(to_block),
            record=record if factory is None and settlement is None else None,
            books_url=database or (books_url if books else None),
            receipts=None if receipts is None else read(receipts),
            views=views,
        )
        with stderr.status("reading") as status:
            done = audit(node, plan, status.update)
        document = _signed(done, signer)
        if isinstance(node, RecordingNode) and write_pack:
            pack_audit(write_pack, node, done, document, artifacts, receipts)
    path = report or data / "audits" / f"{done.subject.chain_id}-{done.subject.block.height}.json"
    _finish(done, document, path, as_json=as_json)


@app.command("pack")
def check_pack(
    pack: Annotated[Path, typer.Argument(help="A proof pack.")],
    artifacts: Annotated[
        Path | None, typer.Option(help="Published artifacts of a copy you trust; the pack's.")
    ] = None,
    data: Data = Path(".mereau"),
    report: ReportPath = None,
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Audit again from a proof pack alone, without any connection."""
    with _plainly(), tempfile.TemporaryDirectory() as folder:
        found = read_pack(pack)
        signer = signing_key(key, data / "keys" / "audit.key")
        done = audit_pack(found, artifacts, Path(folder))
        document = _signed(done, signer)
    stderr.print(
        f"the node was not asked: see that block {done.subject.block.height} of chain"
        f" {done.subject.chain_id} has the hash {done.subject.block.hash}"
    )
    if artifacts is None:
        stderr.print("the contracts are compared with the pack's own artifacts: name yours")
    path = report or data / "audits" / f"{pack.stem}.json"
    _finish(done, document, path, as_json=as_json)


def _signed(done: Audit, signer: Ed25519PrivateKey) -> dict[str, Any]:
    return signed(report_of(done, datetime.now(UTC).isoformat(timespec="seconds")), signer)


def _finish(done: Audit, document: dict[str, Any], path: Path, *, as_json: bool) -> NoReturn:
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if as_json:
        print(text, end="")
    else:
        _show(done, document, path)
    raise typer.Exit(0 if done.clean else FOUND)


def _block(which: str) -> str | int:
    return int(which) if which.isdigit() else which


def _numbered(node: Node, which: str) -> int:
    try:
        return node.block(_block(which)).height
    except NodeRefused as refusal:
        raise AuditImpossible(f"{refusal}: choose a block with --to-block") from None


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """Says in one sentence why an audit cannot be made."""
    try:
        yield
    except NodeUnavailable as failure:
        _stop(f"the node does not answer: {failure}")
    except NodeRefused as failure:
        _stop(f"the node refuses: {failure}")
    except (
        AuditImpossible, ArtifactsMissing, BooksUnreadable, BrokenKey, BrokenPack, BrokenReceipts,
    ) as failure:  # fmt: skip
        _stop(failure)


@app.command("verify")
def verify_report(
    report: Annotated[Path, typer.Argument(help="A signed report.")],
    public_key: Annotated[
        str | None, typer.Option(help="The key, hex, that the report must be signed with.")
    ] = None,
) -> None:
    """Check the signature of a report; exits with 1 unless it holds."""
    try:
        document = json.loads(report.read_bytes())
        signer = verify(document, public_key)
    except (OSError, ValueError) as failure:
        _stop(f"{report} cannot be read: {failure}")
    except BrokenReport as failure:
        stderr.print(f"error: {failure}", markup=False)
        raise typer.Exit(FOUND) from None
    content = document["report"]
    print(f"signed by {signer}")
    if public_key is None:
        print("whose key that is you must know from elsewhere: name it with --public-key")
    verdict = "clean" if content["clean"] else f"{len(content['findings'])} findings"
    print(f"chain {content['chain_id']}, block {content['block']['number']}: {verdict}")


@app.command("codes")
def list_codes() -> None:
    """All codes of findings, with what they mean."""
    for code, meaning in CODES.items():
        print(f"{code:28} {meaning}")


def _record(node: Node, data: Path) -> dict[str, Any] | None:
    chain_id = int(node.typed(str, "eth_chainId"), 16)
    path = data / "deployments" / f"{chain_id}.json"
    try:
        record: dict[str, Any] = json.loads(path.read_bytes())
        record["contracts"]["LoyaltyProgram"]["address"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise AuditImpossible(f"{path} is no deployment record") from None
    return record


def _recorded(record: dict[str, Any] | None, name: str) -> str:
    if record is None:
        raise AuditImpossible(
            "no deployment record of this chain: name --data, or --factory and --settlement"
        )
    return str(record["contracts"][name]["address"])


def _show(done: Audit, document: dict[str, Any], path: Path) -> None:
    content = document["report"]
    console = Console(highlight=False, soft_wrap=True)
    columns = ("name", "batches", "members", "minted", "burned", "lapsed", "supply")
    table = Table("program", *columns, box=None)
    for each in content["programs"]:
        points = (each[f"{name}_points"] for name in ("minted", "burned", "lapsed", "supply"))
        figures = (f"{number:,}" for number in (each["batches"], each["members"], *points))
        table.add_row(each["address"], each["name"], *figures)
    console.print(table)
    for line in (*content["notes"], *done.subject.findings.kept):
        console.print(str(line), markup=False)
    hidden = done.subject.findings.total - len(done.subject.findings.kept)
    if hidden:
        console.print(f"and {hidden} more of the same")
    compared = content["compared"]
    console.print(
        f"chain {content['chain_id']} up to block {content['block']['number']}:"
        f" {compared['transactions']:,} transactions, {compared['operations']:,} operations"
    )
    verdict = "clean" if done.clean else f"{done.subject.findings.total} findings"
    console.print(f"{verdict}; report {path}, signed by {document['signature']['public_key']}")


if __name__ == "__main__":
    app()
