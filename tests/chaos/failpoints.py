"""Points at which a real process dies, or loses its database, when a test says so.

Nothing of this is in the code that runs: it is woven around the functions named here by the
launcher that only these tests use, so a point costs nothing elsewhere and one that no longer
exists fails loudly. A point is armed by a file of its name in the folder of the process; whoever
removes the file is struck, and nobody after it.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psycopg

KILL: Final = "kill"
CUT: Final = "cut"
"""What an armed file says: kill -9 of the process, or the end of its database session."""

_COMMIT: Final = ("sqlalchemy.engine.default", "DefaultDialect.do_commit")

POINTS: Final = {
    "serve": {
        "before the commit": (*_COMMIT, "before"),
        "after the commit": (*_COMMIT, "after"),
    },
    "settle": {
        "after the seal": ("backend.settlement.sealer", "Sealer._commit", "after"),
        "after signing": ("backend.chain.signer", "LaneSigner.sign", "after"),
        "after persisting": ("backend.ledger.settlement_writes", "insert_attempt", "committed"),
        "after sending": ("backend.chain.rpc", "JsonRpc.send_raw", "after"),
        "after broadcast": ("backend.ledger.settlement_writes", "mark_broadcast", "committed"),
        "before inclusion": ("backend.ledger.settlement_writes", "mark_included", "before"),
        "after inclusion": ("backend.ledger.settlement_writes", "mark_included", "committed"),
        "before a commit": (*_COMMIT, "before"),
    },
    "index": {
        "between fetch and commit": ("indexer.store", "MirrorStore.apply", "before"),
        "after the mirror's commit": ("indexer.store", "MirrorStore.apply", "after"),
        "before a commit": (*_COMMIT, "before"),
    },
}
"""By service: module, function, and when. `committed` is after the next commit."""

_due: list[str] = []


def weave(service: str, folder: Path) -> None:
    """Puts the service's points around the functions they name."""
    for point, (module_name, path, when) in POINTS[service].items():
        owner: Any = importlib.import_module(module_name)
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        setattr(owner, name, _around(getattr(owner, name), folder / point, when))
    if any(when == "committed" for *_, when in POINTS[service].values()):
        dialect: Any = importlib.import_module(_COMMIT[0]).DefaultDialect
        dialect.do_commit = _committing(dialect.do_commit)


def _around(function: Callable[..., Any], file: Path, when: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def woven(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            _strike(file, args)
        answer = function(*args, **kwargs)
        if when == "after":
            _strike(file, args)
        elif when == "committed" and _claim(file) is not None:
            _due.append(file.name)
        return answer

    return woven


def _committing(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def woven(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        if _due:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return woven


def _strike(file: Path, args: tuple[Any, ...]) -> None:
    deed = _claim(file)
    if deed == KILL:
        os.kill(os.getpid(), signal.SIGKILL)
    elif deed == CUT:
        # The dialect's do_commit got the pool's wrapper around psycopg's own connection.
        victim: psycopg.Connection[Any] = args[1].driver_connection
        with psycopg.connect(victim.info.dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [victim.info.backend_pid])


def _claim(file: Path) -> str | None:
    try:
        deed = file.read_text()
        file.unlink()
    except FileNotFoundError:
        return None
    return deed
