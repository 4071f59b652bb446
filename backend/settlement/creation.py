"""Giving programs their contracts: one creation per slot, through the factory."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from backend.chain.codec import decode_address, encode_create_program, encode_program_of
from backend.chain.contract_errors import decode_error
from backend.chain.port import CallReverted, ChainUnavailable
from backend.chain.program_rules import ProgramRules
from backend.chain.quantities import read_bytes, write_bytes
from backend.ledger import settlement_writes as writes
from backend.ledger.engine import writing
from backend.ledger.outbox import ProgramRow
from backend.ledger.settlements import Purpose
from backend.settlement.lanes import Lane, Parts, creation_gas, program_salt
from backend.settlement.report import AlarmCode, StepReport

_NOBODY = bytes(20)
_DECIMALS = 0


def rules_of(program: ProgramRow) -> ProgramRules:
    """What the program's contract is created with; a limit that is none is the field's largest."""
    none, terms_hash = ProgramRules(), program.terms_hash
    return ProgramRules(
        period_months=program.period_months,
        validity_periods=program.validity_periods,
        utc_offset_minutes=program.utc_offset_minutes,
        signed_only=program.signed_only,
        notice_days=program.notice_days,
        supply_cap=_limit(program.supply_cap_points, none.supply_cap),
        mint_per_day=_limit(program.mint_per_day_points, none.mint_per_day),
        debit_per_day=_limit(program.debit_per_day_points, none.debit_per_day),
        terms_hash=read_bytes(terms_hash, 32) if terms_hash else none.terms_hash,
        terms_uri=program.terms_uri or "",
    )


def _limit(points: int | None, unlimited: int) -> int:
    return unlimited if points is None else points


class Creator:
    """Seals creations for programs that have no contract and no creation under way."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def seal(self, lane: Lane, nonce: int, program: ProgramRow, report: StepReport) -> str | None:
        """Seals the creation of a program's contract; the slot's id.

        None when the contract exists, made by somebody else who may (it is then adopted once that
        is final), when the factory refuses, or when another settler was first.
        """
        if self.address_on_chain(program.id) is not None:
            self._adopt(program.id)
            return None
        deployment = self._parts.deployment
        calldata = encode_create_program(
            deployment.settlement,
            program_salt(program.id),
            program.name,
            program.symbol,
            _DECIMALS,
            rules_of(program),
        )
        try:
            self._parts.chain.call(deployment.factory, calldata, sender=lane.signer.address)
        except CallReverted as revert:
            error = str(decode_error(revert.data))
            report.alarm(AlarmCode.CREATION_REFUSED, lane.name, error, program_id=program.id)
            return None
        slot = writes.NewSlot(
            id=self._parts.new_id("stx"),
            lane=lane.name,
            nonce=nonce,
            purpose=Purpose.CREATE_PROGRAM,
            program_id=program.id,
            to_address=write_bytes(deployment.factory),
            calldata=calldata,
            gas_limit=creation_gas(calldata),
            sealed_at_ms=self._parts.now_ms(),
        )
        try:
            with writing(self._parts.engine) as connection:
                writes.insert_slot(connection, slot)
        except IntegrityError:
            return None
        report.sealed += 1
        return slot.id

    def address_on_chain(self, program_id: str, block: int | None = None) -> bytes | None:
        """The program's contract according to the factory at `block` (latest when None)."""
        deployment = self._parts.deployment
        question = encode_program_of(deployment.settlement, program_salt(program_id))
        answer = self._parts.chain.call(deployment.factory, question, block=block)
        try:
            address = decode_address(answer)
        except ValueError as error:
            raise ChainUnavailable(f"the factory does not answer: {error}") from error
        return None if address == _NOBODY else address

    def _adopt(self, program_id: str) -> None:
        address = self.address_on_chain(program_id, self._parts.view.finalized_number())
        if address is not None:
            with writing(self._parts.engine) as connection:
                writes.set_contract_address(connection, program_id, write_bytes(address))
