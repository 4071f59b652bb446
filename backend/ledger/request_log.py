"""Writes and reads of the log of API calls.

A whole flush is one statement over one JSON document: SQLite's driver lets go of the interpreter
at every statement, and a busy till would make it wait for each row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import msgspec
from sqlalchemy import (
    JSON,
    Connection,
    String,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from backend.ledger.columns import table_of
from backend.ledger.request_tables import ApiRequest, RequestsDropped
from backend.ledger.tables import ApiKey

_REQUESTS, _DROPPED, _KEYS = table_of(ApiRequest), table_of(RequestsDropped), table_of(ApiKey)
_NAMES: Final = tuple(each.name for each in _REQUESTS.columns)
_REMOVED_MAX: Final = 5_000
STATUS_CLASSES: Final = {"2": (200, 300), "4": (400, 500), "5": (500, 600)}


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A call as it was logged."""

    id: str
    merchant_id: str
    key_id: str
    at_ms: int
    method: str
    route: str
    status: int
    code: str | None
    took_ms: int


assert tuple(each.name for each in fields(RequestRecord)) == _NAMES  # noqa: S101 - one order


def add_requests(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Logs calls, each in the order of RequestRecord."""
    document = msgspec.json.encode(rows).decode()
    if connection.dialect.name == "sqlite":
        each = func.json_each(bindparam("rows", type_=String)).table_valued("value")
        places = range(len(_NAMES))
        found = select(*(func.json_extract(each.c.value, f"$[{place}]") for place in places))
    else:
        each = func.json_array_elements(cast(bindparam("rows", type_=String), JSON)).table_valued(
            column("value", JSON)
        )
        columns = [
            cast(each.c.value.op("->>")(place), _REQUESTS.c[name].type)
            for place, name in enumerate(_NAMES)
        ]
        found = select(*columns)
    connection.execute(insert(_REQUESTS).from_select(_NAMES, found), {"rows": document})


def add_dropped(connection: Connection, day: int, calls: int) -> None:
    """Counts calls that were not logged."""
    made: sqlite.Insert | postgresql.Insert
    if connection.dialect.name == "sqlite":
        made = sqlite.insert(_DROPPED)
    else:
        made = postgresql.insert(_DROPPED)
    total = _DROPPED.c.calls + made.excluded.calls
    connection.execute(
        made.values(day=day, calls=calls).on_conflict_do_update(
            index_elements=["day"], set_={"calls": total}
        )
    )


def note_keys_used(connection: Connection, used: Mapping[str, int]) -> None:
    """When keys were last used."""
    statement = (
        update(_KEYS)
        .where(_KEYS.c.id == bindparam("key"))
        .values(last_used_at_ms=bindparam("used_ms"))
    )
    for key_id, used_ms in sorted(used.items()):
        connection.execute(statement, {"key": key_id, "used_ms": used_ms})


def requests_of(
    connection: Connection,
    merchant_id: str,
    limit: int,
    *,
    before: str = "",
    status: str = "",
    code: str = "",
    key_id: str = "",
) -> list[RequestRecord]:
    """A merchant's newest calls before one of them; those of a class of status (its first digit),
    with a problem's code, or with a key."""
    found = select(_REQUESTS).where(_REQUESTS.c.merchant_id == merchant_id)
    if before:
        found = found.where(_REQUESTS.c.id < before)
    if status in STATUS_CLASSES:
        low, high = STATUS_CLASSES[status]
        found = found.where(_REQUESTS.c.status >= low, _REQUESTS.c.status < high)
    if code:
        found = found.where(_REQUESTS.c.code == code)
    if key_id:
        found = found.where(_REQUESTS.c.key_id == key_id)
    rows = connection.execute(found.order_by(_REQUESTS.c.id.desc()).limit(limit))
    return [RequestRecord(*row) for row in rows]


def request_of(connection: Connection, merchant_id: str, request_id: str) -> RequestRecord | None:
    found = select(_REQUESTS).where(
        _REQUESTS.c.id == request_id, _REQUESTS.c.merchant_id == merchant_id
    )
    row = connection.execute(found).first()
    return RequestRecord(*row) if row else None


def dropped_since(connection: Connection, day: int) -> int:
    """How many calls went unlogged since a day, whosever they were."""
    found = select(func.coalesce(func.sum(_DROPPED.c.calls), 0)).where(_DROPPED.c.day >= day)
    return int(connection.execute(found).scalar_one())


def remove_requests(connection: Connection, before_id: str, before_day: int) -> int:
    """Forgets a part of what was logged before; how much that was. Ids sort by time."""
    old = select(_REQUESTS.c.id).where(_REQUESTS.c.id < before_id).limit(_REMOVED_MAX)
    removed = connection.execute(delete(_REQUESTS).where(_REQUESTS.c.id.in_(old))).rowcount
    connection.execute(delete(_DROPPED).where(_DROPPED.c.day < before_day))
    return removed
