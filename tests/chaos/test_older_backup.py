"""A ledger restored from a backup that is older than the chain: the chain wins."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.kit import Site, new_key
from tests.conftest import LedgerDatabase, open_database
from tests.postgres import Cluster


@dataclass
class Backups:
    """`mereau backup` and `mereau restore` of a site, each restore into a place of its own."""

    new_database: Callable[[], LedgerDatabase]
    folder: Path

    def take(self, house: Site) -> Path:
        """While the site runs, or what of it runs."""
        file = self.folder / f"{new_key()}.backup"
        house.run("backup", str(file))
        assert file.is_file(), house.logs()
        return file

    def put_back(self, house: Site, file: Path) -> None:
        """Stops the site; what starts on it next is of the day of the backup."""
        house.stop()
        elsewhere = self.folder / new_key()
        elsewhere.mkdir()
        # As an operator keeps it: apart from the backups.
        shutil.copy(house.data / "vault.key", elsewhere)
        house.data, house.database = elsewhere, self.new_database()
        said = house.run("restore", str(file))
        assert "start the system" in said, said


@pytest.fixture
def backups(
    request: pytest.FixtureRequest, tmp_path: Path, database_kind: str
) -> Iterator[Backups]:
    made: list[LedgerDatabase] = []

    def new_database() -> LedgerDatabase:
        if database_kind == "sqlite":
            folder = tmp_path / f"database-{len(made)}"
            folder.mkdir()
            urls = [f"sqlite:///{folder / name}.db" for name in ("ledger", "mirror")]
        else:
            cluster: Cluster = request.getfixturevalue("postgres")
            urls = [cluster.create_database()] * 2
        made.append(open_database(database_kind, *urls))
        return made[-1]

    yield Backups(new_database, tmp_path)
    for each in made:
        each.dispose()
        if database_kind == "postgresql":
            request.getfixturevalue("postgres").drop_database(each.ledger_url)


def test_what_the_backup_lacks_comes_back_from_the_chain(house: Site, backups: Backups) -> None:
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.buy("bob", 3)
    house.expect_settled()
    house.stop("settle")
    waiting = house.buy("ada", 7).json["operation_ids"][0]
    backup = backups.take(house)
    house.start("settle")
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

    backups.put_back(house, backup)
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
    house: Site, backups: Backups
) -> None:
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    house.arm("settle", "after the seal")
    house.buy("ada", 7)
    house.until("sealed, and not signed", lambda: house.died("settle"))
    backup = backups.take(house)
    house.start("settle")
    house.expect_settled()

    backups.put_back(house, backup)
    # The copy signs other bytes for that nonce, because gas has another price now.
    house.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(20 * 10**9))
    house.node.mine()
    house.start("serve", "settle", "index")
    house.until("it says so", lambda: "applied, but by no transaction" in house.log("settle"))
    report = json.loads(house.run("reimport", "--json"))
    assert (report["batches"], report["complete"]) == ([], True)
    house.buy("ada", 4)
    house.expect_settled()


def test_a_lost_rebind_holds_everything_until_a_newer_backup_is_there(
    house: Site, backups: Backups
) -> None:
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.buy("bob", 3)
    house.expect_settled()
    older = backups.take(house)
    path = f"/v1/members/{member_id(house, 'bob')}"
    rebound = house.ask("POST", f"{path}/rebind", {"fresh": True}, new_key())
    assert rebound.status == 202, rebound
    new = rebound.json["to_address"]
    house.until("bob is there", lambda: house.ask("GET", path).json["address"] == new)
    house.expect_settled()
    newer = backups.take(house)
    before = house.chain_settled()

    backups.put_back(house, older)
    house.start("serve", "settle", "index")
    bought = house.purchase("ada", 4)
    assert house.ask("POST", "/v1/purchases", bought, new_key()).status == 201
    house.until("the settler notices", lambda: "ledger_behind" in house.log("settle"))
    report = json.loads(house.run("reimport", "--json"))
    assert (report["complete"], report["batches"]) == (False, [])
    assert "is no settle call" in report["left"][0]
    for _ in range(10):
        house.node.mine()
    assert house.chain_settled() == before, "nothing is sealed"

    backups.put_back(house, newer)
    house.start("serve", "settle", "index")
    house.buy("ada", 4)
    house.buy("bob", 2)
    house.expect_settled()
    assert house.ask("GET", path).json["address"] == new


def test_a_program_whose_creation_was_lost_is_named_and_holds_up_nobody(
    house: Site, backups: Backups
) -> None:
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    backup = backups.take(house)
    terms = {"name": "Bar", "symbol": "BAR", "currency": "EUR"}
    earning = {"points": 1, "per_amount_minor": 100}
    made = house.ask("POST", "/v1/programs", {**terms, "earning": earning}, new_key()).json
    path = f"/v1/programs/{made['id']}"
    house.until("it has a contract", lambda: house.ask("GET", path).json["contract_address"])
    lost = house.ask("GET", path).json["contract_address"]

    backups.put_back(house, backup)
    house.start("serve", "settle", "index")
    house.buy("ada", 4)
    report = json.loads(house.run("reimport", "--json"))
    assert (report["complete"], report["batches"]) == (True, [])
    assert report["unknown_programs"] == [lost]
    assert house.ask("GET", path).status == 404
    house.expect_settled()


def member_id(house: Site, name: str) -> str:
    found = house.ask("GET", f"/v1/members?program_id={house.program_id}&external_id={name}")
    return str(found.json["data"][0]["id"])
