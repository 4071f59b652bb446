"""Who may settle, as the settlement contract says now."""

from __future__ import annotations

from backend.chain.ask import ask_uint
from backend.chain.codec import encode_is_operator, encode_operator_from
from backend.chain.contracts import Deployment
from backend.chain.governance import logs_between
from backend.chain.keccak import keccak256
from backend.chain.port import ChainReader

_OPERATOR_REMOVED = keccak256(b"OperatorRemoved(address)")


def is_operator(chain: ChainReader, deployment: Deployment, address: bytes) -> bool:
    """Whether the contract takes batches from this address now; raises ChainError."""
    return ask_uint(chain, deployment.settlement, encode_is_operator(address)) == 1


def operator_from_s(chain: ChainReader, deployment: Deployment, address: bytes) -> int:
    """The UTC second from which it does, 0 for an address that was not added; raises ChainError."""
    return ask_uint(chain, deployment.settlement, encode_operator_from(address))


def removed_operators(chain: ChainReader, deployment: Deployment) -> set[bytes]:
    """Addresses that the admin took out at some time, whatever they are now; raises ChainError."""
    logs = logs_between(chain, deployment.first_block, [deployment.settlement], [_OPERATOR_REMOVED])
    return {log.topics[1][12:] for log in logs}
