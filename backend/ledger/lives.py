"""Reads that only the steps of members' lives need: identities, guests' purchases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from backend.ledger.columns import table_of
from backend.ledger.life_tables import GuestPurchase, MemberChange
from backend.ledger.tables import MemberIdentifier, MemberVault, Program, Purchase

_VAULT, _GUESTS, _PURCHASES = table_of(MemberVault), table_of(GuestPurchase), table_of(Purchase)
_IDENTIFIERS, _CHANGES, _PROGRAMS = (
    table_of(MemberIdentifier), table_of(MemberChange), table_of(Program),
)  # fmt: skip
_SEALED = select(_VAULT.c.sealed_identity).where(_VAULT.c.member_id == bindparam("member"))
_GUEST = select(_GUESTS).where(_GUESTS.c.purchase_id == bindparam("purchase"))
_BY_CLAIM = select(_GUESTS.c.purchase_id).where(
    _GUESTS.c.program_id == bindparam("program"), _GUESTS.c.claim_digest == bindparam("digest")
)
_KNOWN = select(_IDENTIFIERS.c.digest).where(
    _IDENTIFIERS.c.program_id == bindparam("program"),
    _IDENTIFIERS.c.kind == bindparam("kind"),
    _IDENTIFIERS.c.digest.in_(bindparam("digests", expanding=True)),
)
_STEPS = (
    select(_CHANGES.c.id, _CHANGES.c.kind, _CHANGES.c.other_member_id, _CHANGES.c.changed_at_ms)
    .join(_PROGRAMS, _PROGRAMS.c.id == _CHANGES.c.program_id)
    .where(
        _CHANGES.c.member_id == bindparam("member"),
        or_(
            _PROGRAMS.c.merchant_id == bindparam("merchant"),
            _CHANGES.c.merchant_id == bindparam("merchant"),
        ),
    )
    .order_by(_CHANGES.c.id.desc())
)
_BY_RECEIPT = (
    select(_GUESTS.c.purchase_id)
    .join(_PURCHASES, _PURCHASES.c.id == _GUESTS.c.purchase_id)
    .where(
        _PURCHASES.c.program_id == bindparam("program"),
        _PURCHASES.c.receipt_id == bindparam("receipt"),
        _PURCHASES.c.amount_minor == bindparam("amount_minor"),
    )
)


@dataclass(frozen=True, slots=True)
class LifeStep:
    """Something that happened to a member, and with whom."""

    id: str
    kind: str
    other_member_id: str | None
    changed_at_ms: int


def steps_of(connection: Connection, member_id: str, merchant_id: str) -> list[LifeStep]:
    """What happened to a member, the newest first: to whom the program belongs all of it, to a
    partner what it did itself."""
    bound = {"member": member_id, "merchant": merchant_id}
    return [LifeStep(*row) for row in connection.execute(_STEPS, bound)]


def sealed_identity(connection: Connection, member_id: str) -> bytes | None:
    """What the vault keeps of a member; None once they were erased."""
    found: bytes | None = connection.execute(_SEALED, {"member": member_id}).scalar()
    return found


def guest_purchase(connection: Connection, purchase_id: str) -> dict[str, Any] | None:
    """The guest's side of a purchase; None for one that named its member."""
    row = connection.execute(_GUEST, {"purchase": purchase_id}).mappings().first()
    return dict(row) if row else None


def guest_by_claim(connection: Connection, program_id: str, digest: str) -> str | None:
    """The purchase with this claim code's digest."""
    bound = {"program": program_id, "digest": digest}
    found: str | None = connection.execute(_BY_CLAIM, bound).scalar()
    return found


def guest_by_receipt(
    connection: Connection, program_id: str, receipt_id: str, amount_minor: int
) -> str | None:
    """The guest's purchase with this receipt and exactly this amount."""
    bound = {"program": program_id, "receipt": receipt_id, "amount_minor": amount_minor}
    found: str | None = connection.execute(_BY_RECEIPT, bound).scalar()
    return found


def known_digests(
    connection: Connection, program_id: str, kind: str, digests: Sequence[str]
) -> set[str]:
    """Those of the digests that are somebody's in the program, or blocked."""
    bound = {"program": program_id, "kind": kind, "digests": digests}
    return set(connection.execute(_KNOWN, bound).scalars())
