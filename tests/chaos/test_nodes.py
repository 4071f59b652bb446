"""The chain's node: silent, away, deaf, reborn with less, and shared by two settlers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.anvil import Anvil, anvil, deploy, lane_signers
from tests.chaos.kit import LANES, Site, site
from tests.chaos.processes import Launcher
from tests.chaos.proxy import Proxy, Weather, to_port
from tests.conftest import LedgerDatabase

# What fails here is the node: `make chaos` tries it over both databases all the same.
_KINDS = ["sqlite", "postgresql"] if os.environ.get("MEREAU_CHAOS") == "all" else ["sqlite"]
on_one_database = pytest.mark.parametrize("database_kind", _KINDS, indirect=True)


@pytest.fixture
def line(chaos_anvil: Anvil) -> Iterator[Proxy]:
    """The line to the node."""
    proxy = Proxy(to_port(int(chaos_anvil.url.rpartition(":")[2])))
    yield proxy
    proxy.close()


@on_one_database
def test_a_node_that_is_away_deaf_or_mute_for_long_delays_and_loses_nothing(
    house: Site, line: Proxy
) -> None:
    house.more |= {
        "MEREAU_RPC_URL": f"http://127.0.0.1:{line.port}",
        "MEREAU_RPC_CONNECT_SECONDS": "0.2",
        "MEREAU_RPC_READ_SECONDS": "0.3",
    }
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    for number, weather in enumerate((Weather.DOWN, Weather.DEAF, Weather.MUTE)):
        expected = silences(house) + 1
        line.be(weather)
        house.until(f"the settler notices: {weather}", partial(fell_silent, house, expected))
        for _ in range(3):
            house.buy("ada", 10 + number)
        line.be(Weather.FAIR)
        house.expect_settled()
        assert not house.died("settle")
        assert not house.died("index")


def silences(house: Site) -> int:
    return house.log("settle").count("ALARM: chain_unavailable")


def fell_silent(house: Site, times: int) -> bool:
    return silences(house) >= times


@on_one_database
def test_a_node_that_takes_a_batch_and_says_nothing(house: Site, line: Proxy) -> None:
    house.more |= {
        "MEREAU_RPC_URL": f"http://127.0.0.1:{line.port}",
        "MEREAU_RPC_READ_SECONDS": "0.5",
    }
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    line.swallow_answer_to(b"eth_sendRawTransaction")
    house.buy("ada", 6)
    house.until("it was sent and not answered", lambda: line.swallowed)
    house.expect_settled()


def test_two_settlers_and_two_tills_at_once_settle_once(house: Site) -> None:
    house.start("serve", "index", "settle", "settle 2")
    for number in range(12):
        house.buy(f"m{number % 4}", 1 + number)
        house.node.mine()
    house.expect_settled()
    assert not house.died("settle")
    assert not house.died("settle 2")
    house.kill("settle 2")
    house.buy("m0", 1)
    house.expect_settled()


@on_one_database
def test_forks_of_every_depth_above_finality(house: Site) -> None:
    house.more["MEREAU_FINALITY"] = "depth:6"
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    for depth in range(1, 6):
        house.buy("ada", depth)
        house.expect_settled()
        house.node.reorg(depth)
        house.expect_settled()
    assert "finality_broken" not in house.log("settle")
    assert "halted" not in house.log("index").replace('"halted": null', "")


@on_one_database
def test_a_fork_below_finality_halts_the_mirror_with_an_alarm_and_keeps_the_data(
    house: Site,
) -> None:
    # So deep a fork would take the contracts with it, where all went quickly.
    house.node.mine(20)
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    house.node.mine(6)
    house.buy("ada", 6)
    house.expect_settled()
    house.node.mine(6)
    house.until("it is final", lambda: '"final": 1' in house.log("settle"))
    house.node.reorg(20)
    house.until("the mirror halts", lambda: "ALARM: the indexer has halted" in house.log("index"))
    house.until("the settler says so", lambda: "finality_broken" in house.log("settle"))
    assert house.ask("GET", f"/v1/programs/{house.program_id}").status == 200
    house.buy("ada", 7)
    house.until("the same bytes settle again", lambda: _on_chain(house) == 18)
    house.run_index("--rebuild", "--once")
    house.expect_settled()
    house.buy("ada", 8)
    house.expect_settled()


def _on_chain(house: Site) -> int:
    return house.chain_supply() if house.is_deployed() else -1


@pytest.fixture
def mortal(
    tmp_path: Path, ledger_database: LedgerDatabase, launcher: Launcher
) -> Iterator[tuple[Site, Anvil]]:
    """A site with a node of its own, to be killed."""
    with (
        anvil(tmp_path) as node,
        site(tmp_path / "data", ledger_database, node, launcher) as made,
    ):
        yield made, node


@on_one_database
def test_a_node_killed_and_back_with_an_older_state(
    mortal: tuple[Site, Anvil], tmp_path: Path
) -> None:
    house, node = mortal
    house.more["MEREAU_FINALITY"] = "depth:200"
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    saved = node.rpc("anvil_dumpState")
    for points in (6, 7):
        house.buy("ada", points)
        house.expect_settled()
    node.kill()
    (tmp_path / "anvil.json").unlink(missing_ok=True)
    house.buy("ada", 8)
    node.restart()
    node.rpc("anvil_loadState", saved)
    # Nothing of it was final: the mirror undoes it, and the settler sends the same bytes again.
    house.expect_settled()
    assert sum(
        '"taken_back": 0' not in line
        for line in house.log("settle").splitlines()
        if line.startswith("{")
    )


@on_one_database
def test_a_node_killed_and_back_with_nothing_is_rebuilt_from_the_stored_transactions(
    mortal: tuple[Site, Anvil], tmp_path: Path
) -> None:
    house, node = mortal
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    house.buy("bob", 6)
    house.expect_settled()
    house.buy("bob", 6)
    node.kill()
    (tmp_path / "anvil.json").unlink(missing_ok=True)
    node.restart()
    house.until("the settler notices", lambda: "contracts_missing" in house.log("settle"))
    # The same deployer and the same transactions: the contracts get the addresses they had.
    again = deploy(node, [signer.address for signer in lane_signers(LANES)])
    assert again == house.deployment
    house.until("the stored bytes are sent again", lambda: _on_chain(house) == 17)
    house.stop("index")
    house.run_index("--rebuild", "--once")
    house.start("index")
    house.expect_settled()
