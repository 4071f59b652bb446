"""What an operator can do something about."""

from __future__ import annotations


class OperatorError(Exception):
    """What went wrong and what to do about it, ready to be shown; a sentence per line."""
