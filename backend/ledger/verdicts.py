"""What reconciliation last found of each program, kept where settler and front door see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from backend.ledger.columns import table_of
from backend.ledger.verdict_tables import Verdict

_VERDICTS = table_of(Verdict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One program as of a block; `difference` is the first line that says what differs, or None."""

    program_id: str
    as_of_block: int
    difference: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """All programs: when the last check was (None for never), and those that differed in it."""

    checked_at_ms: int | None
    differing_programs: list[str]

    @property
    def reconciled(self) -> bool | None:
        """None as long as nothing was checked."""
        return None if self.checked_at_ms is None else not self.differing_programs


@dataclass(frozen=True, slots=True)
class Check:
    """The last check of one program; `difference` says what differs, since when."""

    as_of_block: int
    checked_at_ms: int
    difference: str | None
    differs_since_ms: int | None


def check_of(connection: Connection, program_id: str) -> Check | None:
    """What the last check found of a program; None before the first."""
    columns = [_VERDICTS.c[name] for name in Check.__slots__]
    row = connection.execute(select(*columns).where(_VERDICTS.c.program_id == program_id)).first()
    return Check(*row) if row else None


def record(connection: Connection, findings: Sequence[Finding], now_ms: int) -> None:
    """Replaces what was found before; a difference that lasts keeps the time it was first seen."""
    since = {
        row.program_id: row.differs_since_ms
        for row in connection.execute(select(_VERDICTS.c.program_id, _VERDICTS.c.differs_since_ms))
    }
    connection.execute(delete(_VERDICTS))
    rows = [
        {
            "program_id": finding.program_id,
            "as_of_block": finding.as_of_block,
            "checked_at_ms": now_ms,
            "difference": finding.difference,
            "differs_since_ms": (
                None if finding.difference is None else since.get(finding.program_id) or now_ms
            ),
        }
        for finding in findings
    ]
    if rows:
        connection.execute(insert(_VERDICTS), rows)


def differences(connection: Connection) -> dict[str, str]:
    """The programs whose settlement rests because they differ, each with its line."""
    rows = connection.execute(
        select(_VERDICTS.c.program_id, _VERDICTS.c.difference)
        .where(_VERDICTS.c.difference.is_not(None))
        .order_by(_VERDICTS.c.program_id)
    )
    return {row.program_id: row.difference for row in rows}


def standing(connection: Connection) -> Standing:
    """What /readyz and /metrics say of reconciliation."""
    checked_at_ms = connection.execute(select(func.max(_VERDICTS.c.checked_at_ms))).scalar()
    return Standing(checked_at_ms, list(differences(connection)))
