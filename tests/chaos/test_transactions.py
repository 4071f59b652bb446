"""What happens to transactions between the settler and a block, to processes that are real."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from backend.chain.quantities import write_bytes
from backend.ledger.columns import table_of
from backend.ledger.settlement_tables import TxAttempt
from tests.anvil import Anvil, lane_signers
from tests.chaos.kit import LANES, Site
from tests.chaos.proxy import Proxy, to_port

GWEI = 10**9

# What fails is between settler and chain: the other database changes nothing about it.
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def line(chaos_anvil: Anvil) -> Iterator[Proxy]:
    """The line to the node."""
    proxy = Proxy(to_port(int(chaos_anvil.url.rpartition(":")[2])))
    yield proxy
    proxy.close()


@pytest.fixture
def settled(house: Site, line: Proxy) -> Site:
    """A running site, behind the line, for which something has settled."""
    house.more["MEREAU_RPC_URL"] = f"http://127.0.0.1:{line.port}"
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    return house


def alarms(house: Site, code: str) -> int:
    return house.log("settle").count(f"ALARM: {code}")


def sent(house: Site) -> list[str]:
    """Hashes of the attempts that were stored, the oldest first."""
    attempts = table_of(TxAttempt)
    with house.database.ledger.connect() as connection:
        rows = connection.execute(
            select(attempts.c.tx_hash).order_by(attempts.c.persisted_at_ms, attempts.c.attempt_no)
        )
        return [str(row[0]) for row in rows]


def pooled(house: Site) -> list[str]:
    """Hashes of the transactions that wait in the node."""
    content: dict[str, Any] = house.node.rpc("txpool_content")
    return [
        transaction["hash"]
        for part in ("pending", "queued")
        for by_nonce in content[part].values()
        for transaction in by_nonce.values()
    ]


def base_fee_is(house: Site, gwei: int) -> None:
    """In the newest block; each empty one after it lowers it by an eighth."""
    house.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(gwei * GWEI))
    house.node.mine()


def still(house: Site, what: str, is_so: Callable[[], object]) -> None:
    """Waits while no block is made."""
    house.until(what, is_so, mine=False)


@on_sqlite
def test_a_transaction_that_the_pool_drops_is_sent_again_as_it_was(settled: Site) -> None:
    settled.buy("ada", 6)
    still(settled, "it is in the pool", lambda: sent(settled)[-1:] == pooled(settled))
    dropped = sent(settled)
    settled.node.rpc("anvil_dropTransaction", dropped[-1])
    assert pooled(settled) == []
    settled.expect_settled()
    assert sent(settled) == dropped, "no second transaction was made for it"


@on_sqlite
def test_a_fee_above_the_cap_holds_everything_back_until_it_falls(settled: Site) -> None:
    before = sent(settled)
    base_fee_is(settled, 1_000)
    settled.buy("ada", 6)
    settled.buy("bob", 7)
    still(settled, "it says so", lambda: alarms(settled, "fee_above_cap"))
    # One offer at the old price, made before the settler saw the new one, is refused by the node.
    assert len(sent(settled)) - len(before) in (0, 1)
    assert pooled(settled) == []
    settled.expect_settled()


@on_sqlite
def test_a_fee_that_outgrows_what_was_offered_is_followed_under_the_same_nonce(
    settled: Site,
) -> None:
    base_fee_is(settled, 1)
    settled.buy("ada", 6)
    still(settled, "it is in the pool", lambda: sent(settled)[-1:] == pooled(settled))
    offered = sent(settled)
    base_fee_is(settled, 100)
    assert settled.node.rpc("eth_getTransactionReceipt", offered[-1]) is None, "it is too cheap"
    still(settled, "more is offered", lambda: len(sent(settled)) == len(offered) + 1)
    settled.expect_settled()


@on_sqlite
def test_operators_without_coin_wait_for_some(settled: Site) -> None:
    lanes = [write_bytes(signer.address) for signer in lane_signers(LANES)]
    held = {lane: settled.node.rpc("eth_getBalance", lane, "latest") for lane in lanes}
    for lane in lanes:
        settled.node.rpc("anvil_setBalance", lane, "0x0")
    settled.buy("ada", 6)
    still(settled, "it says so", lambda: alarms(settled, "not_funded"))
    for lane, wei in held.items():
        settled.node.rpc("anvil_setBalance", lane, wei)
    settled.expect_settled()


@on_sqlite
@pytest.mark.parametrize("point", ["after the seal", "after persisting"])
def test_a_foreign_transaction_takes_the_nonce_of_one_that_is_under_way(
    settled: Site, point: str
) -> None:
    settled.arm("settle", point)
    settled.buy("ada", 6)
    still(settled, f"killed {point}", lambda: settled.died("settle"))
    take_a_nonce(settled)
    settled.start("settle")
    settled.expect_settled()
    assert alarms(settled, "foreign_nonce")


@on_sqlite
def test_a_foreign_transaction_between_ours_is_waited_out(settled: Site) -> None:
    take_a_nonce(settled)
    settled.buy("ada", 6)
    settled.expect_settled()
    assert alarms(settled, "foreign_nonce")


def take_a_nonce(house: Site) -> None:
    """Somebody else uses every operator's key once."""
    for lane in (write_bytes(signer.address) for signer in lane_signers(LANES)):
        house.node.rpc("eth_sendTransaction", {"from": lane, "to": lane, "value": "0x1"})
    house.node.mine()


@on_sqlite
@pytest.mark.parametrize(
    "message",
    [
        "already known",
        "nonce too low: next nonce 9, tx nonce 3",
        "replacement transaction underpriced",
        "transaction underpriced: tip needed 1000000000, tip permitted 1",
        "exceeds block gas limit",
    ],
)
def test_a_node_that_says_so_and_took_nothing_gets_the_same_bytes_again(
    settled: Site, line: Proxy, message: str
) -> None:
    line.refuse(b"eth_sendRawTransaction", message)
    settled.buy("ada", 6)
    still(settled, "the node refused it", partial(_refused, line))
    assert pooled(settled) == []
    told = sent(settled)
    line.refuse_nothing()
    settled.expect_settled()
    assert sent(settled) == told
    assert not settled.died("settle")
    last = json.loads(settled.log("settle").splitlines()[-1])
    assert last["alarms"] == []


def _refused(line: Proxy) -> bool:
    return line.refusals >= 1
