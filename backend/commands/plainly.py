"""Failures an operator can do something about, each said in one sentence without a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pydantic import ValidationError

from backend.settings import Settings


class PlainError(Exception):
    """What went wrong, ready to be shown; a sentence per line."""


def load_settings() -> Settings:
    """The settings; PlainError with a sentence per field that is wrong, without its value."""
    try:
        return Settings()
    except ValidationError as failure:
        lines = [
            f"MEREAU_{'.'.join(str(part) for part in error['loc']).upper()}: {error['msg']}"
            for error in failure.errors(include_url=False, include_context=False)
        ]
        raise PlainError("\n".join(lines)) from None


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """Turns what can be expected to go wrong into PlainError."""
    from alembic.util.exc import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    from backend.chain.contracts import DeploymentError
    from backend.chain.port import ChainError
    from backend.commands.administration import AdministrationError
    from backend.commands.children import ChildFailedError
    from backend.commands.new_program import NewProgramError
    from backend.commands.purchase_file import PurchaseFileError
    from backend.commands.replay import ReplayError
    from backend.commands.running import FolderInUseError
    from backend.commands.system import CannotStartError
    from backend.core.errors import MereauError
    from backend.wiring import SettingError

    try:
        yield
    except SQLAlchemyError as failure:
        raise PlainError(f"the database does not answer: {database_words(failure)}") from failure
    except CommandError as failure:
        raise PlainError(f"the ledger was written by another version: {failure}") from failure
    except ChainError as failure:
        raise PlainError(f"the chain does not answer: {failure}") from failure
    except (
        AdministrationError,
        CannotStartError,
        ChildFailedError,
        DeploymentError,
        FolderInUseError,
        MereauError,
        NewProgramError,
        PurchaseFileError,
        ReplayError,
        SettingError,
    ) as failure:
        raise PlainError(str(failure)) from failure
    except PermissionError as failure:
        raise PlainError(f"no permission for {failure.filename}") from failure


def database_words(failure: Exception) -> str:
    """The database's own first line: SQLAlchemy's would repeat the statement and its values."""
    lines = str(getattr(failure, "orig", None) or failure).splitlines()
    return lines[0].rstrip(":,") if lines else type(failure).__name__
