"""Merchants that take part in a program: add one, change what is earned there, let one go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from backend.core.errors import InvalidInput
from backend.core.life_errors import UnknownMerchant
from backend.core.rules import BaseRule
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.life_tables import ProgramPartner
from backend.ledger.partners import Partner, all_partners, merchant_name
from backend.ledger.tables import Program
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.lookup import program_of, well_formed
from backend.services.read_program import read_program


@dataclass(frozen=True, slots=True)
class PartnerChanged:
    program_id: str
    partner: Partner


@dataclass(frozen=True, slots=True)
class AddPartner:
    """Lets a merchant's tills work for the program, or changes what is earned at them.

    `name` is the merchant's, None where there is none. `earning` is points and the minor units
    they are for; None lets the program's rules judge its sales. Raises UnknownProgram,
    UnknownMerchant, RuleInvalid or InvalidInput.
    """

    claim: Claim | None
    owner_id: str
    program_id: str
    merchant_id: str
    name: str | None
    earning: tuple[int, int] | None
    render: Callable[[PartnerChanged], bytes]

    @property
    def _key(self) -> dict[str, str]:
        return {"program_id": self.program_id, "merchant_id": self.merchant_id}

    def wants(self) -> Wants:
        return Wants(
            programs=well_formed("prg", self.program_id),
            former_partners={(self.program_id, self.merchant_id)},
        )

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.owner_id, self.program_id)
        if self.name is None:
            raise UnknownMerchant("There is no such merchant.")
        if self.merchant_id == program.merchant_id:
            raise InvalidInput("The program's own merchant is no partner of it.")
        points, per_amount_minor = self.earning or (None, None)
        if points is not None and per_amount_minor is not None:
            BaseRule(points, per_amount_minor, program.currency)
        earning = {"earn_points": points, "earn_per_amount_minor": per_amount_minor}
        former = work.state.former_partners.get((program.id, self.merchant_id))
        joined_at_ms = former.joined_at_ms if former else work.now_ms
        partner = Partner(self.merchant_id, self.name, **earning, joined_at_ms=joined_at_ms)
        if former is None:
            row = {**self._key, **earning, "joined_at_ms": joined_at_ms, "left_at_ms": None}
            work.stage(ProgramPartner, row)
        else:
            work.stage_update(ProgramPartner, {**self._key, **earning, "left_at_ms": None})
        if not program.coalition:
            program.coalition = True
            work.stage_update(Program, {"id": program.id, "coalition": True})
        work.state.former_partners[program.id, self.merchant_id] = partner
        program.partners[self.merchant_id] = partner
        return Answer(200, self.render(PartnerChanged(program.id, partner)))


@dataclass(frozen=True, slots=True)
class EndPartner:
    """Ends a merchant's part in the program: from now on the program does not exist for it.

    Points that it gave stay good. Raises UnknownProgram or UnknownMerchant.
    """

    claim: Claim | None
    owner_id: str
    program_id: str
    merchant_id: str
    render: Callable[[PartnerChanged], bytes]

    def wants(self) -> Wants:
        return Wants(programs=well_formed("prg", self.program_id))

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.owner_id, self.program_id)
        partner = program.partners.pop(self.merchant_id, None)
        if partner is None:
            raise UnknownMerchant("The merchant takes no part in the program.")
        key = {"program_id": program.id, "merchant_id": self.merchant_id}
        work.stage_update(ProgramPartner, {**key, "left_at_ms": work.now_ms})
        left = replace(partner, left_at_ms=work.now_ms)
        work.state.former_partners[program.id, self.merchant_id] = left
        return Answer(200, self.render(PartnerChanged(program.id, left)))


async def add_partner(
    house: House,
    claim: Claim | None,
    owner_id: str,
    place: tuple[str, str],
    earning: tuple[int, int] | None,
    render: Callable[[PartnerChanged], bytes],
) -> Answer:
    """`place` is (program id, merchant id); raises what AddPartner raises."""
    program_id, merchant_id = place
    name = await house.ledger.run(lambda connection: merchant_name(connection, merchant_id))
    command = AddPartner(claim, owner_id, program_id, merchant_id, name, earning, render)
    return await house.committer.submit(command)


async def list_partners(house: House, owner_id: str, program_id: str) -> list[Partner]:
    """Everybody who takes part or took part. Raises UnknownProgram."""
    program = await read_program(house, owner_id, program_id)

    def read(connection: Connection) -> list[Partner]:
        return all_partners(connection, program.id)

    return await house.ledger.run(read)
