"""A program's rules: drafted, published, retired. Every version is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from backend.core.canonical import canonical_json
from backend.core.engine.rule_set import RuleSet
from backend.core.errors import CurrencyMismatch, RulesNotDraft, RulesRetired, UnknownRules
from backend.ledger.columns import table_of
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import ProgramState
from backend.ledger.rule_tables import RuleVersion
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.lookup import program_of, well_formed
from backend.services.read_program import read_program

Row = dict[str, Any]
DRAFT: Final = "draft"
PUBLISHED: Final = "published"
RETIRED: Final = "retired"

_VERSIONS: Final = table_of(RuleVersion)


@dataclass(frozen=True, slots=True)
class DraftRules:
    """Adds a version; raises UnknownProgram, CurrencyMismatch, or RuleInvalid with a pointer into
    the document."""

    merchant_id: str
    claim: Claim | None
    program_id: str
    document: Mapping[str, Any]
    render: Callable[[Row], bytes]

    def wants(self) -> Wants:
        return _wants(self.program_id)

    def decide(self, work: UnitOfWork) -> Answer:
        program = program_of(work, self.merchant_id, self.program_id)
        rules = RuleSet.parse(self.document)
        if rules.currency != program.currency:
            raise CurrencyMismatch(
                f"The program counts in {program.currency}.", program_currency=program.currency
            )
        versions = work.state.earning.versions[program.id]
        row: Row = {
            "program_id": program.id,
            "version": max(versions, default=0) + 1,
            "state": DRAFT,
            "document": canonical_json(self.document).decode(),
            "rules_hash": rules.hash,
            "created_at_ms": work.now_ms,
            "published_at_ms": None,
            "retired_at_ms": None,
        }
        work.stage(RuleVersion, row)
        versions[row["version"]] = row
        return Answer(201, self.render(row))


@dataclass(frozen=True, slots=True)
class PublishRules:
    """Puts a draft in force and retires the version before it; raises UnknownProgram,
    UnknownRules or RulesNotDraft."""

    merchant_id: str
    claim: Claim | None
    program_id: str
    version: int
    render: Callable[[Row], bytes]

    def wants(self) -> Wants:
        return _wants(self.program_id)

    def decide(self, work: UnitOfWork) -> Answer:
        program, row = _version(work, self.merchant_id, self.program_id, self.version)
        if row["state"] != DRAFT:
            raise RulesNotDraft(
                "Only a draft is published; draft the same document again to go back to it.",
                state=row["state"],
            )
        if program.rules_version is not None:
            before = work.state.earning.versions[program.id][program.rules_version]
            _move(work, before, RETIRED, retired_at_ms=work.now_ms)
        _move(work, row, PUBLISHED, published_at_ms=work.now_ms)
        work.publish_rules(program, row["version"], row["rules_hash"])
        return Answer(200, self.render(row))


@dataclass(frozen=True, slots=True)
class RetireRules:
    """Withdraws a version; a program whose published one is withdrawn goes by its own terms.
    Raises UnknownProgram, UnknownRules or RulesRetired."""

    merchant_id: str
    claim: Claim | None
    program_id: str
    version: int
    render: Callable[[Row], bytes]

    def wants(self) -> Wants:
        return _wants(self.program_id)

    def decide(self, work: UnitOfWork) -> Answer:
        program, row = _version(work, self.merchant_id, self.program_id, self.version)
        if row["state"] == RETIRED:
            raise RulesRetired("This version is retired already.")
        if program.rules_version == row["version"]:
            work.publish_rules(program, None, None)
        _move(work, row, RETIRED, retired_at_ms=work.now_ms)
        return Answer(200, self.render(row))


async def list_rules(house: House, merchant_id: str, program_id: str) -> list[Row]:
    """Every version, the newest first; raises UnknownProgram."""
    await read_program(house, merchant_id, program_id)

    def read(connection: Connection) -> list[Row]:
        found = (
            select(_VERSIONS)
            .where(_VERSIONS.c.program_id == program_id)
            .order_by(_VERSIONS.c.version.desc())
        )
        return [dict(row) for row in connection.execute(found).mappings()]

    return await house.ledger.run(read)


def _wants(program_id: str) -> Wants:
    programs = well_formed("prg", program_id)
    return Wants(programs=programs, versions_of=programs)


def _version(
    work: UnitOfWork, merchant_id: str, program_id: str, version: int
) -> tuple[ProgramState, Row]:
    program = program_of(work, merchant_id, program_id)
    row = work.state.earning.versions[program.id].get(version)
    if row is None:
        raise UnknownRules("The program has no such version of its rules.")
    return program, row


def _move(work: UnitOfWork, row: Row, state: str, **when: int) -> None:
    row |= {"state": state, **when}
    names = ("program_id", "version", "state", "published_at_ms", "retired_at_ms")
    work.stage_update(RuleVersion, {name: row[name] for name in names})
