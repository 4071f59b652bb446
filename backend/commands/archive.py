"""A backup as one file: a tar whose first member says what all others are."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from backend.commands.errors import OperatorError

FORMAT: Final = "mereau/backup/1"
MANIFEST: Final = "manifest.json"
_CHUNK: Final = 1 << 20
_NAMES: Final = re.compile(
    r"(ledger\.db|mirror\.db|postgresql\.dump|"
    r"(deployments|keys)/(?!\.)[\w.-]+(/(?!\.)[\w.-]+)?)"
)
"""Every name that a backup can hold; nothing else is written anywhere."""


class BackupError(OperatorError):
    """The backup cannot be made or used; the message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is. `files` are sizes and SHA-256 by name; `heads` the newest journal entry
    and its hash by program."""

    format: str
    made_at_ms: int
    version: str
    database: str
    ledger_revision: str | None
    mirror_version: int
    has_keys: bool
    heads: dict[str, tuple[int, str]]
    files: dict[str, tuple[int, str]]


def write_archive(path: Path, manifest: Manifest, files: Mapping[str, Path]) -> None:
    """The archive at `path`, whole or not at all, for its owner's eyes only."""
    partial = path.with_name(f"{path.name}.partial")
    partial.touch(mode=0o600)
    try:
        with partial.open("wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                text = json.dumps(asdict(manifest), indent=1).encode()
                entry = tarfile.TarInfo(MANIFEST)
                entry.size, entry.mode = len(text), 0o600
                tar.addfile(entry, io.BytesIO(text))
                for name, source in files.items():
                    entry = tarfile.TarInfo(name)
                    entry.size, entry.mode = source.stat().st_size, 0o600
                    with source.open("rb") as content:
                        tar.addfile(entry, content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[Manifest, tarfile.TarFile]]:
    """The manifest, and the archive to `extract` from. Raises BackupError."""
    try:
        with tarfile.open(path, "r:") as tar:
            yield _manifest(tar), tar
    except (tarfile.TarError, EOFError):
        raise BackupError(f"{path} is no backup, or not all of one") from None
    except FileNotFoundError as missing:
        raise BackupError(f"there is no file {missing.filename}") from None


def extract(manifest: Manifest, tar: tarfile.TarFile, folder: Path) -> dict[str, Path]:
    """Every file of the archive below `folder`, its checksum verified. Raises BackupError."""
    found = {}
    for name, (size, digest) in manifest.files.items():
        target = folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.touch(mode=0o600)
        try:
            content = tar.extractfile(name)
        except KeyError:
            content = None
        if content is None:
            raise BackupError(f"the backup lacks {name}")
        with target.open("wb") as file:
            while chunk := content.read(_CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if checked(target) != (size, digest):
            raise BackupError(f"{name} in the backup is not what was written: it is damaged")
        found[name] = target
    return found


def checked(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, digest


def _manifest(tar: tarfile.TarFile) -> Manifest:
    try:
        member = tar.extractfile(MANIFEST)
        fields: dict[str, Any] = {} if member is None else json.load(member)
        manifest = Manifest(**{
            **fields,
            "heads": {name: (no, head) for name, (no, head) in fields["heads"].items()},
            "files": {name: (size, digest) for name, (size, digest) in fields["files"].items()},
        })  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BackupError("the file is no backup of ours") from None
    if manifest.format != FORMAT:
        raise BackupError(f"the backup has the form {manifest.format}, and only {FORMAT} is known")
    for name in manifest.files:
        if not _NAMES.fullmatch(name):
            raise BackupError(f"a backup holds no {name!r}")
    return manifest
