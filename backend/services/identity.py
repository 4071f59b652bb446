"""What a member is known by, inside a unit of work: opened, changed, sealed again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from backend.core.errors import MemberAlreadyEnrolled
from backend.core.identifiers import Identifier, IdentifierKind
from backend.ledger.life_tables import MemberChange
from backend.ledger.loading import MemberState
from backend.ledger.tables import MemberIdentifier, MemberVault
from backend.ledger.unit_of_work import UnitOfWork

NAME: Final = "name"
"""Where an identity has what the person wants to be called."""
Identity = dict[str, Any]
"""By kind of identifier a list of values, the newest first; beside them what else the vault has."""


def identity_of(work: UnitOfWork, member: MemberState) -> Identity:
    """The member's identity; it must have been wanted. Empty once they were erased."""
    sealed = work.state.identities.get(member.id)
    if sealed is None or not member.wrapped_key:
        return {}
    return work.vault.open(member.id, member.wrapped_key, sealed)


def identifiers_in(identity: Identity) -> list[Identifier]:
    """Every identifier of an identity."""
    return [Identifier(kind, value) for kind in IdentifierKind for value in identity.get(kind, ())]


def stage_identity(work: UnitOfWork, member: MemberState, identity: Identity) -> None:
    """Seals the identity anew under the member's own key."""
    sealed = work.vault.reseal(member.id, member.wrapped_key, identity)
    work.stage_update(MemberVault, {"member_id": member.id, "sealed_identity": sealed})
    work.state.identities[member.id] = sealed


def free_digests(
    work: UnitOfWork, member: MemberState, identifiers: Iterable[Identifier]
) -> list[tuple[str, str]]:
    """The (kind, digest) of those that are not the member's yet.

    Raises MemberAlreadyEnrolled when one is somebody else's.
    """
    free = []
    for identifier in identifiers:
        digest = work.vault.digest(member.program_id, identifier)
        owner = work.state.identifiers.get((member.program_id, identifier.kind.value, digest))
        if owner is None:
            free.append((identifier.kind.value, digest))
        elif owner != member.id:
            raise MemberAlreadyEnrolled(
                "An identifier belongs to another member; merge the two.", member_id=owner
            )
    return free


def stage_digests(
    work: UnitOfWork, member: MemberState, digests: Iterable[tuple[str, str]]
) -> None:
    """Lets the member be found by these (kind, digest)."""
    for kind, digest in digests:
        key = {"program_id": member.program_id, "kind": kind, "digest": digest}
        work.stage(MemberIdentifier, {**key, "member_id": member.id})
        work.state.identifiers[(member.program_id, kind, digest)] = member.id


def stage_owner(
    work: UnitOfWork, program_id: str, identifier: Identifier, member_id: str | None
) -> None:
    """Gives an identifier that is known to another member, or blocks a card for ever (None)."""
    kind, digest = identifier.kind.value, work.vault.digest(program_id, identifier)
    key = (program_id, kind, digest)
    row = {"program_id": program_id, "kind": kind, "digest": digest, "member_id": member_id}
    work.stage_update(MemberIdentifier, row)
    if member_id is None:
        work.state.identifiers.pop(key, None)
        work.state.blocked_cards.add(key)
    else:
        work.state.identifiers[key] = member_id


def forget(work: UnitOfWork, program_id: str, identifier: Identifier) -> None:
    """Lets nobody be found by the identifier; it may come to be somebody else's."""
    kind, digest = identifier.kind.value, work.vault.digest(program_id, identifier)
    work.stage_delete(MemberIdentifier, {"program_id": program_id, "kind": kind, "digest": digest})
    work.state.identifiers.pop((program_id, kind, digest), None)


def note_change(
    work: UnitOfWork, member: MemberState, kind: str, other_member_id: str | None = None
) -> str:
    """Writes a step of the member's life down; its id."""
    change_id = work.new_id("chg")
    row = {
        "id": change_id,
        "program_id": member.program_id,
        "member_id": member.id,
        "kind": kind,
        "merchant_id": work.merchant_id or "",
        "other_member_id": other_member_id,
        "changed_at_ms": work.now_ms,
    }
    work.stage(MemberChange, row)
    return change_id
