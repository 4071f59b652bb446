"""The walk over the chain: every log of every program, with the calldata that caused it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from auditor.abi import Call, Event, event_of
from auditor.calls import calls_of
from auditor.node import Block, Log, Node, Transaction
from auditor.replay import Refused
from auditor.roles import Roles
from auditor.subject import ProgramHistory, Subject

_ISSUERS: Final = frozenset(
    {
        "BatchApplied",
        "Rebound",
        "MintPauseSet",
        "LimitsChanged",
        "TermsAnnounced",
        "ClosingAnnounced",
    }
)
"""Events of calls that only the settlement contract can make."""


def headers(node: Node, numbers: Iterable[int]) -> dict[int, Block]:
    """Headers by number."""
    wanted = sorted(set(numbers))
    asked = [("eth_getBlockByNumber", [hex(number), False]) for number in wanted]
    return dict(zip(wanted, node.many(Block, asked), strict=True))


def walk(node: Node, subject: Subject, roles: Roles, first: int) -> Iterator[int]:
    """Bring every program to the audited block; yields how far it is, in blocks."""
    for logs_end, logs in node.logs(list(subject.programs), first, subject.block.height):
        blocks = headers(node, (log.block for log in logs))
        hashes = list(dict.fromkeys(log.transaction_hash for log in logs))
        asked = [("eth_getTransactionByHash", [each]) for each in hashes]
        found = node.many(Transaction, asked)
        transactions = dict(zip(hashes, found, strict=True))
        for tx_hash, group in groupby(logs, key=lambda log: log.transaction_hash):
            _transaction(subject, roles, transactions[tx_hash], list(group), blocks)
        yield logs_end


def _transaction(
    subject: Subject,
    roles: Roles,
    transaction: Transaction,
    logs: Sequence[Log],
    blocks: dict[int, Block],
) -> None:
    number = logs[0].block
    block = blocks[number]
    if block.hash != logs[0].block_hash:
        subject.findings.add("chain_moved", subject.settlement, f"block {number} was replaced")
    subject.transactions += 1
    sender = transaction.sender.lower()
    function, calls = calls_of(transaction, subject.settlement)
    place = number, int(logs[0].log_index, 16)
    if function and not roles.may(function, sender, place, block.timestamp_s):
        subject.findings.add(
            "caller_without_role", subject.settlement, f"{function} by {sender}", number
        )
    events: dict[str, list[Event]] = {}
    for log in logs:
        event = event_of(log)
        address = log.address.lower()
        if event is None:
            subject.findings.add("unknown_event", address, f"topics {log.topics[:1]}", number)
        else:
            events.setdefault(address, []).append(event)
    for address, of_program in events.items():
        history = subject.programs[address]
        history.fold.apply(of_program, number, block.timestamp_s)
        made = calls.get(address, [])
        _compare(subject, history, made, of_program, block, sender)
        for call in made:
            if call.name == "applyBatch":
                history.words[call.args[0]] = call.args[2]
                subject.operations += len(call.args[2])
            elif call.name == "rebind":
                history.words[call.args[0]] = (int(call.args[2], 16) << 96 | 8 << 88,)
                subject.operations += 1


def _compare(
    subject: Subject,
    history: ProgramHistory,
    calls: Sequence[Call],
    events: list[Event],
    block: Block,
    sender: str,
) -> None:
    """Hold the logs of one transaction to its calldata; after a difference the logs count."""
    address = history.rules.address
    if not calls:
        issuers = sorted({event.name for event in events} & _ISSUERS)
        if "BatchApplied" in issuers:
            said = ", ".join(issuers)
            subject.findings.add("calldata_unknown", address, f"{said} by {sender}", block.height)
        elif issuers:
            subject.notes.append(f"{address} block {block.height}: {issuers[0]} through a contract")
        _follow_logs(history, events)
        return
    try:
        expected = history.replay.expected(calls, block.timestamp_s, sender)
    except Refused as refusal:
        subject.findings.add("calldata_disagrees", address, str(refusal), block.height)
        _follow_logs(history, events)
        return
    if expected != events:
        what = _first_difference(expected, events)
        subject.findings.add("calldata_disagrees", address, what, block.height)
        _follow_logs(history, events)


def _follow_logs(history: ProgramHistory, events: Iterable[Event]) -> None:
    """Take the members that these events or the last calls are about from the fold of the logs."""
    named = {arg for event in events for arg in event.args if isinstance(arg, str)}
    for member in (named | history.replay.touched) & history.fold.members.keys():
        history.replay.members[member] = history.fold.members[member].copy()
    history.replay.touched.clear()


def _first_difference(expected: Sequence[Event], found: Sequence[Event]) -> str:
    for number, (wanted, logged) in enumerate(zip(expected, found, strict=False), 1):
        if wanted != logged:
            return f"log {number}: {_said(logged)}, the calldata makes {_said(wanted)}"
    return f"{len(found)} logs, the calldata makes {len(expected)}"


def _said(event: Event) -> str:
    args = ("0x" + arg.hex() if isinstance(arg, bytes) else str(arg) for arg in event.args)
    return f"{event.name}({', '.join(args)})"
