"""Finding what a command names, within what the caller may see."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.errors import UnknownMember, UnknownProgram
from backend.core.identifiers import Identifier
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.vault import Vault
from backend.ledger.wants import Wants


@dataclass(frozen=True, slots=True)
class MemberRef:
    """A member as a request names it: by id, or by an identifier within the program."""

    program_id: str
    member_id: str | None = None
    kind: str | None = None
    digest: str | None = None

    @classmethod
    def by_identifier(cls, vault: Vault, program_id: str, identifier: Identifier) -> MemberRef:
        digest = vault.digest(program_id, identifier)
        return cls(program_id, kind=identifier.kind.value, digest=digest)

    def wants(self) -> Wants:
        if self.member_id is not None:
            return Wants(programs={self.program_id}, members={self.member_id})
        assert self.kind is not None and self.digest is not None
        return Wants(
            programs={self.program_id}, identifiers={(self.program_id, self.kind, self.digest)}
        )

    def resolve(self, work: UnitOfWork) -> MemberState:
        """The member; raises UnknownMember when the program has no such member."""
        member_id = self.member_id
        if member_id is None:
            assert self.kind is not None and self.digest is not None
            member_id = work.state.identifiers.get((self.program_id, self.kind, self.digest), "")
        member = work.state.members.get(member_id)
        if member is None or member.program_id != self.program_id:
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
