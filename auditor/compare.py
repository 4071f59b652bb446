"""The books and the receipts against the chain: every word once, every root, every member."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from auditor.book_rows import BookMember, BookOperation
from auditor.books import Books
from auditor.receipts import Receipt, leaf, root
from auditor.subject import ProgramHistory, Subject
from auditor.word import Member

_REBIND = 8


@dataclass
class BookFigures:
    """How much was compared."""

    operations: int = 0
    roots: int = 0
    members: int = 0
    members_waiting: list[str] = field(default_factory=list)
    """Members whose operations straddle a period boundary: compared once those have settled. And
    those who redeemed on chain what no till asked for: compared once the books have it."""


def compare_books(subject: Subject, books: Books) -> BookFigures:
    """All programs of the books against those of the chain."""
    figures = BookFigures()
    ids = books.programs()
    for address in subject.programs.keys() - ids.keys():
        subject.findings.add("books_program_missing", address, "no program in the books")
    for address, program_id in ids.items():
        history = subject.programs.get(address)
        if history is None:
            subject.findings.add("books_program_unknown", address, f"{program_id} is not on chain")
            continue
        _compare_batches(subject, history, books, program_id)
        _compare_operations(subject, history, books, program_id, figures)
        _compare_members(subject, history, books, program_id, figures)
    return figures


def compare_receipts(subject: Subject, receipts: Iterable[Receipt]) -> BookFigures:
    """Receipts that were given against the roots of their batches."""
    figures = BookFigures()
    given: dict[tuple[str, int], dict[int, bytes]] = {}
    for receipt in receipts:
        batch = given.setdefault((receipt.program, receipt.seq), {})
        if receipt.word in batch:
            what = f"batch {receipt.seq}, word {receipt.word} is given twice"
            subject.findings.add("receipt_unknown", receipt.program, what)
        batch[receipt.word] = receipt.commitment
        figures.operations += 1
    for (program, seq), batch in given.items():
        history = subject.programs.get(program)
        if history is None or seq not in history.words:
            subject.findings.add("receipt_unknown", program, f"there is no batch {seq}")
        else:
            _compare_root(subject, history, seq, batch, figures)
    return figures


def _compare_batches(
    subject: Subject, history: ProgramHistory, books: Books, program_id: str
) -> None:
    address, applied = history.rules.address, history.fold.batches
    sealed = books.batches(program_id)
    for seq in sorted(applied.keys() - sealed.keys()):
        subject.findings.add("books_batch_missing", address, f"batch {seq}", applied[seq].block)
    for seq in sorted(applied.keys() & sealed.keys()):
        words = b"".join(word.to_bytes(32, "big") for word in history.words.get(seq, ()))
        different = []
        if sealed[seq].root != applied[seq].root:
            different.append("root")
        if seq in history.words and sealed[seq].words != words:
            different.append("words")
        if different:
            what = f"batch {seq}: other {' and '.join(different)}"
            subject.findings.add("books_batch_differs", address, what, applied[seq].block)


def _compare_operations(
    subject: Subject,
    history: ProgramHistory,
    books: Books,
    program_id: str,
    figures: BookFigures,
) -> None:
    """Every word on chain is one operation, and the operations' receipts make the roots."""
    address = history.rules.address
    seen: set[int] = set()
    operations = books.operations(program_id, history.fold.last_seq)
    for seq, group in groupby(operations, key=lambda each: each.seq):
        seen.add(seq)
        words = history.words.get(seq)
        if words is None:
            continue
        commitments: dict[int, bytes] = {}
        for operation in group:
            figures.operations += 1
            place = f"batch {seq}, word {operation.index}, {operation.operation_id}"
            if operation.index in commitments:
                subject.findings.add("books_operation_twice", address, place)
                continue
            commitments[operation.index] = operation.commitment
            if not 0 <= operation.index < len(words):
                subject.findings.add("receipt_unknown", address, place)
                continue
            different = _differences(history, operation, words[operation.index])
            if different:
                subject.findings.add("books_operation_differs", address, f"{place}: {different}")
        for index in sorted(set(range(len(words))) - commitments.keys()):
            what = f"batch {seq}, word {index}"
            subject.findings.add("books_operation_missing", address, what)
        if set(commitments) == set(range(len(words))):
            _compare_root(subject, history, seq, commitments, figures)
    for seq in sorted(history.words.keys() - seen):
        subject.findings.add("books_operation_missing", address, f"batch {seq}, all its words")


def _differences(history: ProgramHistory, operation: BookOperation, word: int) -> str:
    raw = word.to_bytes(32, "big")
    member = "0x" + raw[:20].hex()
    on_chain = {
        "age": raw[21],
        "kind": raw[20],
        "reason": int.from_bytes(raw[22:24], "big"),
        "points": int.from_bytes(raw[27:], "big"),
    }
    in_books = {
        "age": operation.age,
        "kind": operation.kind,
        "reason": operation.reason,
        "points": operation.points,
    }
    if raw[20] == _REBIND:
        on_chain, in_books = {"kind": raw[20]}, {"kind": operation.kind}
    if operation.member not in history.fold.later_addresses(member):
        return f"member {operation.member} in the books, {member} on chain"
    said = [f"{name} {in_books[name]}, on chain {on_chain[name]}" for name in on_chain
            if in_books[name] != on_chain[name]]  # fmt: skip
    return "; ".join(said)


def _compare_root(
    subject: Subject,
    history: ProgramHistory,
    seq: int,
    commitments: dict[int, bytes],
    figures: BookFigures,
) -> None:
    address, words = history.rules.address, history.words[seq]
    missing = [index for index in range(len(words)) if index not in commitments]
    foreign = sorted(index for index in commitments if not 0 <= index < len(words))
    for index in foreign:
        subject.findings.add("receipt_unknown", address, f"batch {seq} has no word {index}")
    if missing:
        what = f"batch {seq}: {len(missing)} of {len(words)}, the first for word {missing[0]}"
        subject.findings.add("receipt_missing", address, what)
        return
    leaves = [
        leaf(address, seq, index, word.to_bytes(32, "big"), commitments[index])
        for index, word in enumerate(words)
    ]
    figures.roots += 1
    if root(leaves) != history.fold.batches[seq].root:
        block = history.fold.batches[seq].block
        subject.findings.add("receipts_root_differs", address, f"batch {seq}", block)


def _compare_members(
    subject: Subject,
    history: ProgramHistory,
    books: Books,
    program_id: str,
    figures: BookFigures,
) -> None:
    """What the books give each member is what the chain gives and what is under way."""
    address = history.rules.address
    booked = books.members(program_id, history.fold.last_seq, history.fold.redeemed)
    for redeemed in [each for each in booked if booked[each].redeemed_elsewhere]:
        for later in history.fold.later_addresses(redeemed) & booked.keys():
            booked[later].redeemed_elsewhere = True
    on_chain = history.fold.members
    for member_address in sorted(booked.keys() | on_chain.keys()):
        booked_member = booked.get(member_address, BookMember(0))
        if booked_member.points != booked_member.journal_points:
            what = (
                f"member {member_address}: balance {booked_member.points},"
                f" journal {booked_member.journal_points}"
            )
            subject.findings.add("books_journal_broken", address, what)
        member = on_chain.get(member_address, Member())
        different = _points_differ(subject, history, booked_member, member)
        figures.members += 1
        if different is None:
            figures.members_waiting.append(member_address)
        elif different:
            what = f"member {member_address}: {different}"
            subject.findings.add("books_member_differs", address, what)


def _points_differ(
    subject: Subject, history: ProgramHistory, booked: BookMember, member: Member
) -> str | None:
    """What differs, empty when nothing does, None where it cannot be said yet."""
    if booked.redeemed_elsewhere:
        return None
    # A short return is given back once its batch is final.
    pending = booked.pending_points - (member.short_points - booked.undone_points)
    if booked.lots is None:
        found, chain = booked.points, member.points
    else:
        validity = history.rules.validity_periods
        period = history.rules.calendar.period(subject.block.timestamp_s)
        if booked.period > period or (pending and booked.period != period):
            return None
        lots = Member(booked.period, lots=booked.lots)
        lots.touch(period, validity)
        found, chain = lots.points, sum(member.buckets(period, validity))
    if found == chain + pending:
        return ""
    return f"books {found}, chain {chain}, under way {pending}"
