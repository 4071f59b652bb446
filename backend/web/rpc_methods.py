"""What a browser may ask a node: an allow-list of methods, each with the form of its parameters.

Pure. Whatever is not named here is refused: sending and signing, filters that a node keeps for the
caller, debug and trace methods, and the cheats of development nodes. What is allowed is written
anew from its checked parts, so nothing else reaches the node.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

Check = Callable[[Any], Any]

CALL_GAS: Final = hex(10_000_000)
"""Gas of a view. Ours take a hundredth of it; a loop somebody deployed ends here."""
SLOTS_MAX: Final = 16
ADDRESSES_MAX: Final = 64
TOPICS_MAX: Final = 16
CALLDATA_BYTES_MAX: Final = 8 * 1024

_HEX: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_QUANTITY: Final = re.compile(r"0x[0-9a-fA-F]{1,16}")
# No "pending": what is not in a block is nobody's to read yet.
_TAGS: Final = frozenset({"latest", "finalized", "safe", "earliest"})
_CALL_KEYS: Final = frozenset({"to", "data", "input"})
_FILTER_KEYS: Final = frozenset({"address", "topics", "fromBlock", "toBlock", "blockHash"})


class NotAllowed(Exception):
    """This method, or its parameters, are not for browsers; the message says which."""


def _bytes(size: int) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) != 2 + 2 * size or not _HEX.fullmatch(value):
            raise NotAllowed(f"a parameter is not {size} bytes in hexadecimal")
        return value

    return check


_address, _word = _bytes(20), _bytes(32)


def _slot(value: Any) -> str:
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return value
    checked: str = _word(value)
    return checked


def _block(value: Any) -> str:
    if isinstance(value, str) and (value in _TAGS or _QUANTITY.fullmatch(value)):
        return value
    raise NotAllowed("a block is a number in hexadecimal, latest, finalized, safe or earliest")


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise NotAllowed("a parameter is neither true nor false")
    return value


def _list(each: Check, most: int) -> Check:
    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise NotAllowed(f"a parameter is not a list of at most {most}")
        return [each(item) for item in value]

    return check


def _one_or_list(each: Check, most: int) -> Check:
    several = _list(each, most)
    return lambda value: several(value) if isinstance(value, list) else each(value)


def _object(value: Any, keys: frozenset[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or not keys.issuperset(value):
        raise NotAllowed(f"a parameter is not an object of {', '.join(sorted(keys))}")
    return value


def _call(value: Any) -> dict[str, str]:
    """A view of a contract: no sender, no value, no code of the caller's, gas of our choice."""
    call = _object(value, _CALL_KEYS)
    data = call.get("data", call.get("input", "0x"))
    if not isinstance(data, str) or not _HEX.fullmatch(data):
        raise NotAllowed("calldata is not bytes in hexadecimal")
    if len(data) > 2 + 2 * CALLDATA_BYTES_MAX:
        raise NotAllowed(f"calldata has at most {CALLDATA_BYTES_MAX} bytes")
    return {"to": _address(call.get("to")), "data": data, "gas": CALL_GAS}


def _topic(value: Any) -> Any:
    return None if value is None else _one_or_list(_word, TOPICS_MAX)(value)


def _filter(value: Any) -> dict[str, Any]:
    given = _object(value, _FILTER_KEYS)
    checks: dict[str, Check] = {
        "address": _one_or_list(_address, ADDRESSES_MAX),
        "topics": _list(_topic, 4),
        "fromBlock": _block,
        "toBlock": _block,
        "blockHash": _word,
    }
    return {key: checks[key](each) for key, each in given.items()}


METHODS: Final[dict[str, tuple[Check, ...]]] = {
    "eth_chainId": (),
    "eth_blockNumber": (),
    "eth_getBlockByNumber": (_block, _flag),
    "eth_getBlockByHash": (_word, _flag),
    "eth_getTransactionByHash": (_word,),
    "eth_getTransactionReceipt": (_word,),
    "eth_getLogs": (_filter,),
    "eth_call": (_call, _block),
    "eth_getCode": (_address, _block),
    "eth_getBalance": (_address, _block),
    "eth_getTransactionCount": (_address, _block),
    "eth_getStorageAt": (_address, _slot, _block),
    "eth_getProof": (_address, _list(_slot, SLOTS_MAX), _block),
}


def checked(method: str, params: Any) -> list[Any]:
    """The parameters as they go to the node; raises NotAllowed."""
    checks = METHODS.get(method)
    if checks is None:
        raise NotAllowed("this method is not for browsers")
    if not isinstance(params, list) or len(params) != len(checks):
        raise NotAllowed(f"{method} takes {len(checks)} parameters here")
    return [check(value) for check, value in zip(checks, params, strict=True)]
