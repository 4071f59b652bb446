"""Reads of members' own keys and passkeys; writing them is the commands' business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, CursorResult, bindparam, delete, select, update

from backend.ledger.columns import table_of
from backend.ledger.control_tables import (
    Confirmation,
    MemberKey,
    PasskeyChallenge,
    PasskeyMember,
    PasskeyRecord,
)

_KEYS, _PASSKEYS = table_of(MemberKey), table_of(PasskeyRecord)
_CONFIRMATIONS = table_of(Confirmation)
_OWNERS, _CHALLENGES = table_of(PasskeyMember), table_of(PasskeyChallenge)
_THEIRS = _OWNERS.c.member_id.in_(bindparam("members", expanding=True))
_OF_PERSON = (
    select(_PASSKEYS)
    .where(
        _PASSKEYS.c.id.in_(select(_OWNERS.c.passkey_id).where(_THEIRS)),
    )
    .order_by(_PASSKEYS.c.id)
)
_BY_CREDENTIAL = select(_PASSKEYS).where(_PASSKEYS.c.credential_id == bindparam("credential"))
_MEMBERS_OF = (
    select(_OWNERS.c.member_id)
    .where(_OWNERS.c.passkey_id == bindparam("passkey"))
    .order_by(_OWNERS.c.member_id)
)
_KEY_AT = (
    select(_KEYS.c.kind, _PASSKEYS.c.credential_id, _PASSKEYS.c.rp_id)
    .outerjoin(_PASSKEYS, _PASSKEYS.c.id == _KEYS.c.passkey_id)
    .where(_KEYS.c.member_id == bindparam("member"), _KEYS.c.address == bindparam("address"))
)


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """A passkey as stored."""

    id: str
    credential_id: str
    rp_id: str
    public_x: str
    public_y: str
    sign_count: int
    created_at_ms: int
    used_at_ms: int | None


@dataclass(frozen=True, slots=True)
class KeyAt:
    """What stands behind an address; a passkey with its id (base64url) and the host it lives at."""

    kind: str
    credential_id: str | None
    rp_id: str | None


def key_at(connection: Connection, member_id: str, address: str) -> KeyAt | None:
    """The key that the member took to this address on their card."""
    row = connection.execute(_KEY_AT, {"member": member_id, "address": address}).first()
    return KeyAt(**row._mapping) if row else None


def passkeys_of(connection: Connection, member_ids: Sequence[str]) -> list[StoredPasskey]:
    """A person's passkeys, oldest first."""
    rows = connection.execute(_OF_PERSON, {"members": list(member_ids)})
    return [StoredPasskey(**row._mapping) for row in rows]


def passkey_by_credential(connection: Connection, credential_id: str) -> StoredPasskey | None:
    row = connection.execute(_BY_CREDENTIAL, {"credential": credential_id}).first()
    return StoredPasskey(**row._mapping) if row else None


def members_of_passkey(connection: Connection, passkey_id: str) -> list[str]:
    """Whom it signs in."""
    return list(connection.execute(_MEMBERS_OF, {"passkey": passkey_id}).scalars())


def challenge_digest(challenge: bytes) -> str:
    """What is stored of a challenge."""
    return sha256(challenge).hexdigest()


def take_challenge(
    connection: Connection, digest: str, purpose: str, subject: str, now_ms: int
) -> bool:
    """Uses a challenge up; False where it is unknown, another's, used or too old."""
    taken: CursorResult[tuple[()]] = connection.execute(
        delete(_CHALLENGES).where(
            _CHALLENGES.c.challenge_sha256 == digest,
            _CHALLENGES.c.purpose == purpose,
            _CHALLENGES.c.subject == subject,
            _CHALLENGES.c.expires_at_ms > now_ms,
        )
    )
    return taken.rowcount == 1


def drop_old_challenges(connection: Connection, now_ms: int) -> None:
    """Forgets those that nobody can use any more."""
    connection.execute(delete(_CHALLENGES).where(_CHALLENGES.c.expires_at_ms <= now_ms))


def forget_passkeys(connection: Connection, member_ids: Sequence[str]) -> None:
    """Takes these members' passkeys away: sign-in, key kinds, and passkeys nobody else has; and
    what tills wrote to them."""
    gone = list(member_ids)
    asked = update(_CONFIRMATIONS).where(_CONFIRMATIONS.c.member_id.in_(gone))
    connection.execute(asked.values(till=None, note=None))
    connection.execute(delete(_KEYS).where(_KEYS.c.member_id.in_(gone)))
    connection.execute(delete(_OWNERS).where(_OWNERS.c.member_id.in_(gone)))
    used = select(_OWNERS.c.passkey_id).union(
        select(_KEYS.c.passkey_id).where(_KEYS.c.passkey_id.is_not(None))
    )
    connection.execute(delete(_PASSKEYS).where(_PASSKEYS.c.id.not_in(used)))
