"""Questions whose answer is one number."""

from __future__ import annotations

from backend.chain.codec import decode_uint
from backend.chain.port import ChainReader, ChainUnavailable


def ask_uint(chain: ChainReader, to: bytes, data: bytes, block: int | None = None) -> int:
    """The contract's answer. Raises ChainUnavailable when it is none: a node that lags answers
    nothing for a contract that it does not have yet."""
    answer = chain.call(to, data, block=block)
    try:
        return decode_uint(answer)
    except ValueError as error:
        raise ChainUnavailable(f"0x{to.hex()} does not answer: {error}") from error
