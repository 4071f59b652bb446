"""The rules of a program by version, whether they are in force or not."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from backend.core.engine.rule_set import RuleSet
from backend.ledger.columns import table_of
from backend.ledger.rule_tables import RuleVersion
from backend.ledger.tables import Program, ProgramTotals

_VERSIONS, _PROGRAMS = table_of(RuleVersion), table_of(Program)
_TOTALS = table_of(ProgramTotals)


def stored_rules(
    connection: Connection, program_id: str, version: int | None = None
) -> RuleSet | None:
    """A version's rules, a draft's too; without a version those in force, which are the program's
    own terms where nothing is published. None for a program or a version that there is not."""
    program = connection.execute(
        select(_PROGRAMS, _TOTALS.c.rules_version)
        .join(_TOTALS, _TOTALS.c.program_id == _PROGRAMS.c.id)
        .where(_PROGRAMS.c.id == program_id)
    ).first()
    if program is None:
        return None
    if version is None and program.rules_version is None:
        return RuleSet.base(program.earn_points, program.earn_per_amount_minor, program.currency)
    document = connection.execute(
        select(_VERSIONS.c.document).where(
            _VERSIONS.c.program_id == program_id,
            _VERSIONS.c.version == (version or program.rules_version),
        )
    ).scalar()
    return None if document is None else RuleSet.parse(json.loads(document))
