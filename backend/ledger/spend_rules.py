"""What a program's published rules say of paying with points."""

from __future__ import annotations

import json
from functools import lru_cache

from sqlalchemy import Connection, select

from backend.core.spending import SpendPolicy
from backend.ledger.columns import table_of
from backend.ledger.loading import ProgramState
from backend.ledger.rule_tables import RuleVersion

_VERSIONS = table_of(RuleVersion)


def spend_policy_of(connection: Connection, program: ProgramState) -> SpendPolicy | None:
    """The section `spend` of the rules in force; None where they have none."""
    if program.rules_version is None:
        return None
    statement = select(_VERSIONS.c.document).where(
        _VERSIONS.c.program_id == program.id, _VERSIONS.c.version == program.rules_version
    )
    return _policy(connection.execute(statement).scalar_one())


@lru_cache(maxsize=1024)
def _policy(document: str) -> SpendPolicy | None:
    section = json.loads(document).get("spend")
    return None if section is None else SpendPolicy.parse(section)
