"""Describe a member: the birthday rules may ask about, and labels the merchant puts on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from backend.ledger.group_commit import Answer, Claim
from backend.ledger.rule_tables import MemberBirthday
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.crediting import remember
from backend.services.judging import standing_of
from backend.services.lookup import MemberById, program_of


@dataclass(frozen=True, slots=True)
class MemberDescribed:
    """`birthday` is `MM-DD`, None where none is known."""

    member_id: str
    birthday: str | None
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DescribeMember:
    """Sets what is given and leaves the rest; raises UnknownProgram or UnknownMember."""

    merchant_id: str
    member: MemberById
    birthday: str | None
    labels: frozenset[str] | None
    render: Callable[[MemberDescribed], bytes]

    @property
    def claim(self) -> Claim | None:
        """None: doing it twice is doing it once."""
        return None

    def wants(self) -> Wants:
        wants = self.member.wants()
        wants.rules_of |= wants.programs
        return wants

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.merchant_id, self.member.program_id)
        member = self.member.resolve(work)
        if self.birthday is not None:
            sealed = work.vault.seal_day(member.id, member.wrapped_key, self.birthday)
            row = {
                "member_id": member.id,
                "program_id": program.id,
                "digest": work.vault.day_digest(program.id, self.birthday),
                "sealed_day": sealed,
            }
            if member.sealed_birthday is None:
                work.stage(MemberBirthday, row)
            else:
                work.stage_update(MemberBirthday, row)
            member.sealed_birthday = sealed
        standing = standing_of(work, program, member)
        if self.labels is not None:
            standing = replace(standing, labels=self.labels)
            remember(work, member, standing)
        known = None
        if member.sealed_birthday is not None:
            known = work.vault.open_day(member.id, member.wrapped_key, member.sealed_birthday)
        result = MemberDescribed(member.id, known, tuple(sorted(standing.labels)))
        return Answer(200, self.render(result), names_member=member.id)
