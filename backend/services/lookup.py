"""Finding what a command names, within what the caller may see."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.errors import UnknownMember, UnknownProgram
from backend.core.identifiers import Identifier
from backend.core.ids import is_id
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.vault import Vault
from backend.ledger.wants import Wants


@dataclass(frozen=True, slots=True)
class MemberById:
    """A member as a request names it by id."""

    program_id: str
    member_id: str

    def wants(self) -> Wants:
        return Wants(
            programs=well_formed("prg", self.program_id), members=well_formed("mem", self.member_id)
        )

    def resolve(self, work: UnitOfWork) -> MemberState:
        """The member; raises UnknownMember when the program has no such member."""
        return _member_in(work, self.program_id, self.member_id)


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
        """The member; raises UnknownMember when the program has no such member."""
        key = (self.program_id, self.kind, self.digest)
        return _member_in(work, self.program_id, work.state.identifiers.get(key, ""))


MemberRef = MemberById | MemberByDigest


def well_formed(prefix: str, text: str) -> set[str]:
    """The id to look for, or nothing: a database need not be asked for what is no id.

    PostgreSQL refuses a text with a NUL, and with it the whole transaction.
    """
    return {text} if is_id(prefix, text) else set()


def _member_in(work: UnitOfWork, program_id: str, member_id: str) -> MemberState:
    member = work.state.members.get(member_id)
    if member is None or member.program_id != program_id:
        raise UnknownMember("The program has no such member.")
    return member


def program_of(work: UnitOfWork, merchant_id: str, program_id: str) -> ProgramState:
    """The merchant's program; raises UnknownProgram, also when it is somebody else's."""
    if not owned(work, merchant_id, program_id):
        raise UnknownProgram("There is no such program.")
    return work.state.programs[program_id]


def owned(work: UnitOfWork, merchant_id: str, program_id: str) -> bool:
    """Whether the program is the merchant's; what it holds does not exist for anybody else."""
    program = work.state.programs.get(program_id)
    return program is not None and program.merchant_id == merchant_id
