"""Finding what a command names, within what the caller may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.errors import UnknownMember, UnknownProgram
from backend.core.identifiers import Identifier
from backend.core.ids import is_id
from backend.core.life_errors import CardBlocked, QrExpired
from backend.core.membership import require_active
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.vault import Vault
from backend.ledger.wants import Wants


@dataclass(frozen=True, slots=True)
class MemberById:
    """A member as a request names it by id, or by a QR code that is good until a moment."""

    program_id: str
    member_id: str
    expires_at_ms: int | None = None

    def wants(self) -> Wants:
        return Wants(
            programs=well_formed("prg", self.program_id), members=well_formed("mem", self.member_id)
        )

    def resolve(self, work: UnitOfWork) -> MemberState:
        """The member, who may earn and spend.

        Raises UnknownMember when the program has no such member, QrExpired, MemberDeactivated,
        MemberClosed or MemberMerged.
        """
        if self.expires_at_ms is not None and work.now_ms >= self.expires_at_ms:
            raise QrExpired("The QR code is too old; show a new one.")
        return _active_member(work, self.program_id, self.member_id)


@dataclass(frozen=True, slots=True)
class MemberByDigest:
    """A member as a request names it by an identifier; only the digest travels."""

    program_id: str
    kind: str
    digest: str

    @classmethod
    def of(cls, vault: Vault, program_id: str, identifier: Identifier) -> MemberByDigest:
        return cls(program_id, identifier.kind.value, vault.digest(program_id, identifier))

    def wants(self) -> Wants:
        programs = well_formed("prg", self.program_id)
        return Wants(
            programs=programs, identifiers={(one, self.kind, self.digest) for one in programs}
        )

    def resolve(self, work: UnitOfWork) -> MemberState:
        """The member, who may earn and spend.

        Raises UnknownMember when the program has no such member, CardBlocked, MemberDeactivated,
        MemberClosed or MemberMerged.
        """
        key = (self.program_id, self.kind, self.digest)
        if key in work.state.blocked_cards:
            raise CardBlocked("The card was reported lost and is refused for ever.")
        return _active_member(work, self.program_id, work.state.identifiers.get(key, ""))


MemberRef = MemberById | MemberByDigest


def well_formed(prefix: str, text: str) -> set[str]:
    """The id to look for, or nothing: a database need not be asked for what is no id.

    PostgreSQL refuses a text with a NUL, and with it the whole transaction.
    """
    return {text} if is_id(prefix, text) else set()


def _active_member(work: UnitOfWork, program_id: str, member_id: str) -> MemberState:
    member = work.state.members.get(member_id)
    if member is None or member.program_id != program_id:
        raise UnknownMember("The program has no such member.")
    require_active(member.state, member.merged_into)
    return member


def program_of(work: UnitOfWork, merchant_id: str, program_id: str) -> ProgramState:
    """The merchant's own program; raises UnknownProgram, also when it is somebody else's."""
    if not owned(work, merchant_id, program_id):
        raise UnknownProgram("There is no such program.")
    return work.state.programs[program_id]


def till_program(work: UnitOfWork, merchant_id: str, program_id: str) -> ProgramState:
    """The program that the merchant's till works for: its own, or one that it is a partner of.

    Raises UnknownProgram.
    """
    program = work.state.programs.get(program_id)
    if program is None or merchant_id not in (program.merchant_id, *program.partners):
        raise UnknownProgram("There is no such program.")
    return program


def owned(work: UnitOfWork, merchant_id: str, program_id: str) -> bool:
    """Whether the program is the merchant's; what it holds does not exist for anybody else."""
    program = work.state.programs.get(program_id)
    return program is not None and program.merchant_id == merchant_id


def owned_member(
    work: UnitOfWork, merchant_id: str, program_id: str, member_id: str
) -> MemberState:
    """A member of the merchant's own program, in whatever state; raises UnknownMember."""
    member = work.state.members.get(member_id)
    if member is None or member.program_id != program_id:
        raise UnknownMember("There is no such member.")
    if not owned(work, merchant_id, program_id):
        raise UnknownMember("There is no such member.")
    return member


def at_own_till(work: UnitOfWork, merchant_id: str, row: Mapping[str, Any]) -> bool:
    """Whether a purchase or redemption is the merchant's to change: made at its till, or in its
    own program. What a coalition's other partners did does not exist for it."""
    if owned(work, merchant_id, row["program_id"]):
        return True
    program = work.state.programs.get(row["program_id"])
    takes_part = program is not None and merchant_id in program.partners
    return takes_part and merchant_id == row["merchant_id"]
