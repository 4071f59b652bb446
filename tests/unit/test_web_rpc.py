"""What browsers may ask a node, in what form and how often."""

from __future__ import annotations

from typing import Any

import pytest

from backend.web.rate import Rate
from backend.web.rpc_methods import CALL_GAS, METHODS, NotAllowed, checked

ADDRESS, WORD = "0x" + "ab" * 20, "0x" + "cd" * 32

ALLOWED: list[tuple[str, list[Any]]] = [
    ("eth_chainId", []),
    ("eth_blockNumber", []),
    ("eth_getBlockByNumber", ["0x10", False]),
    ("eth_getBlockByNumber", ["finalized", True]),
    ("eth_getBlockByHash", [WORD, True]),
    ("eth_getTransactionByHash", [WORD]),
    ("eth_getTransactionReceipt", [WORD]),
    ("eth_getLogs", [{"address": [ADDRESS], "topics": [None, [WORD], WORD], "fromBlock": "0x0"}]),
    ("eth_getLogs", [{"blockHash": WORD}]),
    ("eth_getCode", [ADDRESS, "latest"]),
    ("eth_getBalance", [ADDRESS, "0x1"]),
    ("eth_getTransactionCount", [ADDRESS, "safe"]),
    ("eth_getStorageAt", [ADDRESS, "0x1", "latest"]),
    ("eth_getProof", [ADDRESS, [WORD, "0x0"], "earliest"]),
]

REFUSED = """
eth_sendTransaction eth_sendRawTransaction eth_sendRawTransactionSync eth_sendUnsignedTransaction
eth_sign eth_signTransaction eth_signTypedData eth_signTypedData_v4 eth_accounts eth_coinbase
eth_newFilter eth_newBlockFilter eth_newPendingTransactionFilter eth_getFilterChanges
eth_getFilterLogs eth_uninstallFilter eth_subscribe eth_unsubscribe eth_estimateGas
eth_createAccessList eth_simulateV1 eth_callMany eth_fillTransaction eth_submitWork
eth_submitHashrate eth_getWork eth_pendingTransactions
personal_sign personal_unlockAccount personal_sendTransaction personal_importRawKey
admin_addPeer admin_startHTTP admin_nodeInfo miner_start miner_setEtherbase txpool_content
txpool_inspect debug_traceTransaction debug_traceCall debug_setHead debug_storageRangeAt
trace_block trace_filter trace_call ots_getApiLevel erigon_getHeaderByNumber web3_sha3
evm_mine evm_snapshot evm_revert evm_increaseTime evm_setNextBlockTimestamp evm_setAutomine
evm_setIntervalMining evm_setAccountNonce anvil_mine anvil_reset anvil_setBalance anvil_setCode
anvil_setNonce anvil_setStorageAt anvil_impersonateAccount anvil_autoImpersonateAccount
anvil_loadState anvil_dumpState anvil_reorg anvil_rollback anvil_setRpcUrl anvil_dropTransaction
anvil_nodeInfo hardhat_mine hardhat_setStorageAt hardhat_setBalance hardhat_reset
hardhat_impersonateAccount tenderly_setBalance wallet_sendTransaction wallet_addEthereumChain
engine_newPayloadV3 engine_forkchoiceUpdatedV3 ETH_CHAINID eth_chainId\u0000 rpc_modules
""".split()


@pytest.mark.parametrize(("method", "params"), ALLOWED)
def test_what_reads_goes_through_unchanged(method: str, params: list[Any]) -> None:
    assert checked(method, params) == params


def test_every_allowed_method_was_tried() -> None:
    assert {*METHODS} == {method for method, _ in ALLOWED} | {"eth_call"}


@pytest.mark.parametrize("method", REFUSED)
def test_what_changes_or_debugs_or_is_kept_is_refused(method: str) -> None:
    attempts: list[list[Any]] = [[], [{}], [ADDRESS], [ADDRESS, "latest"]]
    for params in attempts:
        with pytest.raises(NotAllowed, match="not for browsers"):
            checked(method, params)


def test_a_call_is_of_a_contract_with_gas_of_our_choice() -> None:
    sent = checked("eth_call", [{"to": ADDRESS, "input": "0x70a08231"}, "latest"])
    assert sent == [{"to": ADDRESS, "data": "0x70a08231", "gas": CALL_GAS}, "latest"]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_call", [{"data": "0x6000"}, "latest"]),
        ("eth_call", [{"to": ADDRESS, "from": ADDRESS}, "latest"]),
        ("eth_call", [{"to": ADDRESS, "gas": "0xffffffff"}, "latest"]),
        ("eth_call", [{"to": ADDRESS}, "latest", {ADDRESS: {"code": "0x00"}}]),
        ("eth_call", [{"to": ADDRESS}, "pending"]),
        ("eth_call", [{"to": ADDRESS, "data": "0x" + "00" * 9000}, "latest"]),
        ("eth_call", [{"to": ADDRESS, "data": "0x123"}, "latest"]),
        ("eth_getBlockByNumber", ["pending", False]),
        ("eth_getBlockByNumber", [1, False]),
        ("eth_getBlockByNumber", ["0x1", "false"]),
        ("eth_getBlockByNumber", ["0x1"]),
        ("eth_getProof", [ADDRESS, [WORD] * 17, "latest"]),
        ("eth_getProof", [ADDRESS, WORD, "latest"]),
        ("eth_getLogs", [{"address": [ADDRESS] * 65}]),
        ("eth_getLogs", [{"topics": [None] * 5}]),
        ("eth_getLogs", [{"limit": 1}]),
        ("eth_getLogs", [[]]),
        ("eth_getCode", [ADDRESS + "00", "latest"]),
        ("eth_getCode", ["ab" * 21, "latest"]),
        ("eth_getCode", {"address": ADDRESS}),
        ("eth_chainId", None),
    ],
)
def test_parameters_of_another_form_are_refused(method: str, params: Any) -> None:
    with pytest.raises(NotAllowed):
        checked(method, params)


def test_a_caller_may_ask_so_much_and_more_after_a_while() -> None:
    now = [0]
    rate = Rate(lambda: now[0], burst=10, per_second=2, callers_max=2)
    assert rate.take("a", 10)
    assert not rate.take("a", 1)
    assert rate.take("b", 1), "one caller's questions are not another's"
    now[0] = 499
    assert not rate.take("a", 1)
    now[0] = 500
    assert rate.take("a", 1)
    assert not rate.take("a", 1)
    now[0] = 10**9
    assert rate.take("a", 10)
    assert not rate.take("a", 1), "waiting for long saves up no more than a burst"
    assert not rate.take("c", 11)
    assert len(rate._buckets) == 2


def test_a_clock_that_goes_back_gives_nothing() -> None:
    now = [1000]
    rate = Rate(lambda: now[0], burst=1, per_second=1)
    assert rate.take("a", 1)
    now[0] = 0
    assert not rate.take("a", 1)
