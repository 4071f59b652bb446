"""Every way a node can fail to answer, and what is made of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from backend.chain.port import CallReverted, ChainRefused, ChainUnavailable
from backend.chain.rpc import JsonRpc

Answer = Callable[[dict[str, Any]], tuple[int, bytes]]

HEADER = {
    "number": "0x10",
    "hash": "0x" + "01" * 32,
    "parentHash": "0x" + "02" * 32,
    "timestamp": "0x65",
    "logsBloom": "0x" + "00" * 256,
    "gasLimit": "0x1c9c380",
    "baseFeePerGas": "0x7",
    "transactions": ["0x" + "03" * 32],
}


class Node:
    """An HTTP server whose answer a test sets; it keeps the questions."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: (500, b"")
        self.asked: list[dict[str, Any]] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                node.asked.append(body)
                status, answer = node.answer(body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Nothing on the tests' output."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def result(self, value: Any) -> None:
        self.answer = lambda body: (200, json.dumps({"id": body["id"], "result": value}).encode())

    def error(self, code: int, message: str, **extra: Any) -> None:
        fault = {"code": code, "message": message, **extra}
        self.answer = lambda body: (200, json.dumps({"id": body["id"], "error": fault}).encode())


@pytest.fixture
def node() -> Iterator[Node]:
    server = Node()
    thread = threading.Thread(target=server.server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.server.shutdown()
    server.server.server_close()
    thread.join()


@pytest.fixture
def rpc(node: Node) -> Iterator[JsonRpc]:
    chain = JsonRpc(node.url, read_timeout_s=1.0)
    yield chain
    chain.close()


def test_a_header_is_read(node: Node, rpc: JsonRpc) -> None:
    node.result(HEADER)
    head = rpc.head()
    assert (head.number, head.timestamp_s, head.base_fee_wei) == (16, 101, 7)
    assert node.asked[0]["params"] == ["latest", False]
    with pytest.raises(ChainUnavailable, match="asked for block 17"):
        rpc.header(17)


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"{}"),
        (429, b"{}"),
        (200, b""),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b'{"id":1}'),
        (200, b'{"id":99,"result":"0x1"}'),
        (200, b'{"id":1,"result":5}'),
        (200, b'{"id":1,"result":"12"}'),
        (200, b'{"id":1,"result":"0xzz"}'),
        (200, b'{"id":1,"result":null}'),
        (200, b'{"id":1,"result":"\xff"}'),
        (200, b'{"id":1,"result":"0x1"'),
    ],
)
def test_what_is_no_answer_is_unavailable(
    node: Node, rpc: JsonRpc, answer: tuple[int, bytes]
) -> None:
    node.answer = lambda _: answer
    with pytest.raises(ChainUnavailable):
        rpc.chain_id()


@pytest.mark.parametrize("missing", ["hash", "parentHash", "number", "timestamp", "logsBloom"])
def test_a_header_with_a_field_missing_is_unavailable(
    node: Node, rpc: JsonRpc, missing: str
) -> None:
    node.result({key: value for key, value in HEADER.items() if key != missing})
    with pytest.raises(ChainUnavailable):
        rpc.head()
    node.result(HEADER | {missing: "0x01zz"})
    with pytest.raises(ChainUnavailable):
        rpc.head()


def test_nobody_there_and_nobody_in_time(node: Node) -> None:
    silent = JsonRpc("http://127.0.0.1:9", connect_timeout_s=0.2)
    with pytest.raises(ChainUnavailable) as refused:
        silent.chain_id()
    assert "127.0.0.1" not in str(refused.value)
    assert "127.0.0.1" not in repr(silent)
    done = threading.Event()

    def slow(_: dict[str, Any]) -> tuple[int, bytes]:
        done.wait(5)
        return 200, b"{}"

    node.answer = slow
    impatient = JsonRpc(node.url, read_timeout_s=0.1)
    with pytest.raises(ChainUnavailable):
        impatient.chain_id()
    done.set()
    impatient.close()
    silent.close()


@pytest.mark.parametrize(
    ("fault", "data"),
    [
        ({"code": 3, "message": "execution reverted", "data": "0x12345678"}, "12345678"),
        ({"code": -32000, "message": "execution reverted: no"}, ""),
        ({"code": -32015, "message": "VM execution error", "data": "Reverted 0x1234"}, "1234"),
        ({"code": 3, "message": "reverted", "data": {"data": "0xabcd"}}, "abcd"),
        ({"code": 3, "message": "execution reverted", "data": None}, ""),
    ],
)
def test_a_revert_carries_its_data(
    node: Node, rpc: JsonRpc, fault: dict[str, Any], data: str
) -> None:
    node.error(**fault)
    with pytest.raises(CallReverted) as reverted:
        rpc.call(b"\x01" * 20, b"\x02", sender=b"\x03" * 20)
    assert reverted.value.data.hex() == data
    assert node.asked[0]["params"][0]["from"] == "0x" + "03" * 20


def test_refusals_and_passing_troubles_are_told_apart(node: Node, rpc: JsonRpc) -> None:
    for code, message in ((-32000, "nonce too low"), (-32003, "replacement underpriced")):
        node.error(code, message)
        with pytest.raises(ChainRefused, match=message):
            rpc.send_raw(b"\x02")
    for code, message in (
        (-32005, "limit exceeded"),
        (-32603, "internal error"),
        (-32000, "header not found"),
        (-32602, "BlockOutOfRangeError: block height is 8 but requested was 9"),
    ):
        node.error(code, message)
        with pytest.raises(ChainUnavailable, match=message):
            rpc.call(b"\x01" * 20, b"")


@pytest.mark.parametrize(
    "message",
    ["already known", "transaction already imported", "AlreadyKnown", "known transaction: 0x12"],
)
def test_a_node_that_knows_the_transaction_is_a_success(
    node: Node, rpc: JsonRpc, message: str
) -> None:
    node.error(-32000, message)
    rpc.send_raw(b"\x02")
    node.error(-32000, "unknown transaction type")
    with pytest.raises(ChainRefused):
        rpc.send_raw(b"\x02")


def test_receipts(node: Node, rpc: JsonRpc) -> None:
    node.result(None)
    assert rpc.receipt(b"\x05" * 32) is None
    receipt = {
        "transactionHash": "0x" + "05" * 32,
        "blockNumber": "0x2",
        "blockHash": "0x" + "06" * 32,
        "status": "0x0",
        "gasUsed": "0x5208",
        "effectiveGasPrice": "0x1",
    }
    node.result(receipt)
    found = rpc.receipt(b"\x05" * 32)
    assert found is not None
    assert not found.succeeded
    with pytest.raises(ChainUnavailable, match="another transaction"):
        rpc.receipt(b"\x07" * 32)
    node.result(receipt | {"blockNumber": None})
    with pytest.raises(ChainUnavailable):
        rpc.receipt(b"\x05" * 32)


def test_logs(node: Node, rpc: JsonRpc) -> None:
    entry = {
        "address": "0x" + "0a" * 20,
        "topics": ["0x" + "0b" * 32],
        "data": "0x" + "0c" * 32,
        "blockNumber": "0x2",
        "blockHash": "0x" + "06" * 32,
        "transactionHash": "0x" + "05" * 32,
        "transactionIndex": "0x0",
        "logIndex": "0x3",
        "removed": False,
    }
    node.result([entry, entry | {"removed": True}])
    [found] = rpc.logs_in_range(1, 9, [b"\x0a" * 20], [b"\x0b" * 32])
    assert (found.log_index, found.topics) == (3, (b"\x0b" * 32,))
    assert node.asked[0]["params"] == [
        {
            "fromBlock": "0x1",
            "toBlock": "0x9",
            "address": ["0x" + "0a" * 20],
            "topics": [["0x" + "0b" * 32]],
        }
    ]
    rpc.logs_of_block(b"\x06" * 32, [], [])
    assert node.asked[1]["params"] == [{"blockHash": "0x" + "06" * 32}]
    for broken in (None, [entry | {"blockHash": None}], [entry | {"address": "0x01"}]):
        node.result(broken)
        with pytest.raises(ChainUnavailable):
            rpc.logs_in_range(1, 9, [], [])


def test_finality(node: Node) -> None:
    node.result(HEADER)
    assert JsonRpc(node.url, "safe").finalized().number == 16
    assert node.asked[-1]["params"] == ["safe", False]
    assert JsonRpc(node.url, "depth:0").finalized().number == 16
    for depth, number in (("5", 11), ("50", 0)):
        with pytest.raises(ChainUnavailable, match=f"asked for block {number}, got 16"):
            JsonRpc(node.url, f"depth:{depth}").finalized()
    node.result(None)
    with pytest.raises(ChainUnavailable, match="no block 0"):
        JsonRpc(node.url).finalized()
    for wrong in ("latest", "depth:", "depth:-1", ""):
        with pytest.raises(ValueError, match="finality"):
            JsonRpc(node.url, wrong)


def test_a_node_without_fee_hints_gets_one_gwei(node: Node, rpc: JsonRpc) -> None:
    node.error(-32601, "method not found")
    assert rpc.priority_fee_wei() == 10**9
    node.error(-32000, "no")
    with pytest.raises(ChainRefused):
        rpc.priority_fee_wei()
