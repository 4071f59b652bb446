"""Databases that fail on the real path: a full disk, and a connection that ends in a commit."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.anvil import Anvil
from tests.chaos.failpoints import CUT
from tests.chaos.kit import Site, new_key, site
from tests.chaos.processes import Launcher
from tests.chaos.proxy import Proxy, to_unix_socket
from tests.conftest import LedgerDatabase, open_database
from tests.postgres import Cluster, libpq_url

on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@on_postgresql
def test_a_session_that_ends_in_the_commit_costs_nobody_anything(house: Site) -> None:
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    body, key = house.purchase("ada", 7), new_key()
    house.arm("serve", "before the commit", CUT)
    cut = house.ask("POST", "/v1/purchases", body, key)
    assert house.struck("serve", "before the commit")
    # The committer tries each of a group once more by itself, so the till may not even notice.
    assert (cut.status, cut.json.get("code")) in {(201, None), (503, "ledger_unavailable")}
    again = house.ask("POST", "/v1/purchases", body, key)
    assert again.status == 201
    house.expected["ada"] += 7
    for service in ("settle", "index"):
        house.arm(service, "before a commit", CUT)
    house.buy("ada", 11)
    house.expect_settled()
    for service in ("settle", "index"):
        assert house.struck(service, "before a commit")
        assert not house.died(service)


@pytest.fixture
def wired(
    tmp_path: Path, ledger_database: LedgerDatabase, chaos_anvil: Anvil, launcher: Launcher
) -> Iterator[tuple[Site, Proxy]]:
    """A site that reaches PostgreSQL over a line that can be cut."""
    parts = urlsplit(ledger_database.ledger_url)
    folder = parse_qs(parts.query)["host"][0]
    proxy = Proxy(to_unix_socket(f"{folder}/.s.PGSQL.5432"))
    url = f"postgresql+psycopg://mereau@127.0.0.1:{proxy.port}{parts.path}"
    lined = open_database("postgresql", url, url)
    try:
        with site(tmp_path / "data", lined, chaos_anvil, launcher) as made:
            yield made, proxy
    finally:
        lined.dispose()
        proxy.close()


@on_postgresql
def test_a_commit_whose_answer_is_lost_is_answered_to_the_retry(
    wired: tuple[Site, Proxy],
) -> None:
    house, proxy = wired
    house.start("serve")
    member = house.enrol("ada")["ada"]
    body, key = house.purchase("ada", 7), new_key()
    proxy.swallow_answer_to(b"COMMIT")
    lost = house.ask("POST", "/v1/purchases", body, key)
    assert proxy.swallowed
    assert lost.status in {201, 503}
    answers = [house.ask("POST", "/v1/purchases", body, key) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert len({answer.body for answer in answers}) == 1
    assert house.ask("GET", f"/v1/members/{member}/balance").json["available"] == 7
    house.start("settle", "index")
    house.expected["ada"] = 7
    house.expect_settled()
    proxy.swallow_answer_to(b"COMMIT")
    body, key = house.purchase("ada", 9), new_key()
    # Whichever process it hits; the till's answer may be the one that is lost.
    house.ask("POST", "/v1/purchases", body, key)
    assert house.ask("POST", "/v1/purchases", body, key).status == 201
    house.expected["ada"] += 9
    house.expect_settled()


_DISK_BYTES = 96 << 20


@pytest.fixture
def small_disk(postgres: Cluster) -> Iterator[Path]:
    """A file system of a few megabytes that the database server may write to."""
    owner = Path(parse_qs(urlsplit(postgres.url).query)["host"][0]).stat()
    with tempfile.TemporaryDirectory(prefix="mereau-disk-", ignore_cleanup_errors=True) as folder:
        options = f"size={_DISK_BYTES},mode=711"
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip("a disk of its own that is small needs the right to mount one")
        (Path(folder) / "tablespace").mkdir(mode=0o700)
        os.chown(Path(folder) / "tablespace", owner.st_uid, owner.st_gid)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def cramped(
    small_disk: Path, tmp_path: Path, postgres: Cluster, postgres_template: str,
    chaos_anvil: Anvil, launcher: Launcher,
) -> Iterator[Site]:  # fmt: skip
    """A site whose PostgreSQL database lies on the small disk."""
    name = sql.Identifier(f"mereau_small_{os.getpid()}")
    url = postgres.create_database(template=postgres_template)
    database = sql.Identifier(urlsplit(url).path.lstrip("/"))
    with psycopg.connect(libpq_url(postgres.url), autocommit=True) as server:
        place = sql.Literal(str(small_disk / "tablespace"))
        server.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(name, place))
        server.execute(sql.SQL("ALTER DATABASE {} SET TABLESPACE {}").format(database, name))
    opened = open_database("postgresql", url, url)
    try:
        with site(tmp_path / "data", opened, chaos_anvil, launcher) as made:
            yield made
    finally:
        opened.dispose()
        postgres.drop_database(url)
        with psycopg.connect(libpq_url(postgres.url), autocommit=True) as server:
            server.execute(sql.SQL("DROP TABLESPACE {}").format(name))


def test_a_full_disk_of_postgresql_refuses_and_forgets_nothing(
    cramped: Site, small_disk: Path
) -> None:
    house, ballast = cramped, small_disk / "ballast"
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    free_bytes = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free_bytes)
    kept, full = buy_until_refused(house)
    assert house.ask("GET", f"/v1/programs/{house.program_id}").status == 200
    assert house.ask("POST", "/v1/purchases", *full).status == 503, "still no room"
    ballast.unlink()
    for body, key, said in kept[-3:]:
        assert house.ask("POST", "/v1/purchases", body, key).body == said
    assert house.ask("POST", "/v1/purchases", *full).status == 201
    house.expected["ada"] += 1
    house.expect_settled()
    assert [each for each in ("serve", "settle", "index") if house.died(each)] == []


Kept = list[tuple[dict[str, Any], str, bytes]]


def buy_until_refused(house: Site) -> tuple[Kept, tuple[dict[str, Any], str]]:
    """Purchases with their answers, until the disk is full; and the one that found no room."""
    kept: Kept = []
    for _ in range(3_000):
        body, key = house.purchase("ada", 1), new_key()
        answer = house.ask("POST", "/v1/purchases", body, key)
        if answer.status != 201:
            assert (answer.status, answer.json["code"]) == (503, "ledger_unavailable")
            return kept, (body, key)
        kept.append((body, key, answer.body))
        house.expected["ada"] += 1
    raise AssertionError("the disk did not fill")


@on_sqlite
def test_a_full_disk_refuses_and_forgets_nothing(house: Site, tmp_path: Path) -> None:
    house.more["MEREAU_CHAOS_FILE_BYTES"] = "0"
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    house.stop("serve")
    file = tmp_path / "database" / "ledger.db"
    with sqlite3.connect(file) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    house.more["MEREAU_CHAOS_FILE_BYTES"] = str((pages + 4) * size)
    house.start("serve")
    kept, full = buy_until_refused(house)
    assert house.ask("GET", f"/v1/programs/{house.program_id}").status == 200
    house.stop("serve")
    house.more["MEREAU_CHAOS_FILE_BYTES"] = "0"
    house.start("serve")
    for body, key, said in kept[-3:]:
        assert house.ask("POST", "/v1/purchases", body, key).body == said
    assert house.ask("POST", "/v1/purchases", *full).status == 201
    house.expected["ada"] += 1
    house.expect_settled()
