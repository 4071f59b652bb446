"""Who may settle, as the settlement contract says now."""

from __future__ import annotations

from collections.abc import Iterator

from backend.chain.ask import ask_uint
from backend.chain.codec import encode_is_operator, encode_operator_from
from backend.chain.contracts import Deployment
from backend.chain.keccak import keccak256
from backend.chain.port import ChainReader, ChainRefused, Log

_OPERATOR_REMOVED = keccak256(b"OperatorRemoved(address)")


def is_operator(chain: ChainReader, deployment: Deployment, address: bytes) -> bool:
    """Whether the contract takes batches from this address now; raises ChainError."""
    return ask_uint(chain, deployment.settlement, encode_is_operator(address)) == 1


def operator_from_s(chain: ChainReader, deployment: Deployment, address: bytes) -> int:
    """The UTC second from which it does, 0 for an address that was not added; raises ChainError."""
    return ask_uint(chain, deployment.settlement, encode_operator_from(address))


def removed_operators(chain: ChainReader, deployment: Deployment) -> set[bytes]:
    """Addresses that the admin took out at some time, whatever they are now; raises ChainError."""
    last = chain.head().number
    return {log.topics[1][12:] for log in _removals(chain, deployment, last)}


def _removals(chain: ChainReader, deployment: Deployment, last: int) -> Iterator[Log]:
    first, span = deployment.first_block, last - deployment.first_block + 1
    while first <= last:
        end = min(last, first + span - 1)
        try:
            yield from chain.logs_in_range(first, end, [deployment.settlement], [_OPERATOR_REMOVED])
        except ChainRefused:
            # Nodes limit how many blocks one question may span.
            if span == 1:
                raise
            span = max(1, span // 2)
            continue
        first = end + 1
