"""Questions to a node: JSON-RPC, many in one request, logs in ranges that the node will answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
import urllib3

Request = tuple[str, list[Any]]
_T = TypeVar("_T")

_FIRST_SPAN_BLOCKS: Final = 5_000
_LAST_SPAN_BLOCKS: Final = 200_000
_MANY_LOGS: Final = 20_000


class NodeUnavailable(Exception):
    """The node does not answer, or not with JSON-RPC."""


class NodeRefused(Exception):
    """The node answered an error; the message is its own."""


class NotAsked(NodeRefused):
    """Not a node but a record of one, and nobody asked it this."""


class Log(msgspec.Struct, frozen=True, rename="camel"):
    """A log as JSON-RPC gives it."""

    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str

    @property
    def block(self) -> int:
        return int(self.block_number, 16)


class Transaction(msgspec.Struct, frozen=True, rename={"sender": "from", "data": "input"}):
    """A transaction as JSON-RPC gives it."""

    hash: str
    sender: str
    data: str
    to: str | None = None


class Block(msgspec.Struct, frozen=True, rename="camel"):
    """What we need of a header."""

    number: str
    hash: str
    timestamp: str
    state_root: str

    @property
    def height(self) -> int:
        return int(self.number, 16)

    @property
    def timestamp_s(self) -> int:
        return int(self.timestamp, 16)


class Envelope(msgspec.Struct, frozen=True):
    """An answer around its result, which is read only once its type is known."""

    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: Any = None

    @property
    def is_null(self) -> bool:
        return self.error is None and bytes(self.result) == b"null"


class Node:
    """A node, asked over HTTP. `url` may hold a secret and is never part of a message."""

    def __init__(self, url: str, *, requests_per_batch: int = 250, timeout_s: int = 120) -> None:
        self._url = url
        self._per_batch = requests_per_batch
        self._http = urllib3.PoolManager(retries=False, timeout=timeout_s)

    def ask(self, method: str, *params: Any) -> Any:
        """One answer. Raises NodeUnavailable and NodeRefused."""
        return self.typed(Any, method, *params)

    def typed(self, kind: type[_T], method: str, *params: Any) -> _T:
        """One answer of a type. Raises NodeUnavailable and NodeRefused."""
        (envelope,) = self.fetch([(method, list(params))])
        return _result(envelope, kind)

    def many(self, kind: type[_T], requests: Sequence[Request]) -> Iterator[_T]:
        """Answers in order; none is null. Raises NodeUnavailable and NodeRefused."""
        for start in range(0, len(requests), self._per_batch):
            part = list(requests[start : start + self._per_batch])
            for (method, params), envelope in zip(part, self.fetch(part), strict=True):
                if envelope.is_null:
                    raise NodeRefused(f"there is nothing for {method} {params[0]}")
                yield _result(envelope, kind)

    def fetch(self, requests: list[Request]) -> list[Envelope]:
        """The answers of one round trip, in order. Raises NodeUnavailable."""
        body = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(requests)
        ]
        if len(body) == 1:
            return [self._post(body[0], Envelope)]
        by_id = {answer.id: answer for answer in self._post(body, list[Envelope])}
        if len(by_id) != len(body):
            raise NodeUnavailable(f"{len(by_id)} answers to {len(body)} questions")
        return [by_id[number] for number in range(len(body))]

    def logs(
        self, addresses: Sequence[str], first: int, last: int
    ) -> Iterator[tuple[int, list[Log]]]:
        """All logs of `addresses` in blocks `first` to `last`, in order, in parts.

        Each part comes with the number of the last block it covers. A node that refuses a range is
        asked for half of it.
        """
        span = _FIRST_SPAN_BLOCKS
        while first <= last:
            end = min(last, first + span - 1)
            query = {"address": list(addresses), "fromBlock": hex(first), "toBlock": hex(end)}
            try:
                found = self.typed(list[Log], "eth_getLogs", query)
            except NodeRefused:
                if end == first:
                    raise
                span = max(1, (end - first + 1) // 2)
                continue
            found.sort(key=lambda log: (log.block, int(log.log_index, 16)))
            yield end, found
            first = end + 1
            if len(found) < _MANY_LOGS:
                span = min(_LAST_SPAN_BLOCKS, span * 2)

    def block(self, which: str | int) -> Block:
        """A header by tag or number; NodeRefused when there is none."""
        tag = hex(which) if isinstance(which, int) else which
        (found,) = self.many(Block, [("eth_getBlockByNumber", [tag, False])])
        return found

    def _post(self, body: Any, kind: type[_T]) -> _T:
        try:
            response = self._http.request(
                "POST",
                self._url,
                body=msgspec.json.encode(body),
                headers={"Content-Type": "application/json"},
            )
        except urllib3.exceptions.HTTPError as failure:
            raise NodeUnavailable(type(failure).__name__) from None
        try:
            return msgspec.json.decode(response.data, type=kind)
        except msgspec.DecodeError:
            raise NodeUnavailable(f"HTTP {response.status} without a JSON-RPC answer") from None


def _result(answer: Envelope, kind: type[_T]) -> _T:
    if answer.error is not None:
        message = answer.error.get("message") if isinstance(answer.error, dict) else answer.error
        raise NodeRefused(str(message)[:300])
    try:
        return msgspec.json.decode(answer.result, type=kind)
    except msgspec.DecodeError as wrong:
        raise NodeUnavailable(f"an answer of another form: {wrong}") from None
