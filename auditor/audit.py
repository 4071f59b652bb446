"""One audit, from the block that is audited to the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from auditor.books import open_books
from auditor.compare import BookFigures, compare_books, compare_receipts
from auditor.contracts import (
    add_programs,
    check_code,
    check_header,
    check_record,
    check_roles,
    check_storage,
    read_accounts,
    read_logics,
    read_origins,
    read_role_delay,
)
from auditor.findings import Findings
from auditor.node import Node, NodeRefused
from auditor.published import Published
from auditor.receipts import Receipt
from auditor.report import FORMAT
from auditor.state import check_program
from auditor.subject import AuditImpossible, Subject
from auditor.walk import walk


@dataclass(frozen=True, slots=True)
class Plan:
    """What to audit. `books_url` and `receipts` are optional; `views` limits of how many members
    per program the views are asked, None for all."""

    factory: str
    settlement: str
    published: Mapping[str, Published]
    from_block: int = 0
    to_block: str | int = "finalized"
    record: Mapping[str, Any] | None = None
    books_url: str | None = None
    receipts: Iterable[Receipt] | None = None
    views: int | None = None


@dataclass
class Audit:
    """A finished audit: what was audited, and how much was compared."""

    subject: Subject
    plan: Plan
    books: BookFigures | None = None
    receipts: BookFigures | None = None
    logics: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return self.subject.findings.total == 0


def audit(node: Node, plan: Plan, progress: Callable[[str], None] = lambda _: None) -> Audit:
    """Replay the chain and compare. Raises AuditImpossible, NodeUnavailable, NodeRefused,
    BooksUnreadable and BrokenReceipts."""
    subject = _open(node, plan)
    check_header(node, subject)
    role_delay_s = read_role_delay(node, subject)
    logics = read_logics(node, subject)
    roles, created = read_origins(node, subject, plan.from_block, role_delay_s)
    add_programs(subject, created)
    # A node forgets old state, so all of it is read before the long walk.
    addresses = [subject.factory, subject.settlement, *logics, *subject.programs]
    accounts = read_accounts(node, subject, list(dict.fromkeys(addresses)))
    check_code(subject, accounts, plan.published, logics, role_delay_s)
    check_storage(node, subject, accounts, roles, created, logics)
    check_roles(node, subject, roles)
    if plan.record is not None:
        check_record(subject, plan.record, roles.at_birth, logics)
    done = Audit(subject, plan, logics=logics)
    with ExitStack() as stack:
        # Read after the block was chosen: whatever it settled is in the books by now.
        books = stack.enter_context(open_books(plan.books_url)) if plan.books_url else None
        for height in walk(node, subject, roles, plan.from_block):
            progress(f"block {height} of {subject.block.height}, {subject.operations} operations")
        for address, history in subject.programs.items():
            progress(f"program {address}")
            check_program(node, subject, history, accounts[address], plan.views)
        if books is not None:
            done.books = compare_books(subject, books)
        if plan.receipts is not None:
            done.receipts = compare_receipts(subject, plan.receipts)
    if node.block(subject.block.height).hash != subject.block.hash:
        subject.findings.add("chain_moved", subject.settlement, "the audited block was replaced")
    return done


def report_of(done: Audit, made_at: str) -> dict[str, Any]:
    """The report as it is signed; `made_at` is an RFC 3339 time."""
    subject, findings = done.subject, done.subject.findings
    books, receipts = done.books, done.receipts
    return {
        "format": FORMAT,
        "made_at": made_at,
        "chain_id": subject.chain_id,
        "from_block": done.plan.from_block,
        "block": {
            "number": subject.block.height,
            "hash": subject.block.hash,
            "timestamp_s": subject.block.timestamp_s,
            "state_root": subject.block.state_root,
        },
        "contracts": {
            "factory": subject.factory,
            "settlement": subject.settlement,
            "logics": done.logics,
            "published_input": done.plan.published["LoyaltyProgram"].input_digest,
        },
        "programs": [_figures(subject, address) for address in sorted(subject.programs)],
        "compared": {
            "transactions": subject.transactions,
            "operations": subject.operations,
            "books": None if books is None else _book_figures(books),
            "receipts": None if receipts is None else _book_figures(receipts),
        },
        "notes": subject.notes,
        "clean": done.clean,
        "finding_counts": dict(findings.counts),
        "findings": [
            {
                "code": each.code,
                "subject": each.subject,
                "block": each.block,
                "what": each.what,
            }
            for each in findings.kept
        ],
    }


def _figures(subject: Subject, address: str) -> dict[str, Any]:
    history = subject.programs[address]
    fold = history.fold
    period = history.rules.calendar.period(subject.block.timestamp_s)
    validity = history.rules.validity_periods
    live = sum(sum(member.buckets(period, validity)) for member in fold.members.values())
    return {
        "address": address,
        "name": history.rules.name,
        "symbol": history.rules.symbol,
        "batches": fold.last_seq,
        "members": len(fold.members),
        "minted_points": fold.minted,
        "burned_points": fold.burned,
        "lapsed_points": fold.lapsed,
        "supply_points": fold.supply,
        "live_points": live,
    }


def _book_figures(figures: BookFigures) -> dict[str, Any]:
    return {
        "operations": figures.operations,
        "roots": figures.roots,
        "members": figures.members,
        "members_waiting": len(figures.members_waiting),
    }


def _open(node: Node, plan: Plan) -> Subject:
    try:
        block = node.block(plan.to_block)
    except NodeRefused as refusal:
        raise AuditImpossible(f"{refusal}: choose a block with --to-block") from None
    if plan.from_block > block.height:
        raise AuditImpossible(f"block {plan.from_block} comes after block {block.height}")
    if plan.from_block and _exists(node, plan.settlement, plan.from_block - 1):
        raise AuditImpossible(
            f"the contracts are older than block {plan.from_block}: an audit begins before them"
        )
    return Subject(
        chain_id=int(node.typed(str, "eth_chainId"), 16),
        block=block,
        factory=plan.factory.lower(),
        settlement=plan.settlement.lower(),
        findings=Findings(),
    )


def _exists(node: Node, address: str, number: int) -> bool:
    """Whether there was code; a node that has forgotten cannot say, and the replay will."""
    try:
        return node.typed(str, "eth_getCode", address, hex(number)) != "0x"
    except NodeRefused:
        return False
