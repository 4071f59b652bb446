"""Failures an operator can do something about, each said in one sentence without a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import ValidationError

from backend.commands.errors import OperatorError
from backend.settings import Settings


def load_settings() -> Settings:
    """The settings; OperatorError with a sentence per field that is wrong, without its value."""
    try:
        return Settings()
    except ValidationError as failure:
        lines = [
            f"MEREAU_{'.'.join(str(part) for part in error['loc']).upper()}: {error['msg']}"
            for error in failure.errors(include_url=False, include_context=False)
        ]
        raise OperatorError("\n".join(lines)) from None


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """Turns what can be expected to go wrong into OperatorError."""
    try:
        yield
    except OperatorError:
        raise
    except Exception as failure:
        words = _words(failure)
        if words is None:
            raise
        raise OperatorError(words) from failure


def _words(failure: Exception) -> str | None:
    # Imported when needed: commands that go well start faster without.
    from alembic.util.exc import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    from backend.chain.contracts import DeploymentError
    from backend.chain.port import ChainError
    from backend.core.errors import MereauError

    if isinstance(failure, SQLAlchemyError):
        return f"the database does not answer: {database_words(failure)}"
    if isinstance(failure, CommandError):
        return f"the ledger was written by another version: {failure}"
    if isinstance(failure, ChainError):
        return f"the chain does not answer: {failure}"
    if isinstance(failure, DeploymentError | MereauError):
        return str(failure)
    if isinstance(failure, PermissionError):
        return f"no permission for {failure.filename}"
    return None


def database_words(failure: Exception) -> str:
    """The database's own first line: SQLAlchemy's would repeat the statement and its values."""
    lines = str(getattr(failure, "orig", None) or failure).splitlines()
    return lines[0].rstrip(":,") if lines else type(failure).__name__


def without_secrets(url: str) -> str:
    """The URL of a node as it may be shown: hosted nodes carry a key in user, path or query."""
    parts = urlsplit(url)
    bare = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    return bare if url.rstrip("/") == bare else f"{bare}/…"
