"""Reads and writes of simulations, and a program's purchases as a history."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from backend.core.engine.basket import Basket, Line
from backend.core.engine.moment import Moment
from backend.core.simulation import SimulatedPurchase
from backend.ledger.columns import table_of
from backend.ledger.rule_tables import PurchaseLine
from backend.ledger.simulation_tables import RuleSimulation
from backend.ledger.tables import Program, Purchase

Row = dict[str, Any]
ASKED: Final = "asked"
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"

_SIMULATIONS, _PROGRAMS = table_of(RuleSimulation), table_of(Program)
_PURCHASES, _LINES = table_of(Purchase), table_of(PurchaseLine)
_PARTS: Final = (
    "discount_minor", "tax_minor", "paid_with_points_minor", "paid_with_gift_card_minor",
)  # fmt: skip


def simulation_of(connection: Connection, program_id: str, simulation_id: str) -> Row | None:
    found = select(_SIMULATIONS).where(
        _SIMULATIONS.c.program_id == program_id, _SIMULATIONS.c.id == simulation_id
    )
    row = connection.execute(found).first()
    return dict(row._mapping) if row else None


def simulations_of(connection: Connection, program_id: str, limit: int) -> list[Row]:
    """A program's, the newest first."""
    found = select(_SIMULATIONS).where(_SIMULATIONS.c.program_id == program_id)
    ordered = found.order_by(_SIMULATIONS.c.id.desc()).limit(limit)
    return [dict(row._mapping) for row in connection.execute(ordered)]


def next_simulation(connection: Connection) -> Row | None:
    """The oldest that is to be made, or that a worker died over."""
    found = (
        select(_SIMULATIONS)
        .where(_SIMULATIONS.c.state.in_([ASKED, RUNNING]))
        .order_by(_SIMULATIONS.c.id)
        .limit(1)
    )
    row = connection.execute(found).first()
    return dict(row._mapping) if row else None


def note(connection: Connection, simulation_id: str, **values: str | int) -> None:
    """Sets columns of a simulation."""
    changed = update(_SIMULATIONS).where(_SIMULATIONS.c.id == simulation_id)
    connection.execute(changed.values(**values))


def purchases_count(connection: Connection, program_id: str) -> int:
    """How many purchases of members the program has."""
    counted = select(func.count()).where(
        _PURCHASES.c.program_id == program_id, _PURCHASES.c.member_id.is_not(None)
    )
    return connection.execute(counted).scalar_one()


def history(connection: Connection, program_id: str) -> list[SimulatedPurchase]:
    """What the program's members bought, in the order of its moments."""
    zone = connection.execute(
        select(_PROGRAMS.c.timezone).where(_PROGRAMS.c.id == program_id)
    ).scalar_one()
    lines = _lines(connection, program_id)
    rows = connection.execute(
        select(
            _PURCHASES.c.id, _PURCHASES.c.member_id, _PURCHASES.c.occurred_at_ms,
            _PURCHASES.c.currency, _PURCHASES.c.amount_minor, _PURCHASES.c.store_id,
            _PURCHASES.c.channel, _PURCHASES.c.document,
        )
        .where(_PURCHASES.c.program_id == program_id, _PURCHASES.c.member_id.is_not(None))
        .order_by(_PURCHASES.c.occurred_at_ms, _PURCHASES.c.id)
    )  # fmt: skip
    return [
        SimulatedPurchase(
            row.member_id,
            Moment.at(row.occurred_at_ms, zone),
            Basket(
                currency=row.currency,
                amount_minor=row.amount_minor,
                lines=tuple(lines.get(row.id, ())),
                store_id=row.store_id,
                channel=row.channel,
                **_parts(row.document),
            ),
        )
        for row in rows
    ]


def _parts(document: str | None) -> dict[str, int]:
    if document is None:
        return {}
    kept = json.loads(document)
    return {name: kept[name] for name in _PARTS if name in kept}


def _lines(connection: Connection, program_id: str) -> dict[str, list[Line]]:
    rows = connection.execute(
        select(_LINES)
        .join(_PURCHASES, _PURCHASES.c.id == _LINES.c.purchase_id)
        .where(_PURCHASES.c.program_id == program_id)
        .order_by(_LINES.c.purchase_id, _LINES.c.line_no)
    )
    found: dict[str, list[Line]] = {}
    for row in rows.mappings():
        found.setdefault(row["purchase_id"], []).append(
            Line(
                line_id=row["line_id"],
                amount_minor=row["amount_minor"],
                quantity=row["quantity"],
                kind=row["kind"],
                sku=row["sku"],
                category=row["category"],
                voided=row["voided"],
            )
        )
    return found
