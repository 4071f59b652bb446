"""Reads of programs and of what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, exists, func, select

from backend.ledger.columns import table_of
from backend.ledger.loading import ProgramState
from backend.ledger.partners import OWNED, VISIBLE
from backend.ledger.rule_tables import RuleVersion
from backend.ledger.settlement_tables import Batch
from backend.ledger.tables import OutboxEntry, Program, ProgramTotals, Purchase, Redemption

_PROGRAMS, _TOTALS = table_of(Program), table_of(ProgramTotals)
_PURCHASES, _REDEMPTIONS = table_of(Purchase), table_of(Redemption)
_TOTAL_COLUMNS = [column for column in _TOTALS.c if column.name != "program_id"]
_EVERY_PROGRAM = (
    select(_PROGRAMS, *_TOTAL_COLUMNS)
    .join(_TOTALS, _TOTALS.c.program_id == _PROGRAMS.c.id)
    .order_by(_PROGRAMS.c.id)
)
_VERSIONS = table_of(RuleVersion)
_WITH_RULES = _EVERY_PROGRAM.where(exists().where(_VERSIONS.c.program_id == _PROGRAMS.c.id))
_SELECT_PROGRAMS = _EVERY_PROGRAM.where(OWNED)
_SELECT_VISIBLE = _EVERY_PROGRAM.where(VISIBLE)
_BATCHES, _OUTBOX = table_of(Batch), table_of(OutboxEntry)
_SETTLED = select(
    func.coalesce(func.sum(_BATCHES.c.minted_points - _BATCHES.c.burned_points), 0)
).where(
    _BATCHES.c.program_id == bindparam("program"),
    _BATCHES.c.seq <= bindparam("last_seq"),
    _BATCHES.c.voided_at_ms.is_(None),
)
_PARKED = select(func.count()).where(
    _OUTBOX.c.program_id == bindparam("program"), _OUTBOX.c.parked_reason.is_not(None)
)
_SELECT_VISIBLE_ONE = _SELECT_VISIBLE.where(_PROGRAMS.c.id == bindparam("program"))
_SELECT_PROGRAM = _SELECT_PROGRAMS.where(_PROGRAMS.c.id == bindparam("program"))


@dataclass(frozen=True, slots=True)
class Settled:
    """Net points of the batches up to a sequence number, and operations the chain refused."""

    net_points: int
    parked_count: int


def settled_until(connection: Connection, program_id: str, last_seq: int) -> Settled:
    """What the ledger's own batches up to `last_seq` brought on chain."""
    net_points = connection.execute(_SETTLED, {"program": program_id, "last_seq": last_seq})
    parked = connection.execute(_PARKED, {"program": program_id})
    return Settled(int(net_points.scalar_one()), parked.scalar_one())


def programs_at(connection: Connection, contracts: Sequence[str]) -> dict[str, str]:
    """Ids of programs by their contract's address."""
    rows = connection.execute(
        select(_PROGRAMS.c.contract_address, _PROGRAMS.c.id).where(
            _PROGRAMS.c.contract_address.in_(sorted(contracts))
        )
    )
    return {row[0]: row[1] for row in rows}


def program_of(connection: Connection, merchant_id: str, program_id: str) -> ProgramState | None:
    """The merchant's program with its running totals."""
    bound = {"merchant": merchant_id, "program": program_id}
    row = connection.execute(_SELECT_PROGRAM, bound).first()
    return ProgramState(**row._mapping) if row else None


def visible_program(
    connection: Connection, merchant_id: str, program_id: str
) -> ProgramState | None:
    """The merchant's program, or one that it takes part in."""
    bound = {"merchant": merchant_id, "program": program_id}
    row = connection.execute(_SELECT_VISIBLE_ONE, bound).first()
    return ProgramState(**row._mapping) if row else None


def visible_programs(connection: Connection, merchant_id: str) -> list[ProgramState]:
    """All programs of the merchant and those it takes part in, oldest first."""
    rows = connection.execute(_SELECT_VISIBLE, {"merchant": merchant_id})
    return [ProgramState(**row._mapping) for row in rows]


def programs_with_rules(connection: Connection) -> list[ProgramState]:
    """Every program that has rules, or had, whoever's it is."""
    return [ProgramState(**row._mapping) for row in connection.execute(_WITH_RULES)]


def locked_program(connection: Connection, program_id: str) -> ProgramState:
    """A program with rules as it is now; its writers wait until the transaction ends."""
    mine = _WITH_RULES.where(_PROGRAMS.c.id == program_id).with_for_update(of=_TOTALS)
    return ProgramState(**connection.execute(mine).one()._mapping)


def program_of_purchase(connection: Connection, purchase_id: str) -> str | None:
    """The program a purchase was made in; it never changes."""
    statement = select(_PURCHASES.c.program_id).where(_PURCHASES.c.id == purchase_id)
    return connection.execute(statement).scalar()


def member_of_redemption(connection: Connection, redemption_id: str) -> str | None:
    """Whose points a redemption takes; it never changes."""
    statement = select(_REDEMPTIONS.c.member_id).where(_REDEMPTIONS.c.id == redemption_id)
    return connection.execute(statement).scalar()


def member_of_purchase(connection: Connection, purchase_id: str) -> str | None:
    """Whose purchase it is; it never changes."""
    statement = select(_PURCHASES.c.member_id).where(_PURCHASES.c.id == purchase_id)
    return connection.execute(statement).scalar()


def purchase_of_receipt(connection: Connection, program_id: str, receipt_id: str) -> str | None:
    """The purchase that was recorded with the receipt, if one was."""
    statement = select(_PURCHASES.c.id).where(
        _PURCHASES.c.program_id == program_id, _PURCHASES.c.receipt_id == receipt_id
    )
    return connection.execute(statement).scalar()


def program_of_redemption(connection: Connection, redemption_id: str) -> str | None:
    """The program a redemption was made in; it never changes."""
    statement = select(_REDEMPTIONS.c.program_id).where(_REDEMPTIONS.c.id == redemption_id)
    return connection.execute(statement).scalar()
