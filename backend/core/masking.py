"""What a till shows of an identifier: enough to ask "is that you?", not enough to write down."""

from __future__ import annotations

from backend.core.identifiers import IdentifierKind

_HIDDEN = "•••"


def masked(kind: IdentifierKind, value: str) -> str:
    """The identifier with most of it hidden."""
    if kind is IdentifierKind.EMAIL:
        name, _, host = value.partition("@")
        return f"{name[:1]}{_HIDDEN}@{host}"
    shown = 2 if kind is IdentifierKind.PHONE else 4
    if len(value) < 2 * shown:
        return f"{value[:1]}{_HIDDEN}"
    head = value[:3] if kind is IdentifierKind.PHONE else ""
    return f"{head}{_HIDDEN}{value[-shown:]}"
