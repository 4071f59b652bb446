"""A tier state as a document: what a program keeps of it, and reads back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from backend.core.canonical import canonical_json
from backend.core.tier_counting import Earned
from backend.core.tiers import Grant, TierState


def to_document(state: TierState) -> str:
    """Canonical JSON; `from_document` reads it back."""
    document = {
        "level": state.level,
        "since": str(state.since),
        "until": _day(state.until),
        "in_grace": state.in_grace,
        "judged_on": str(state.judged_on),
        "policy": state.policy_hash,
        "earned_level": state.earned_level,
        "earned": _earned(state.earned),
        "anchor": _earned(state.anchor),
        "seen": [state.before, state.running],
        "changes": state.change_count,
        "grants": [
            [one.source, one.level, str(one.since), _day(one.until)] for one in state.grants
        ],
    }
    return canonical_json(document).decode()


def from_document(text: str) -> TierState:
    """Reads what `to_document` wrote."""
    document: dict[str, Any] = json.loads(text)
    before, running = document["seen"]
    return TierState(
        level=document["level"],
        since=date.fromisoformat(document["since"]),
        until=_read_day(document["until"]),
        in_grace=document["in_grace"],
        judged_on=date.fromisoformat(document["judged_on"]),
        policy_hash=document["policy"],
        earned_level=document["earned_level"],
        earned=_read_earned(document["earned"]),
        anchor=_read_earned(document["anchor"]),
        before=before,
        running=running,
        grants=_grants(document),
        change_count=document["changes"],
    )


def grants_in(text: str) -> tuple[Grant, ...]:
    """The grants of a state that `to_document` wrote."""
    return _grants(json.loads(text))


def _grants(document: dict[str, Any]) -> tuple[Grant, ...]:
    return tuple(
        Grant(source, level, date.fromisoformat(since), _read_day(until))
        for source, level, since, until in document["grants"]
    )


def _earned(earned: Earned) -> list[int | None]:
    return [earned.month, earned.place, earned.grace_months, earned.stepped]


def _read_earned(parts: Sequence[Any]) -> Earned:
    return Earned(*parts)


def _day(day: date | None) -> str | None:
    return None if day is None else str(day)


def _read_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
