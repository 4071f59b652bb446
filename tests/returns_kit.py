"""Returning purchases through the API, and the rules that judge it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert, update

from backend.ledger.columns import table_of
from backend.ledger.rule_tables import RuleVersion
from backend.ledger.tables import ProgramTotals
from tests.api_client import Shop, accepted


def take_back(till: Shop, bought: Mapping[str, Any], **asked: Any) -> dict[str, Any]:
    """An accepted return of what is asked; of all that is left, if nothing is."""
    return accepted(till.post(f"/purchases/{bought['id']}/returns", asked))


def total(rows: Iterable[Mapping[str, Any]], name: str) -> int:
    """The sum of a column."""
    return sum(int(row[name]) for row in rows)


def judge_returns_by(till: Shop, section: Mapping[str, Any]) -> None:
    """Rules with this `returns` section judge the program's purchases from now on."""
    versions, totals = table_of(RuleVersion), table_of(ProgramTotals)
    of_program = totals.c.program_id == till.program_id
    with till.database.ledger.begin() as connection:
        row = {
            "program_id": till.program_id, "version": 1, "state": "published",
            "document": json.dumps({"returns": section}), "rules_hash": "0" * 64,
            "created_at_ms": till.clock.now_ms,
        }  # fmt: skip
        connection.execute(insert(versions), row)
        connection.execute(update(totals).where(of_program).values(rules_version=1))
