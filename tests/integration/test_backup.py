"""A backup made while purchases arrive is restored elsewhere, and the system goes on from it."""

from __future__ import annotations

import io
import json
import stat
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from auditor.audit import Plan, audit
from auditor.node import Node
from auditor.published import load
from backend.commands.archive import BackupError
from backend.commands.backup import back_up, restore, words_after
from backend.commands.running import only_one
from backend.ledger import tables
from backend.settings import Settings
from backend.settlement.reconcile import reconcile
from indexer.loop import Indexer
from indexer.store import MirrorStore
from scripts import _artifacts
from tests.conftest import LedgerDatabase, open_database
from tests.integration.settle_kit import Desk, Shop
from tests.postgres import Cluster

pytest_plugins = ["tests.integration.settle_fixtures"]

PROGRAM = "prg_a"


@dataclass
class Place:
    """A data folder and a database, where a system could run."""

    settings: Settings
    ledger_url: str
    mirror_url: str


def settings_of(data: Path, database_url: str, **more: Any) -> Settings:
    return Settings(_env_file=None, data=data, database_url=database_url, **more)


@pytest.fixture
def here(ledger_database: LedgerDatabase, tmp_path: Path) -> Settings:
    data = tmp_path / "here"
    (data / "deployments" / "31337").mkdir(parents=True)
    (data / "deployments" / "31337.json").write_text('{"chain_id": 31337}')
    (data / "deployments" / "31337" / "standard-input.json").write_text("{}")
    (data / "keys").mkdir()
    (data / "keys" / "admin.key").write_bytes(b"k" * 32)
    (data / "vault.key").write_bytes(b"v" * 32)
    return settings_of(data, ledger_database.ledger_url)


@pytest.fixture
def elsewhere(
    ledger_database: LedgerDatabase, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Settings]:
    data = tmp_path / "elsewhere"
    if ledger_database.kind == "sqlite":
        yield settings_of(data, f"sqlite:///{data / 'ledger.db'}")
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.create_database()
    yield settings_of(data, url)
    cluster.drop_database(url)


def test_a_backup_under_load_goes_on_elsewhere(
    desk: Desk, here: Settings, elsewhere: Settings, ledger_database: LedgerDatabase, tmp_path: Path
) -> None:
    desk.open_programs(PROGRAM, members=4)
    desk.shop.mint(PROGRAM, range(4))
    desk.settle()
    follow(desk, ledger_database)
    accepted, stop = [0], threading.Event()

    def purchases() -> None:
        while not stop.is_set():
            desk.shop.mint(PROGRAM, range(4), points=3)
            accepted[0] += 4

    till = threading.Thread(target=purchases)
    till.start()
    try:
        while accepted[0] < 40:
            assert till.is_alive()
        before = accepted[0]
        manifest = back_up(here, tmp_path / "one.backup", with_keys=False)
        after = accepted[0]
    finally:
        stop.set()
        till.join()
    assert stat.S_IMODE((tmp_path / "one.backup").stat().st_mode) == 0o600
    assert before <= manifest.heads[PROGRAM][0] <= after + 8

    restore(elsewhere, tmp_path / "one.backup", force=False)
    database = open_database(ledger_database.kind, elsewhere.ledger_url, elsewhere.mirror_url)
    shop = Shop(database.ledger)
    kept = [row["entry_no"] for row in _entries(shop)]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) >= 4 + before
    assert (elsewhere.data / "deployments" / "31337" / "standard-input.json").is_file()
    _go_on(desk, shop, database)
    database.dispose()


def _entries(shop: Shop) -> list[dict[str, Any]]:
    return sorted(shop.rows(tables.JournalEntry), key=lambda row: row["entry_no"])


def _go_on(desk: Desk, shop: Shop, database: LedgerDatabase) -> None:
    """Purchases and settlement from the restored ledger; nothing is lost or settled twice."""
    for row in _entries(shop):
        number = int(row["member_id"].rpartition("_")[2])
        shop.points[(PROGRAM, number)] = shop.points.get((PROGRAM, number), 0) + row["points"]
    shop.entry_nos[PROGRAM] = len(_entries(shop))
    restored = replace(desk, shop=shop)
    restored.shop.mint(PROGRAM, range(4), points=2)
    restored.settle()
    restored.expect_exact(PROGRAM)
    follow(restored, database)
    result = reconcile(database.ledger, database.mirror, desk.chain, members_on_chain=-1)
    assert (result.differences, result.reconciled) == ([], True)
    plan = Plan(
        factory="0x" + desk.deployment.factory.hex(),
        settlement="0x" + desk.deployment.settlement.hex(),
        published=load(_artifacts.BUILD_FOLDER),
        to_block="latest",
        books_url=database.ledger_url,
    )
    assert audit(Node(desk.node.url), plan).subject.findings.kept == []


def follow(desk: Desk, database: LedgerDatabase) -> None:
    indexer = Indexer(
        desk.chain,
        MirrorStore(database.mirror),
        desk.deployment.factory,
        start_block=desk.deployment.first_block,
    )
    for _ in range(40):
        if not indexer.step().progressed:
            return


def test_no_key_is_in_it_unless_asked_for_and_the_vault_s_never(
    here: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    back_up(here, tmp_path / "plain", with_keys=False)
    assert not any("key" in name for name in names(tmp_path / "plain"))
    assert back_up(here, tmp_path / "keys", with_keys=True).has_keys
    assert [n for n in names(tmp_path / "keys") if "key" in n] == ["keys/admin.key"]
    manifest = restore(elsewhere, tmp_path / "keys", force=False)
    key = elsewhere.data / "keys" / "admin.key"
    assert key.read_bytes() == b"k" * 32
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "vault.key is missing" in words_after(elsewhere, manifest)
    known = elsewhere.model_copy(update={"vault_key": SecretStr("x")})
    assert "vault.key" not in words_after(known, manifest)


def names(path: Path) -> list[str]:
    with tarfile.open(path) as tar:
        return tar.getnames()


def test_what_is_there_is_not_overwritten(
    here: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "backup"
    back_up(here, path, with_keys=False)
    with pytest.raises(BackupError, match="overwrites nothing"):
        back_up(here, path, with_keys=False)
    restore(elsewhere, path, force=False)
    with pytest.raises(BackupError, match="would be overwritten"):
        restore(elsewhere, path, force=False)
    restore(elsewhere, path, force=True)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_damage_is_found_before_anything_is_touched(
    here: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "backup"
    back_up(here, path, with_keys=False)
    whole = path.read_bytes()
    at = whole.index(b"SQLite format 3\0", 512) + 5_000
    damaged = {
        "it is damaged": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
        "not all of one|is damaged": whole[: len(whole) // 2],
        "no backup": b"x" * 2_000,
        "holds no": with_manifest(whole, files={"../../etc/passwd": [0, ""]}),
        "lacks": with_manifest(whole, files={"ledger.db": [0, ""], "mirror.db": [0, ""]}),
        "update first": with_manifest(whole, ledger_revision="9999"),
        "set MEREAU_DATABASE_URL": with_manifest(whole, database="postgresql"),
        "the form mereau/backup/9": with_manifest(whole, format="mereau/backup/9"),
    }
    for says, content in damaged.items():
        path.write_bytes(content)
        with pytest.raises(BackupError, match=says):
            restore(elsewhere, path, force=True)
        assert not (elsewhere.data / "ledger.db").exists()
    with pytest.raises(BackupError, match="there is no file"):
        restore(elsewhere, tmp_path / "none", force=False)


def with_manifest(archive: bytes, **changes: Any) -> bytes:
    """An archive of nothing but the manifest, changed."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        text = json.dumps(json.load(member) | changes).encode()
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return made.getvalue()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_running_system_is_not_restored_over(here: Settings, tmp_path: Path) -> None:
    back_up(here, tmp_path / "backup", with_keys=False)
    (here.data / "ready.json").write_text("{}")
    with only_one(here.data), pytest.raises(BackupError, match="stop it first"):
        restore(here, tmp_path / "backup", force=True)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_missing_program_is_named(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match="pg_dump is not installed"):
        back_up(here, tmp_path / "backup", with_keys=False)
    assert not list(tmp_path.glob("*backup*"))
