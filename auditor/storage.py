"""Which slot of which contract must hold what: contracts/README.md and the compiler's layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from eth_utils.crypto import keccak

from auditor.fold import ProgramFold
from auditor.rules import Rules
from auditor.word import Member

STATE_SLOTS = {
    1: "sequence, supply, day and budgets used",
    2: "limits in force and closing",
    3: "limits announced",
    4: "hash of the terms",
    5: "URI of the terms",
    6: "date of the terms announced",
    7: "hash of the terms announced",
    8: "URI of the terms announced",
}


def member_slot(address: str) -> int:
    """The slot of a member's word: its address, then 12 zero bytes."""
    return int(address, 16) << 96


def program_slots(fold: ProgramFold, members: Mapping[str, Member]) -> dict[int, int]:
    """All that a program's storage holds after this history."""
    slots = {member_slot(address): member.word for address, member in members.items()}
    slots |= state_slots(fold)
    return slots


def state_slots(fold: ProgramFold) -> dict[int, int]:
    """What is not a member's: slots 1 to 8, and where long strings are."""
    limits, terms = fold.limits, fold.terms
    slots = {
        1: fold.last_seq
        | fold.supply << 64
        | fold.day << 128
        | fold.minted_today << 152
        | fold.debited_today << 200
        | fold.paused << 248,
        2: _packed_limits(limits.now)
        | limits.raise_at << 160
        | fold.redemption_until << 200
        | limits.written << 240,
        3: _packed_limits(limits.wanted),
        4: int.from_bytes(terms.hash, "big"),
        6: terms.next_from,
        7: int.from_bytes(terms.next_hash, "big"),
    }
    return slots | _string_slots(5, terms.uri) | _string_slots(8, terms.next_uri)


def cleared_slots(fold: ProgramFold, unknown: Iterable[str]) -> set[int]:
    """Slots that were read or written once and may be zero now: a trie should not keep them."""
    parts = range(-(-fold.terms.longest_uri // 32))
    texts = {_start(slot) + part for slot in (5, 8) for part in parts}
    return texts | {member_slot(address) for address in unknown}


def factory_slots(logics: Iterable[str], programs: Iterable[Rules]) -> dict[int, int]:
    """Versions in slot 0, programs by issuer and salt in slot 1."""
    addresses = [int(each, 16) for each in logics]
    start = _start(0)
    slots = {0: len(addresses)} | {start + i: each for i, each in enumerate(addresses)}
    for each in programs:
        of_issuer = keccak(_slot(int(each.issuer, 16)) + _slot(1))
        slots[int.from_bytes(keccak(each.salt + of_issuer), "big")] = int(each.address, 16)
    return slots


def operator_slot(address: str) -> int:
    """Where the settlement contract keeps since when an operator may settle."""
    return int.from_bytes(keccak(_slot(int(address, 16)) + _slot(3)), "big")


def _packed_limits(limits: tuple[int, int, int]) -> int:
    supply_cap, mint_per_day, debit_per_day = limits
    return supply_cap | mint_per_day << 64 | debit_per_day << 112


def _string_slots(slot: int, text: str) -> dict[int, int]:
    """Solidity's storage of a string: within its slot below 32 bytes, else at the slot's hash."""
    data = text.encode()
    if len(data) < 32:
        return {slot: int.from_bytes(data.ljust(31, b"\0"), "big") << 8 | 2 * len(data)}
    start = _start(slot)
    parts = [data[at : at + 32].ljust(32, b"\0") for at in range(0, len(data), 32)]
    own = {slot: 2 * len(data) + 1}
    return own | {start + i: int.from_bytes(part, "big") for i, part in enumerate(parts)}


def _start(slot: int) -> int:
    """Where the data of a dynamic value begins."""
    return int.from_bytes(keccak(_slot(slot)), "big")


def _slot(value: int) -> bytes:
    return value.to_bytes(32, "big")
