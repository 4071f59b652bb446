"""Who of a merchant's people may do what.

Roles are few and fixed: a shop must be able to say them aloud. Each has what the one before it
has not; the auditor reads the books and changes nothing.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class Permission(Enum):
    """One thing that a page may ask for."""

    TILL = "till"  # purchases, redemptions, returns, vouchers, enrolling at the till
    MEMBERS = "members"  # search, timelines, cards
    FIGURES = "figures"  # tiles, charts, cohorts
    EXPORT = "export"
    ADJUST = "adjust"  # ask for an adjustment by hand
    APPROVE = "approve"  # approve somebody else's
    PROGRAM = "program"  # rules, rewards, campaigns, terms
    INTEGRATE = "integrate"  # API keys, webhooks, the request log
    PEOPLE = "people"  # users and their roles
    BOOKS = "books"  # the audit pages


class Role(Enum):
    """What a user is to their merchant."""

    OWNER = "owner"
    MANAGER = "manager"
    CASHIER = "cashier"
    AUDITOR = "auditor"


_CASHIER: Final = frozenset({Permission.TILL, Permission.MEMBERS})
_MANAGER: Final = _CASHIER | {
    Permission.FIGURES,
    Permission.EXPORT,
    Permission.ADJUST,
    Permission.APPROVE,
    Permission.PROGRAM,
    Permission.BOOKS,
}
_GRANTED: Final = {
    Role.OWNER: frozenset(Permission),
    Role.MANAGER: _MANAGER,
    Role.CASHIER: _CASHIER,
    Role.AUDITOR: frozenset({Permission.BOOKS, Permission.EXPORT}),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether the role has the permission."""
    return permission in _GRANTED[role]
