"""A real chain with our contracts, made to order: an anvil of one's own, blocks mined on demand."""

from __future__ import annotations

import itertools
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import urllib3

from backend.chain import codec
from backend.chain.node import find_anvil, wait_until_ready
from backend.chain.program_rules import DEFAULT_RULES, ProgramRules
from backend.chain.rpc import JsonRpc
from backend.core.operations import Operation, encode_word
from scripts import _artifacts

ROOT: Final = Path(__file__).resolve().parent.parent
ADMIN: Final = bytes.fromhex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266")
OPERATOR: Final = bytes.fromhex("70997970c51812dc3a010c7d01b50e0d17dc79c8")
"""The first two of the accounts that every development node knows and signs for."""

TX_GAS: Final = 16_700_000
BLOCK_GAS: Final = 1_000_000_000


class Anvil:
    """A running anvil that mines only when told to; its RPC, cheats included."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = urllib3.PoolManager(retries=False, timeout=120)
        self._ids = itertools.count(1)

    def rpc(self, method: str, *params: object) -> Any:
        """The node's result; RuntimeError when it answers an error."""
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        response = self._http.request(
            "POST",
            self.url,
            body=msgspec.json.encode(request),
            headers={"Content-Type": "application/json"},
        )
        answer = msgspec.json.decode(response.data)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        self.rpc("anvil_mine", hex(blocks))

    def reorg(self, depth: int) -> None:
        """Replaces the newest `depth` blocks by as many empty ones."""
        self.rpc("anvil_reorg", depth, [])

    def rollback(self, depth: int) -> None:
        """Takes the newest `depth` blocks away."""
        self.rpc("anvil_rollback", depth)

    def head_number(self) -> int:
        return int(self.rpc("eth_blockNumber"), 16)


@contextmanager
def running_anvil(*options: str) -> Iterator[Anvil]:
    """An anvil on a free port; two blocks below the head are final."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(str(find_anvil(ROOT)), "--host", "127.0.0.1", "--port", str(port), "--quiet"),
        *("--no-mining", "--gas-limit", str(BLOCK_GAS), "--hardfork", "prague", "--no-cors"),
        *("--slots-in-an-epoch", "1", *options),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        anvil = Anvil(f"http://127.0.0.1:{port}")
        wait_until_ready(anvil.url, 60, lambda: process.poll() is None)
        yield anvil
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Chain:
    """Our contracts on an anvil, and the sequence that each program has reached."""

    anvil: Anvil
    factory: bytes
    settlement: bytes
    seqs: dict[bytes, int] = field(default_factory=dict)

    def reader(self, finality: str = "finalized") -> JsonRpc:
        return JsonRpc(self.anvil.url, finality)

    def create_program(
        self,
        number: int = 0,
        name: str = "Points",
        rules: ProgramRules = DEFAULT_RULES,
    ) -> bytes:
        """A new program, in a block of its own."""
        salt = number.to_bytes(32, "big")
        send(
            self.anvil,
            OPERATOR,
            self.factory,
            codec.encode_create_program(self.settlement, salt, name, "PTS", 0, rules),
        )
        self.anvil.mine()
        answer = self.reader().call(self.factory, codec.encode_program_of(self.settlement, salt))
        program = codec.decode_address(answer)
        self.seqs[program] = 0
        return program

    def settle(self, program: bytes, operations: Sequence[Operation], *, mine: bool = True) -> str:
        """One batch; the transaction's hash."""
        return self.settle_many([(program, operations)], mine=mine)

    def settle_many(
        self, parts: Sequence[tuple[bytes, Sequence[Operation]]], *, mine: bool = True
    ) -> str:
        """One transaction with a batch per part."""
        batches = []
        for program, operations in parts:
            self.seqs[program] += 1
            words = b"".join(encode_word(each).to_bytes(32, "big") for each in operations)
            seq = self.seqs[program]
            batches.append(codec.SettleBatch(program, seq, seq.to_bytes(32, "big"), words))
        tx_hash = send(self.anvil, OPERATOR, self.settlement, codec.encode_settle(batches))
        if mine:
            self.anvil.mine()
        return tx_hash

    def balance_of(self, program: bytes, member: bytes, block: int | None = None) -> int:
        answer = self.reader().call(program, codec.encode_balance_of(member), block=block)
        return codec.decode_uint(answer)

    def resync(self) -> None:
        """After a fork: the sequences as the chain now has them."""
        for program in self.seqs:
            answer = self.reader().call(program, codec.NEXT_SEQ)
            self.seqs[program] = codec.decode_uint(answer) - 1


def deploy(anvil: Anvil) -> Chain:
    """Logic, factory and settlement, each in a block of its own."""
    _artifacts.export()
    logic = _deploy(anvil, "LoyaltyProgram")
    factory = _deploy(anvil, "ProgramFactory", _word(32), _word(1), _word(logic))
    settlement = _deploy(
        anvil,
        "Settlement",
        *(_word(each) for each in (ADMIN, 0, 4 * 32, 0, 1, OPERATOR)),
    )
    return Chain(anvil, factory, settlement)


def member_address(index: int) -> bytes:
    """A member nobody has the key of; never zero."""
    return (0xA000_0000_0000 + index).to_bytes(20, "big")


def _deploy(anvil: Anvil, name: str, *arguments: bytes) -> bytes:
    bytecode = bytes.fromhex(_artifacts.load(name)["bytecode"][2:])
    tx_hash = send(anvil, ADMIN, None, bytecode + b"".join(arguments))
    anvil.mine()
    receipt = anvil.rpc("eth_getTransactionReceipt", tx_hash)
    if int(receipt["status"], 16) != 1:
        raise RuntimeError(f"{name} was not deployed")
    return bytes.fromhex(receipt["contractAddress"][2:])


def send(anvil: Anvil, sender: bytes, to: bytes | None, data: bytes) -> str:
    """A transaction of an account that the node signs for; its hash. Nothing is mined."""
    transaction = {"from": "0x" + sender.hex(), "data": "0x" + data.hex(), "gas": hex(TX_GAS)}
    if to is not None:
        transaction["to"] = "0x" + to.hex()
    return str(anvil.rpc("eth_sendTransaction", transaction))


def _word(value: int | bytes) -> bytes:
    return (int.from_bytes(value, "big") if isinstance(value, bytes) else value).to_bytes(32, "big")
