"""`mereau backup` and `mereau restore`: everything that cannot be read again from the chain."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from backend import wiring
from backend.commands.archive import (
    FORMAT,
    BackupError,
    Manifest,
    checked,
    extract,
    open_archive,
    write_archive,
)
from backend.commands.database_copies import copy_out, in_the_way, kind_of, put_back
from backend.commands.running import only_one, read_ready
from backend.ledger.columns import table_of
from backend.ledger.mirror_tables import MIRROR_VERSION
from backend.ledger.schema import current_revision, known_revision, upgrade
from backend.ledger.tables import JournalEntry
from backend.settings import Settings

_KEY_FOLDER = "keys"
_RECORDS = "deployments"


def back_up(settings: Settings, path: Path, *, with_keys: bool) -> Manifest:
    """One file with ledger, mirror and deployment records, as of one moment, while all runs.

    The vault's master key is never in it; the operator and admin keys are if asked for. Raises
    BackupError.
    """
    if path.exists():
        raise BackupError(f"{path} exists: a backup overwrites nothing")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _ledger(settings) as ledger:
        revision = current_revision(ledger)
        if revision is None:
            raise BackupError("there is no ledger yet: nothing to back up")
        with ledger.connect() as connection:
            # Read before the copy: the copy has these entries and perhaps more.
            heads = _heads(connection)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as folder:
        files = copy_out(settings, Path(folder))
        files |= _kept(settings.data, _RECORDS)
        if with_keys:
            files |= _kept(settings.data, _KEY_FOLDER)
        manifest = Manifest(
            format=FORMAT,
            made_at_ms=wiring.now_ms(),
            version=version("mereau"),
            database=kind_of(settings),
            ledger_revision=revision,
            mirror_version=MIRROR_VERSION,
            has_keys=with_keys,
            heads=heads,
            files={name: checked(source) for name, source in files.items()},
        )
        write_archive(path, manifest, files)
    return manifest


def restore(settings: Settings, path: Path, *, force: bool) -> Manifest:
    """What `back_up` wrote, back in its place. Nothing is touched unless all of it is sound.

    Raises BackupError, also for a place that is not empty, unless `force`d.
    """
    wiring.make_data_folder(settings)
    if read_ready(settings.data) is not None:
        raise BackupError(f"a system runs on {settings.data}: stop it first")
    with only_one(settings.data), open_archive(path) as (manifest, tar):
        _refuse_unfit(settings, manifest)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.data) as folder:
            files = extract(manifest, tar, Path(folder))
            _refuse_unless_empty(settings, files, force=force)
            put_back(settings, files, replace=force)
            for name, source in files.items():
                if name.startswith((f"{_RECORDS}/", f"{_KEY_FOLDER}/")):
                    target = settings.data / name
                    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    shutil.move(source, target)
            _flush(settings.data)
    # What an older version wrote is brought to this one's shape.
    with _ledger(settings) as ledger:
        upgrade(ledger)
        with ledger.connect() as connection:
            _require_heads(connection, manifest)
    return manifest


def words_after(settings: Settings, manifest: Manifest) -> str:
    """What was restored, and what is left to do."""
    entries = sum(count for count, _ in manifest.heads.values())
    lines = [f"restored {len(manifest.heads)} programs, at least {entries} journal entries"]
    if not (settings.vault_key or (settings.data / "vault.key").exists()):
        lines.append("vault.key is missing: put it back before the start, or nobody is found")
    return "\n".join([*lines, "start the system, then run `mereau reconcile --all-members`"])


def _heads(connection: Connection) -> dict[str, tuple[int, str]]:
    """The newest journal entry and its hash, by program."""
    journal = table_of(JournalEntry)
    newest = (
        select(journal.c.program_id, func.max(journal.c.entry_no).label("entry_no"))
        .group_by(journal.c.program_id)
        .subquery()
    )
    heads = select(journal.c.program_id, journal.c.entry_no, journal.c.entry_hash).join(
        newest,
        (journal.c.program_id == newest.c.program_id) & (journal.c.entry_no == newest.c.entry_no),
    )
    rows = connection.execute(heads)
    return {row[0]: (row[1], row[2]) for row in rows}


def _require_heads(connection: Connection, manifest: Manifest) -> None:
    """The restored journal has every entry that the ledger had when the backup began."""
    journal = table_of(JournalEntry)
    for program_id, (entry_no, head) in manifest.heads.items():
        which = (journal.c.program_id == program_id) & (journal.c.entry_no == entry_no)
        found = connection.execute(select(journal.c.entry_hash).where(which)).scalar()
        if found != head:
            raise BackupError(f"the restored journal of {program_id} lacks entry {entry_no}")


@contextmanager
def _ledger(settings: Settings) -> Iterator[Engine]:
    """The ledger as it is, its connections closed at the end."""
    databases = wiring.connect_databases(settings)
    try:
        yield databases.ledger
    finally:
        databases.ledger.dispose()
        databases.mirror.dispose()


def _kept(data: Path, folder: str) -> dict[str, Path]:
    """Files below a folder of the data folder, by their names in a backup."""
    return {
        path.relative_to(data).as_posix(): path
        for path in sorted((data / folder).rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _refuse_unfit(settings: Settings, manifest: Manifest) -> None:
    if manifest.database != kind_of(settings):
        raise BackupError(
            f"the backup is of {manifest.database}, the settings name {kind_of(settings)}:"
            " set MEREAU_DATABASE_URL accordingly"
        )
    if not known_revision(manifest.ledger_revision):
        raise BackupError(
            f"the backup is of a newer version ({manifest.version}, revision"
            f" {manifest.ledger_revision}): update first"
        )


def _refuse_unless_empty(settings: Settings, files: Mapping[str, Path], *, force: bool) -> None:
    if force:
        return
    with _ledger(settings) as ledger:
        there = in_the_way(settings, ledger)
    if there is not None:
        raise BackupError(f"{there} would be overwritten: choose an empty place, or use --force")
    for name, source in files.items():
        target = settings.data / name
        kept = name.startswith((f"{_RECORDS}/", f"{_KEY_FOLDER}/"))
        if kept and target.exists() and target.read_bytes() != source.read_bytes():
            raise BackupError(f"{target} is another one: use --force to overwrite it")


def _flush(folder: Path) -> None:
    """The folder's entries reach the disk before the restore is said to be done."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
