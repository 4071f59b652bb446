"""JSON-RPC over HTTP: the chain port on a real node.

One pooled keep-alive connection per thread, typed decoding, no retries: whoever calls decides
when to ask again.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec
import urllib3

from backend.chain.keccak import keccak256
from backend.chain.port import ChainRefused, ChainUnavailable, Header, Log, Receipt
from backend.chain.quantities import read_bytes, read_quantity, write_bytes
from backend.chain.rpc_types import RawHeader, RawLog, RawReceipt, Reply, error_of, logs_to_port

T = TypeVar("T")

_KNOWN_TRANSACTION: Final = re.compile(
    r"already ?known|already imported|^known transaction|already in (the )?(mem|tx)? ?pool",
    re.IGNORECASE,
)
_METHOD_NOT_FOUND: Final = -32601
_FALLBACK_PRIORITY_FEE_WEI: Final = 10**9

_BATCH_MAX: Final = 100
_text_reply = msgspec.json.Decoder(Reply[str])
_text_replies = msgspec.json.Decoder(list[Reply[str]])
_header_reply = msgspec.json.Decoder(Reply[RawHeader])
_logs_reply = msgspec.json.Decoder(Reply[list[RawLog]])
_receipt_reply = msgspec.json.Decoder(Reply[RawReceipt])


class JsonRpc:
    """A ChainWriter over a node's HTTP endpoint.

    Every method raises ChainUnavailable when there is no answer to rely on (no connection,
    timeout, HTTP error, broken JSON, missing fields) and ChainRefused when the node says no;
    `call` and `estimate_gas` raise CallReverted with the revert data.
    """

    def __init__(
        self,
        url: str,
        finality: str = "finalized",
        *,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 20.0,
        connections: int = 8,
    ) -> None:
        """`finality` is "finalized", "safe" or "depth:N"; ValueError for anything else."""
        self._finality_tag, self._finality_depth = _parse_finality(finality)
        self._url = url
        self._ids = itertools.count(1)
        self._http = urllib3.PoolManager(
            maxsize=connections,
            retries=False,
            timeout=urllib3.Timeout(connect=connect_timeout_s, read=read_timeout_s),
            headers={"Content-Type": "application/json"},
        )

    def __repr__(self) -> str:
        # Hosted nodes carry their key in the URL, so it is not shown.
        return "JsonRpc(…)"

    def close(self) -> None:
        self._http.clear()

    def chain_id(self) -> int:
        return self._quantity("eth_chainId")

    def head(self) -> Header:
        raw = self._ask(_header_reply, "eth_getBlockByNumber", "latest", False)
        if raw is None:
            raise ChainUnavailable("the node has no latest block")
        return _checked(raw)

    def header(self, number: int) -> Header | None:
        raw = self._ask(_header_reply, "eth_getBlockByNumber", hex(number), False)
        if raw is None:
            return None
        header = _checked(raw)
        if header.number != number:
            raise ChainUnavailable(f"asked for block {number}, got {header.number}")
        return header

    def finalized(self) -> Header:
        """The newest final block; the genesis while the chain has finalised nothing else."""
        number = 0
        if self._finality_tag is None:
            number = max(0, self.head().number - self._finality_depth)
        else:
            raw = self._ask(_header_reply, "eth_getBlockByNumber", self._finality_tag, False)
            if raw is not None:
                return _checked(raw)
        found = self.header(number)
        if found is None:
            raise ChainUnavailable(f"the node has no block {number} below its head")
        return found

    def logs_in_range(
        self,
        first_block: int,
        last_block: int,
        addresses: Sequence[bytes],
        any_topic0: Sequence[bytes],
    ) -> list[Log]:
        return self._logs(
            {"fromBlock": hex(first_block), "toBlock": hex(last_block)}, addresses, any_topic0
        )

    def logs_of_block(
        self, block_hash: bytes, addresses: Sequence[bytes], any_topic0: Sequence[bytes]
    ) -> list[Log]:
        return self._logs({"blockHash": write_bytes(block_hash)}, addresses, any_topic0)

    def call(
        self, to: bytes, data: bytes, block: int | None = None, sender: bytes | None = None
    ) -> bytes:
        transaction = _call_object(to, data, sender)
        return self._data("eth_call", transaction, "latest" if block is None else hex(block))

    def call_many(
        self, questions: Sequence[tuple[bytes, bytes]], block: int | None = None
    ) -> list[bytes]:
        tag = "latest" if block is None else hex(block)
        answers: list[bytes] = []
        for start in range(0, len(questions), _BATCH_MAX):
            page = questions[start : start + _BATCH_MAX]
            calls = [(_call_object(to, data, None), tag) for to, data in page]
            answers += self._ask_many("eth_call", calls)
        return answers

    def code(self, address: bytes) -> bytes:
        return self._data("eth_getCode", write_bytes(address), "latest")

    def balance_wei(self, address: bytes) -> int:
        return self._quantity("eth_getBalance", write_bytes(address), "latest")

    def nonce(self, address: bytes, block: int | None = None) -> int:
        tag = "latest" if block is None else hex(block)
        return self._quantity("eth_getTransactionCount", write_bytes(address), tag)

    def estimate_gas(self, to: bytes, data: bytes, sender: bytes) -> int:
        return self._quantity("eth_estimateGas", _call_object(to, data, sender))

    def priority_fee_wei(self) -> int:
        try:
            return self._quantity("eth_maxPriorityFeePerGas")
        except ChainRefused as refusal:
            if refusal.rpc_code == _METHOD_NOT_FOUND:
                return _FALLBACK_PRIORITY_FEE_WEI
            raise

    def send_raw(self, raw_transaction: bytes) -> None:
        try:
            self._data("eth_sendRawTransaction", write_bytes(raw_transaction))
        except ChainRefused as refusal:
            if not _KNOWN_TRANSACTION.search(refusal.message):
                raise

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        raw = self._ask(_receipt_reply, "eth_getTransactionReceipt", write_bytes(tx_hash))
        if raw is None:
            return None
        try:
            receipt = raw.to_port()
        except ValueError as error:
            raise ChainUnavailable(f"a broken receipt: {error}") from error
        if receipt.tx_hash != tx_hash:
            raise ChainUnavailable("the receipt of another transaction")
        return receipt

    def raw_transaction(self, tx_hash: bytes) -> bytes:
        """The signed bytes of a transaction in a block; not every node tells them."""
        raw = self._data("eth_getRawTransactionByHash", write_bytes(tx_hash))
        if keccak256(raw) != tx_hash:
            raise ChainUnavailable("the bytes of another transaction")
        return raw

    def _logs(
        self, where: dict[str, str], addresses: Sequence[bytes], any_topic0: Sequence[bytes]
    ) -> list[Log]:
        query: dict[str, object] = dict(where)
        if addresses:
            query["address"] = [write_bytes(address) for address in addresses]
        if any_topic0:
            query["topics"] = [[write_bytes(topic) for topic in any_topic0]]
        raw = self._ask(_logs_reply, "eth_getLogs", query)
        if raw is None:
            raise ChainUnavailable("the node answered null for logs")
        try:
            return logs_to_port(raw)
        except ValueError as error:
            raise ChainUnavailable(f"a broken log: {error}") from error

    def _quantity(self, method: str, *params: object) -> int:
        text = self._ask(_text_reply, method, *params)
        try:
            return read_quantity(text or "")
        except ValueError as error:
            raise ChainUnavailable(f"{method}: {error}") from error

    def _data(self, method: str, *params: object) -> bytes:
        text = self._ask(_text_reply, method, *params)
        try:
            return read_bytes(text or "")
        except ValueError as error:
            raise ChainUnavailable(f"{method}: {error}") from error

    def _ask(
        self, decoder: msgspec.json.Decoder[Reply[T]], method: str, *params: object
    ) -> T | None:
        request_id = next(self._ids)
        answer = self._post(method, _request(request_id, method, params))
        try:
            reply = decoder.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ChainUnavailable(f"{method}: {error}") from error
        if reply.error is not None:
            raise error_of(reply.error)
        if reply.id != request_id or isinstance(reply.result, msgspec.UnsetType):
            raise ChainUnavailable(f"{method}: not an answer to the question")
        return reply.result

    def _ask_many(self, method: str, calls: Sequence[tuple[object, ...]]) -> list[bytes]:
        """One HTTP request for all calls; the first refusal among the answers is raised."""
        numbers = [next(self._ids) for _ in calls]
        requests = [_request(n, method, call) for n, call in zip(numbers, calls, strict=True)]
        try:
            replies = _text_replies.decode(self._post(method, requests))
            results = {reply.id: reply for reply in replies}
            found = [results[number] for number in numbers]
            for reply in found:
                if reply.error is not None:
                    raise error_of(reply.error)
            return [read_bytes(reply.result or "") for reply in found]
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, ValueError) as error:
            raise ChainUnavailable(f"{method}: not an answer to each question: {error}") from error

    def _post(self, method: str, document: object) -> bytes:
        try:
            response = self._http.request("POST", self._url, body=msgspec.json.encode(document))
            answer = response.data
        except urllib3.exceptions.HTTPError as error:
            # The error's text names the URL, which may hold a key.
            raise ChainUnavailable(f"{method}: {type(error).__name__}") from None
        if response.status != 200:
            raise ChainUnavailable(f"{method}: HTTP status {response.status}")
        return answer


def _request(request_id: int, method: str, params: Sequence[object]) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


def _checked(raw: RawHeader) -> Header:
    try:
        return raw.to_port()
    except ValueError as error:
        raise ChainUnavailable(f"a broken block header: {error}") from error


def _call_object(to: bytes, data: bytes, sender: bytes | None) -> dict[str, str]:
    transaction = {"to": write_bytes(to), "data": write_bytes(data)}
    if sender is not None:
        transaction["from"] = write_bytes(sender)
    return transaction


def _parse_finality(finality: str) -> tuple[str | None, int]:
    kind, _, depth = finality.partition(":")
    if kind == "depth" and depth.isdecimal():
        return None, int(depth)
    if finality in {"finalized", "safe"}:
        return finality, 0
    raise ValueError(f"finality is finalized, safe or depth:N, not {finality!r}")
