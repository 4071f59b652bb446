"""Each program's state at the audited block, against its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_abi.exceptions import DecodingError

from auditor.abi import call_data, decoder
from auditor.contracts import Account, holds
from auditor.node import Node, NodeRefused, Request
from auditor.storage import STATE_SLOTS, cleared_slots, member_slot, program_slots, state_slots
from auditor.subject import ProgramHistory, Subject
from auditor.word import described


def check_program(
    node: Node, subject: Subject, history: ProgramHistory, account: Account, views: int | None
) -> None:
    """Words, storage, sums and views of one program.

    `views` limits of how many members the views are asked, None for all.
    """
    _check_words(subject, history)
    supply = sum(member.points for member in history.fold.members.values())
    if history.fold.supply != supply:
        what = f"transfers add up to {history.fold.supply}, balances to {supply}"
        subject.findings.add("supply_differs", history.rules.address, what)
    _check_storage(node, subject, history, account)
    try:
        _check_views(node, subject, history, views)
    except NodeRefused as refusal:
        # The storage root was proved; a node that forgets old state takes nothing from that.
        subject.notes.append(f"{history.rules.address}: views not asked ({refusal})")


def _check_words(subject: Subject, history: ProgramHistory) -> None:
    """The words from the logs are those from the calldata."""
    of_logs, of_calls = history.fold.members, history.replay.members
    for address in of_logs.keys() | of_calls.keys():
        logged = of_logs[address].word if address in of_logs else 0
        called = of_calls[address].word if address in of_calls else 0
        if logged != called:
            what = f"member {address}: logs {described(logged)}; calldata {described(called)}"
            subject.findings.add("words_disagree", history.rules.address, what)


def _check_storage(node: Node, subject: Subject, history: ProgramHistory, account: Account) -> None:
    """The program's storage is what the history makes; where it is not, find where."""
    address = history.rules.address
    expected = program_slots(history.fold, history.replay.members)
    cleared = cleared_slots(history.fold, history.replay.unknown)
    members = {member_slot(each): each for each in history.replay.members}
    state = state_slots(history.fold)
    try:
        if holds(node, subject, address, account, expected, cleared):
            return
        found = dict(zip(expected, _slots(node, subject, history, list(expected)), strict=True))
    except NodeRefused as refusal:
        what = f"its storage root, and the node cannot say where ({refusal})"
        subject.findings.add("storage_unknown", address, what)
        return
    if not holds(node, subject, address, account, found, cleared):
        subject.findings.add("storage_unknown", address, "slots that no transaction of ours wrote")
    different = [slot for slot, value in expected.items() if found[slot] != value]
    for slot in different:
        if slot in state:
            what = f"{STATE_SLOTS.get(slot, 'a string')}: {found[slot]:#x} for {expected[slot]:#x}"
            subject.findings.add("state_differs", address, what)
        else:
            stored, derived = described(found[slot]), described(expected[slot])
            what = f"member {members[slot]}: storage {stored}; history {derived}"
            subject.findings.add("word_differs", address, what)


def _slots(node: Node, subject: Subject, history: ProgramHistory, slots: list[int]) -> list[int]:
    tag = hex(subject.block.height)
    asked: list[Request] = [
        ("eth_getStorageAt", [history.rules.address, f"{slot:#066x}", tag]) for slot in slots
    ]
    return [int(value, 16) for value in node.many(str, asked)]


def _check_views(node: Node, subject: Subject, history: ProgramHistory, views: int | None) -> None:
    address, fold = history.rules.address, history.fold
    now = subject.block.timestamp_s
    limits = fold.limits.at(now)
    general: Mapping[str, tuple[tuple[str, ...], tuple[Any, ...]]] = {
        "totalSupply()": (("uint256",), (fold.supply,)),
        "nextSeq()": (("uint64",), (fold.last_seq + 1,)),
        "mintPaused()": (("bool",), (fold.paused,)),
        "limits()": (("uint64", "uint48", "uint48"), tuple(limits)),
        "redemptionUntil()": (("uint256",), (fold.redemption_until,)),
        "currentEpoch()": (("uint256",), (history.rules.calendar.period(now),)),
    }
    for signature, (kinds, wanted) in general.items():
        data = call_data(signature)
        answer = node.ask("eth_call", {"to": address, "data": data}, hex(subject.block.height))
        _compare(subject, address, signature, kinds, wanted, answer)
    _check_member_views(node, subject, history, views)


def _check_member_views(
    node: Node, subject: Subject, history: ProgramHistory, views: int | None
) -> None:
    rules = history.rules
    period = rules.calendar.period(subject.block.timestamp_s)
    members = sorted(history.replay.members)
    if views is not None and len(members) > views:
        members = members[:: -(-len(members) // views)] if views else []
    bucket_kinds = ("uint256", *["uint256"] * 5)
    for signature, kinds in (
        ("ledgerBalanceOf(address)", ("uint256",)),
        ("bucketsOf(address)", bucket_kinds),
    ):
        asked: list[Request] = []
        for each in members:
            call = {"to": rules.address, "data": call_data(signature, each)}
            asked.append(("eth_call", [call, hex(subject.block.height)]))
        for each, answer in zip(members, node.many(str, asked), strict=True):
            member = history.replay.members[each]
            buckets = member.buckets(period, rules.validity_periods)
            wanted = (member.points,) if len(kinds) == 1 else (period, *buckets)
            _compare(subject, rules.address, f"{signature} of {each}", kinds, wanted, answer)


def _compare(
    subject: Subject,
    address: str,
    what: str,
    kinds: tuple[str, ...],
    wanted: tuple[Any, ...],
    answer: str,
) -> None:
    try:
        found: tuple[Any, ...] | None = decoder(*kinds)(answer)
    except (DecodingError, ValueError):
        found = None
    if found != wanted:
        subject.findings.add("view_differs", address, f"{what} is {found}, not {wanted}")
