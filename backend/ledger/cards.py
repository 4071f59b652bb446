"""Reads across the whole house, for members: whichever merchants' programs they are in.

Nothing else reads across merchants but our own sweeps: what a merchant asks goes through `members`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, select

from backend.ledger.columns import table_of
from backend.ledger.tables import Member, MemberIdentifier, Merchant, Program

_MEMBERS, _IDENTIFIERS = table_of(Member), table_of(MemberIdentifier)
_PROGRAMS, _MERCHANTS = table_of(Program), table_of(Merchant)
_AT_ONCE: Final = 500
_SELECT_CARDS = (
    select(
        _MEMBERS.c.id.label("member_id"),
        _MEMBERS.c.program_id,
        _MEMBERS.c.address,
        _MEMBERS.c.state,
        _MEMBERS.c.merged_into,
        _MEMBERS.c.erased_at_ms,
        _MEMBERS.c.created_at_ms,
        _PROGRAMS.c.name.label("program_name"),
        _PROGRAMS.c.timezone,
        _PROGRAMS.c.currency,
        _PROGRAMS.c.card_check,
        _PROGRAMS.c.contract_address,
        _PROGRAMS.c.merchant_id,
        _MERCHANTS.c.name.label("merchant_name"),
    )
    .join_from(_MEMBERS, _PROGRAMS, _PROGRAMS.c.id == _MEMBERS.c.program_id)
    .join(_MERCHANTS, _MERCHANTS.c.id == _PROGRAMS.c.merchant_id)
    .where(_MEMBERS.c.id.in_(bindparam("members", expanding=True)))
    .order_by(_MEMBERS.c.id)
)
_KNOWN_BY = (
    select(_IDENTIFIERS.c.member_id)
    .where(
        _IDENTIFIERS.c.kind == bindparam("kind"),
        _IDENTIFIERS.c.digest.in_(bindparam("digests", expanding=True)),
        _IDENTIFIERS.c.member_id.is_not(None),
    )
    .order_by(_IDENTIFIERS.c.member_id)
)
_JOINABLE = (
    select(
        _PROGRAMS.c.id,
        _PROGRAMS.c.name,
        _PROGRAMS.c.timezone,
        _PROGRAMS.c.card_check,
        _PROGRAMS.c.merchant_id,
        _MERCHANTS.c.name.label("merchant_name"),
    )
    .join(_MERCHANTS, _MERCHANTS.c.id == _PROGRAMS.c.merchant_id)
    .where(_PROGRAMS.c.id == bindparam("program"))
)
_PROGRAM_IDS = select(_PROGRAMS.c.id).order_by(_PROGRAMS.c.id)


@dataclass(frozen=True, slots=True)
class HeldCard:
    """One person's place in one program, and whose program it is."""

    member_id: str
    program_id: str
    address: str
    state: str
    merged_into: str | None
    erased_at_ms: int | None
    created_at_ms: int
    program_name: str
    timezone: str
    currency: str
    card_check: str
    contract_address: str | None
    merchant_id: str
    merchant_name: str


@dataclass(frozen=True, slots=True)
class JoinableProgram:
    """A program as somebody sees it who is not in it."""

    id: str
    name: str
    timezone: str
    card_check: str
    merchant_id: str
    merchant_name: str


def joinable_program(connection: Connection, program_id: str) -> JoinableProgram | None:
    """The program, whoever's it is."""
    row = connection.execute(_JOINABLE, {"program": program_id}).first()
    return JoinableProgram(**row._mapping) if row else None


def cards_of(connection: Connection, member_ids: Sequence[str]) -> list[HeldCard]:
    """The cards of these members, oldest first; of the merged, whom they were merged into. The
    erased have none."""
    rows = connection.execute(_SELECT_CARDS, {"members": list(member_ids)})
    found = {row.member_id: HeldCard(**row._mapping) for row in rows}
    heirs = {c.merged_into for c in found.values() if c.merged_into} - found.keys()
    if heirs:
        rows = connection.execute(_SELECT_CARDS, {"members": sorted(heirs)})
        found |= {row.member_id: HeldCard(**row._mapping) for row in rows}
    live = [c for c in found.values() if c.merged_into is None and c.erased_at_ms is None]
    return sorted(live, key=lambda card: card.member_id)


def all_program_ids(connection: Connection) -> list[str]:
    """Every program of the house."""
    return list(connection.execute(_PROGRAM_IDS).scalars())


def members_known_by(connection: Connection, kind: str, digests: Sequence[str]) -> list[str]:
    """The ids of the members with one of these keyed digests, at most one in each program."""
    found: list[str] = []
    for at in range(0, len(digests), _AT_ONCE):
        bound = {"kind": kind, "digests": digests[at : at + _AT_ONCE]}
        found += connection.execute(_KNOWN_BY, bound).scalars()
    return sorted(found)
