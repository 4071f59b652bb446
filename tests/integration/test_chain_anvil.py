"""The chain adapter on a real node, and what of a node outlives kill -9."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.chain import codec
from backend.chain.contract_errors import decode_error
from backend.chain.fees import Fees
from backend.chain.node import NodeError, NodeOptions, StateKeeper, prepare_state, wait_until_ready
from backend.chain.port import CallReverted, ChainRefused, ChainUnavailable
from backend.chain.signer import LaneSigner, UnsignedTransaction
from backend.core.operations import Kind, Operation, encode_word
from backend.settlement.lanes import TX_GAS_MAX, creation_gas, settle_gas
from tests.anvil import ADMIN, CHAIN_ID, Anvil, anvil, deploy, lane_signers

SALT = b"\x07" * 32


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    with anvil(tmp_path_factory.mktemp("anvil")) as running:
        yield running


def send(node: Anvil, signer: LaneSigner, to: bytes, data: bytes, gas_limit: int) -> bytes:
    nonce = node.chain.nonce(signer.address)
    fees = Fees(10**11, 10**9)
    signed = signer.sign(UnsignedTransaction(CHAIN_ID, nonce, to, data, gas_limit, fees))
    node.chain.send_raw(signed.raw)
    node.chain.send_raw(signed.raw)
    node.mine()
    return signed.hash


def test_everything_the_settler_sends_and_the_indexer_reads(node: Anvil) -> None:
    [signer] = lane_signers(1)
    chain, deployment = node.chain, deploy(node, [signer.address])
    assert chain.chain_id() == CHAIN_ID
    assert chain.balance_wei(signer.address) > 10**18
    assert len(chain.code(deployment.settlement)) > 100
    question = codec.encode_is_operator(signer.address)
    assert codec.decode_uint(chain.call(deployment.settlement, question)) == 1
    name, symbol = "Boulangerie Méreau & fils · " * 8, "PTS"
    calldata = codec.encode_create_program(deployment.settlement, SALT, name, symbol, 2)
    estimate = chain.estimate_gas(deployment.factory, calldata, signer.address)
    assert estimate <= creation_gas(calldata)
    send(node, signer, deployment.factory, calldata, creation_gas(calldata))
    answer = chain.call(deployment.factory, codec.encode_program_of(deployment.settlement, SALT))
    program = codec.decode_address(answer)
    [created] = chain.logs_of_block(
        chain.head().hash, [deployment.factory], [codec.PROGRAM_CREATED_TOPIC]
    )
    event = codec.decode_program_created(created)
    assert (event.program, event.issuer, event.salt) == (program, deployment.settlement, SALT)
    assert (event.name, event.symbol, event.decimals, event.version) == (name, symbol, 2, 1)
    words = [Operation(Kind.ACCRUE, n.to_bytes(20), 5) for n in range(1, 601)]
    packed = b"".join(encode_word(word).to_bytes(32) for word in words)
    batch = codec.SettleBatch(program, 1, b"\x09" * 32, packed)
    tx_hash = send(
        node, signer, deployment.settlement, codec.encode_settle([batch]), settle_gas([600])
    )
    receipt = chain.receipt(tx_hash)
    assert receipt is not None
    assert receipt.succeeded
    # New holders are the dearest case: the bound has room above it and below the limit.
    assert receipt.gas_used < settle_gas([600]) * 0.95 < TX_GAS_MAX * 0.95
    logs = chain.logs_in_range(
        0, chain.head().number, [program], [codec.TRANSFER_TOPIC, codec.BATCH_APPLIED_TOPIC]
    )
    transfers = [codec.decode_transfer(log) for log in logs[:-1]]
    assert [(t.member, t.points) for t in transfers] == [(w.member, 5) for w in words]
    applied = codec.decode_batch_applied(logs[-1])
    assert (applied.seq, applied.word_count, applied.minted_points) == (1, 600, 3000)
    assert codec.decode_uint(chain.call(program, codec.TOTAL_SUPPLY)) == 3000
    assert codec.decode_uint(chain.call(program, codec.NEXT_SEQ)) == 2
    balance = codec.encode_balance_of(words[0].member)
    assert codec.decode_uint(chain.call(program, balance)) == 5
    with pytest.raises(CallReverted) as reverted:
        chain.call(deployment.settlement, codec.encode_settle([batch]), sender=signer.address)
    assert str(decode_error(reverted.value.data)) == "BadSequence(expected=2, given=1)"
    with pytest.raises(CallReverted) as reverted:
        chain.estimate_gas(deployment.settlement, codec.encode_settle([batch]), ADMIN)
    assert decode_error(reverted.value.data).name == "NotOperator"


def test_what_a_node_refuses_comes_through_as_refused(node: Anvil) -> None:
    signer, to = lane_signers(4)[3], b"\x01" * 20

    def signed(nonce: int, fees: Fees, gas_limit: int = 100_000, data: bytes = b"") -> bytes:
        return signer.sign(UnsignedTransaction(CHAIN_ID, nonce, to, data, gas_limit, fees)).raw

    node.chain.send_raw(signed(0, Fees(10**11, 10**9)))
    with pytest.raises(ChainRefused, match="underpriced"):
        node.chain.send_raw(signed(0, Fees(10**10, 10**9), data=b"\x01"))
    node.chain.send_raw(signed(0, Fees(10**11 * 9 // 8, 10**9 * 9 // 8), data=b"\x02"))
    node.mine()
    with pytest.raises(ChainRefused, match="nonce too low"):
        node.chain.send_raw(signed(0, Fees(10**11, 10**9), data=b"\x03"))
    # EIP-7825: a transaction above the limit is not taken.
    with pytest.raises(ChainRefused):
        node.chain.send_raw(signed(1, Fees(10**11, 10**9), gas_limit=TX_GAS_MAX + 1))
    with pytest.raises(ChainUnavailable):
        node.chain.call(to, b"", block=node.chain.head().number + 10)


def test_nonces_of_earlier_blocks_can_be_read(node: Anvil) -> None:
    signer = lane_signers(5)[4]
    before = node.chain.head().number
    send(node, signer, b"\x01" * 20, b"", 100_000)
    assert node.chain.nonce(signer.address) == 1
    assert node.chain.nonce(signer.address, before) == 0
    node.mine(20)
    assert node.chain.nonce(signer.address, node.chain.finalized().number) == 1


def test_what_is_saved_outlives_kill_9_with_the_same_hashes(tmp_path: Path) -> None:
    with anvil(tmp_path, block_time_seconds=1) as node:
        state_file = tmp_path / "anvil.json"
        keeper = StateKeeper(state_file)
        for _ in range(2):
            hashes: dict[int, bytes] = {}
            for _ in range(25):
                head = node.chain.head()
                hashes[head.number] = head.hash
                keeper.tick()
                time.sleep(0.2)
            node.kill()
            prepare_state(state_file)
            node.restart()
            reached = node.chain.head().number
            options = NodeOptions(port=1, state_file=state_file, state_interval_seconds=2)
            assert reached >= max(hashes) - 2 * options.slots_in_an_epoch
            for number, block_hash in hashes.items():
                if number <= reached - 1:
                    found = node.chain.header(number)
                    assert found is not None
                    assert found.hash == block_hash


def test_waiting_for_a_node_that_does_not_come() -> None:
    with pytest.raises(NodeError, match="did not answer"):
        wait_until_ready("http://127.0.0.1:9", 0.2, sleep=lambda _: None)
    with pytest.raises(NodeError, match="exited"):
        wait_until_ready("http://127.0.0.1:9", 5, lambda: False)
