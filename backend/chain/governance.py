"""Who changed what may be done to a program, and when: the rarer events of contract and settlement.

Read from the node when somebody asks; auditors do so now and then, tills never.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from eth_abi.abi import decode

from backend.chain.contracts import Deployment
from backend.chain.keccak import checksummed, keccak256
from backend.chain.port import ChainReader, ChainRefused, Log

Value = int | bool | str


@dataclass(frozen=True, slots=True)
class _Shape:
    """An event: its arguments by name and type, the first `indexed` of them in topics."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    indexed: int

    @property
    def topic(self) -> bytes:
        types = ",".join(kind for _, kind in self.arguments)
        return keccak256(f"{self.name}({types})".encode())


_ADDRESS: Final = "address"
_SHAPES: Final = (
    _Shape("OperatorAdded", (("operator", _ADDRESS),), 1),
    _Shape("OperatorActive", (("operator", _ADDRESS), ("active_from", "uint256")), 1),
    _Shape("OperatorRemoved", (("operator", _ADDRESS),), 1),
    _Shape("GuardianNamed", (("next", _ADDRESS), ("active_from", "uint256")), 1),
    _Shape("GuardianChanged", (("previous", _ADDRESS), ("current", _ADDRESS)), 2),
    _Shape("AdminTransferStarted", (("current", _ADDRESS), ("pending", _ADDRESS)), 2),
    _Shape("AdminChanged", (("previous", _ADDRESS), ("current", _ADDRESS)), 2),
    _Shape("ProgramPaused", (("program", _ADDRESS), ("account", _ADDRESS)), 2),
    _Shape("ProgramUnpaused", (("program", _ADDRESS), ("account", _ADDRESS)), 2),
    _Shape("MintPauseSet", (("paused", "bool"),), 0),
    _Shape(
        "LimitsChanged",
        (("supply_cap", "uint64"), ("mint_per_day", "uint48"), ("debit_per_day", "uint48")),
        0,
    ),
    _Shape(
        "LimitsAnnounced",
        (
            ("supply_cap", "uint64"),
            ("mint_per_day", "uint48"),
            ("debit_per_day", "uint48"),
            ("effective_at", "uint256"),
        ),
        0,
    ),
    _Shape(
        "TermsAnnounced",
        (("terms_hash", "bytes32"), ("uri", "string"), ("effective_at", "uint256")),
        1,
    ),
    _Shape("ClosingAnnounced", (("redemption_until", "uint256"),), 0),
)
_BY_TOPIC: Final = {shape.topic: shape for shape in _SHAPES}


@dataclass(frozen=True, slots=True)
class Change:
    """One such event; addresses are checksummed, hashes 0x hex."""

    name: str
    values: dict[str, Value]
    contract: str
    block_number: int
    tx_hash: str


def changes_of(chain: ChainReader, deployment: Deployment, program: bytes) -> list[Change]:
    """The program's changes and the settlement contract's, newest first. Raises ChainError."""
    addresses = [deployment.settlement, program]
    logs = logs_between(chain, deployment.first_block, addresses, list(_BY_TOPIC))
    found = [change for log in logs if (change := _change(log, program)) is not None]
    return found[::-1]


def logs_between(
    chain: ChainReader, first: int, addresses: Sequence[bytes], topics: Sequence[bytes]
) -> Iterator[Log]:
    """Logs from `first` to the head, in ranges that the node will answer. Raises ChainError."""
    last = chain.head().number
    span = last - first + 1
    while first <= last:
        end = min(last, first + span - 1)
        try:
            yield from chain.logs_in_range(first, end, addresses, topics)
        except ChainRefused:
            # Nodes limit how many blocks one question may span.
            if span == 1:
                raise
            span = max(1, span // 2)
            continue
        first = end + 1


def _change(log: Log, program: bytes) -> Change | None:
    shape = _BY_TOPIC[log.topics[0]]
    types = [kind for _, kind in shape.arguments]
    values = [
        decode([kind], topic)[0]
        for kind, topic in zip(types[: shape.indexed], log.topics[1:], strict=True)
    ]
    values += decode(types[shape.indexed :], log.data)
    named = {
        name: _plain(kind, value)
        for (name, kind), value in zip(shape.arguments, values, strict=True)
    }
    if named.get("program", checksummed(program)) != checksummed(program):
        return None
    return Change(
        shape.name,
        named,
        checksummed(log.address),
        log.block_number,
        f"0x{log.tx_hash.hex()}",
    )


def _plain(kind: str, value: Value | bytes) -> Value:
    if kind == _ADDRESS:
        return checksummed(bytes.fromhex(str(value)[2:]))
    return f"0x{value.hex()}" if isinstance(value, bytes) else value
