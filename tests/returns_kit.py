"""Returning purchases through the API, and the rules that judge it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.api_client import Shop, accepted
from tests.earning_kit import publish


def take_back(till: Shop, bought: Mapping[str, Any], **asked: Any) -> dict[str, Any]:
    """An accepted return of what is asked; of all that is left, if nothing is."""
    return accepted(till.post(f"/purchases/{bought['id']}/returns", asked))


def total(rows: Iterable[Mapping[str, Any]], name: str) -> int:
    """The sum of a column."""
    return sum(int(row[name]) for row in rows)


def judge_returns_by(till: Shop, section: Mapping[str, Any]) -> None:
    """Rules with this `returns` section, and a point per euro, judge purchases from now on."""
    publish(till, returns=dict(section))
