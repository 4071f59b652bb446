"""Merchants and their API keys."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, bindparam, insert, select, update

from backend.ledger.columns import table_of
from backend.ledger.tables import ApiKey, Merchant

_KEYS, _MERCHANTS = table_of(ApiKey), table_of(Merchant)
_FIND_KEY = select(_KEYS.c.id, _KEYS.c.merchant_id).where(
    _KEYS.c.key_sha256 == bindparam("digest"), _KEYS.c.revoked_at_ms.is_(None)
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: the merchant, and which of its keys it used."""

    merchant_id: str
    key_id: str


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as its owner may see it again."""

    id: str
    hint: str
    label: str
    created_at_ms: int
    revoked_at_ms: int | None
    last_used_at_ms: int | None


def key_digest(secret: str) -> str:
    """What is stored of a key. The key has 256 random bits, so a plain hash cannot be guessed."""
    return sha256(secret.encode()).hexdigest()


def find_caller(connection: Connection, secret: str) -> Caller | None:
    """The caller behind a key that exists and is not revoked."""
    row = connection.execute(_FIND_KEY, {"digest": key_digest(secret)}).first()
    return Caller(merchant_id=row.merchant_id, key_id=row.id) if row else None


def add_merchant(connection: Connection, merchant_id: str, name: str, now_ms: int) -> None:
    row = {"id": merchant_id, "name": name, "created_at_ms": now_ms}
    connection.execute(insert(_MERCHANTS), row)


def add_key(
    connection: Connection, key_id: str, merchant_id: str, secret: str, label: str, now_ms: int
) -> None:
    """Stores a key's digest and its first and last characters, never the key."""
    connection.execute(insert(_KEYS), key_row(key_id, merchant_id, secret, label, now_ms))


def key_row(
    key_id: str, merchant_id: str, secret: str, label: str, now_ms: int
) -> dict[str, str | int | None]:
    """What is kept of a key."""
    return {
        "id": key_id,
        "merchant_id": merchant_id,
        "key_sha256": key_digest(secret),
        "hint": f"{secret[:6]}…{secret[-4:]}",
        "label": label,
        "created_at_ms": now_ms,
        "revoked_at_ms": None,
    }


def keys_of(connection: Connection, merchant_id: str) -> list[KeyRecord]:
    """A merchant's keys, the live ones first, then by age."""
    columns = [_KEYS.c[name] for name in KeyRecord.__slots__]
    mine = select(*columns).where(_KEYS.c.merchant_id == merchant_id)
    newest = mine.order_by(_KEYS.c.revoked_at_ms.is_not(None), _KEYS.c.id.desc())
    return [KeyRecord(*row) for row in connection.execute(newest)]


def revoke_key(connection: Connection, key_id: str, now_ms: int) -> bool:
    """Whether a live key was revoked; the API refuses it within its cache time (seconds)."""
    live = (_KEYS.c.id == key_id) & _KEYS.c.revoked_at_ms.is_(None)
    return connection.execute(update(_KEYS).where(live).values(revoked_at_ms=now_ms)).rowcount == 1


def merchants(connection: Connection) -> list[tuple[str, str]]:
    """Every merchant as (id, name), oldest first."""
    rows = connection.execute(select(_MERCHANTS.c.id, _MERCHANTS.c.name).order_by(_MERCHANTS.c.id))
    return [(row.id, row.name) for row in rows]
