"""A ledger restored from a backup that is older than the chain: the chain wins."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.kit import Site, new_key
from tests.conftest import LedgerDatabase, open_database
from tests.postgres import Cluster

Copy = Callable[[LedgerDatabase], LedgerDatabase]


@pytest.fixture
def copied(request: pytest.FixtureRequest, tmp_path: Path, database_kind: str) -> Iterator[Copy]:
    """Copies a database that nobody uses right now."""
    made: list[LedgerDatabase] = []

    def copy(database: LedgerDatabase) -> LedgerDatabase:
        database.dispose()
        if database_kind == "sqlite":
            source, target = tmp_path / "database", tmp_path / "backup"
            shutil.copytree(source, target)
            urls = [f"sqlite:///{target / name}.db" for name in ("ledger", "mirror")]
        else:
            cluster: Cluster = request.getfixturevalue("postgres")
            urls = [cluster.create_database(template=database.ledger_url)] * 2
        made.append(open_database(database_kind, *urls))
        return made[-1]

    yield copy
    for each in made:
        each.dispose()
        if database_kind == "postgresql":
            request.getfixturevalue("postgres").drop_database(each.ledger_url)


def test_what_the_backup_lacks_comes_back_from_the_chain(house: Site, copied: Copy) -> None:
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.buy("bob", 3)
    house.expect_settled()
    house.stop("settle")
    waiting = house.buy("ada", 7).json["operation_ids"][0]
    house.stop()
    backup = copied(house.database)
    house.start("serve", "settle", "index")
    house.expect_settled()
    # From here on the backup knows nothing; one purchase is equal to one that it knows.
    house.buy("ada", 7)
    lost = house.buy("cleo", 9).json
    bob = member_id(house, "bob")
    spent = {"program_id": house.program_id, "member_id": bob, "points": 2, "capture": True}
    assert house.ask("POST", "/v1/redemptions", spent, new_key()).status == 201
    house.expected["bob"] -= 2
    house.expect_settled()
    house.stop()
    before = house.chain_settled()

    house.database = backup
    house.start("serve", "settle", "index")
    house.buy("ada", 4)
    house.until("the settler notices", lambda: "ledger_behind" in house.log("settle"))
    for _ in range(10):
        house.node.mine()
    assert house.chain_settled() == before, "nothing is sealed on a ledger that lags"
    report = json.loads(house.run("reimport", "--json"))
    batches = report["batches"]
    assert (batches[0]["found_words"], batches[0]["proved"]) == (1, True)
    assert sum(batch["unknown_words"] for batch in batches) == 3
    assert sum(batch["unknown_minted_points"] for batch in batches) == 7 + 9
    assert sum(batch["unknown_burned_points"] for batch in batches) == 2
    assert sum(batch["unknown_members"] for batch in batches) == 1
    assert report["left"] == report["unknown_programs"] == []
    house.expect_settled()
    again = json.loads(house.run("reimport", "--json"))
    assert (again["batches"], again["complete"]) == ([], True)
    assert house.ask("GET", f"/v1/operations/{waiting}/proof").status == 200
    assert house.ask("GET", f"/v1/members/{lost['member_id']}/balance").status == 404


def test_a_batch_the_backup_had_sealed_and_others_signed_is_taken_as_it_was_sent(
    house: Site, copied: Copy
) -> None:
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    house.arm("settle", "after the seal")
    house.buy("ada", 7)
    house.until("sealed, and not signed", lambda: house.died("settle"))
    house.stop()
    backup = copied(house.database)
    house.start("serve", "settle", "index")
    house.expect_settled()
    house.stop()

    house.database = backup
    # The copy signs other bytes for that nonce, because gas has another price now.
    house.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(20 * 10**9))
    house.node.mine()
    house.start("serve", "settle", "index")
    house.until("it says so", lambda: "applied, but by no transaction" in house.log("settle"))
    report = json.loads(house.run("reimport", "--json"))
    assert (report["batches"], report["complete"]) == ([], True)
    house.buy("ada", 4)
    house.expect_settled()


def member_id(house: Site, name: str) -> str:
    found = house.ask("GET", f"/v1/members?program_id={house.program_id}&external_id={name}")
    return str(found.json["data"][0]["id"])
