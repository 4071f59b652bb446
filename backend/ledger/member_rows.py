"""Every row of the ledger that is of a member: for the person who asks what we have of them.

Tables say it themselves, by their column `member_id`: a new one cannot be forgotten here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, or_, select

from backend.ledger.columns import table_of
from backend.ledger.metadata import metadata
from backend.ledger.tables import Member

_MEMBERS = table_of(Member)
_KEYS: Final = frozenset(
    {"wrapped_key", "commitment", "entry_hash", "digest", "code_digest", "person_digest"}
)
"""Keys and fingerprints: they say nothing to a person, and must not leave the house."""

Rows = dict[str, list[dict[str, Any]]]


def rows_of_member(connection: Connection, member_id: str) -> Rows:
    """By table the member's rows, those of whom was merged into them included, without keys. What
    is sealed comes as bytes: who holds the vault opens it."""
    selves = select(_MEMBERS.c.id).where(
        or_(_MEMBERS.c.id == member_id, _MEMBERS.c.merged_into == member_id)
    )
    mine = select(_MEMBERS).where(_MEMBERS.c.id.in_(selves))
    found = {_MEMBERS.name: [_shown(dict(row)) for row in connection.execute(mine).mappings()]}
    for table in metadata.sorted_tables:
        if "member_id" not in table.c:
            continue
        statement = select(table).where(table.c.member_id.in_(selves))
        order = list(table.primary_key.columns)
        rows = connection.execute(statement.order_by(*order)).mappings()
        if shown := [_shown(dict(row)) for row in rows]:
            found[table.name] = shown
    return found


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _KEYS}
