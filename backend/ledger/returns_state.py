"""What a group of commands reads to return purchases, beside the purchases and their members."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, and_, or_, select

from backend.core.returned_parts import Back
from backend.core.returns import ReturnPolicy
from backend.ledger.columns import table_of
from backend.ledger.payment_tables import PointPayment
from backend.ledger.return_tables import PurchaseReturn, WaitingReturn
from backend.ledger.rule_tables import PendingPoints, PurchaseLine, RuleVersion
from backend.ledger.wants import Wants

if TYPE_CHECKING:
    from backend.ledger.loading import Loaded

Row = dict[str, Any]

_RETURNS, _WAITING = table_of(PurchaseReturn), table_of(WaitingReturn)
_LINES, _PENDING = table_of(PurchaseLine), table_of(PendingPoints)
_VERSIONS, _PAYMENTS = table_of(RuleVersion), table_of(PointPayment)
WAITING: Final = "waiting"


@dataclass(slots=True)
class ReturnsState:
    """By purchase: the returns `made` so far, oldest first, and the `lines` as they were judged.
    By receipt: the returns that wait. By program and version of its rules: the policy; rules that
    say nothing have the default.
    """

    made: dict[str, list[Row]] = field(default_factory=dict)
    lines: dict[str, list[Row]] = field(default_factory=dict)
    waiting: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    policies: dict[tuple[str, int | None], ReturnPolicy] = field(default_factory=dict)

    def policy(self, program_id: str, rules_version: int | None) -> ReturnPolicy:
        return self.policies.get((program_id, rules_version), ReturnPolicy())

    def back(self, purchase_id: str) -> Back:
        """How much of the purchase is back so far."""
        units: dict[int, int] = {}
        loose_minor, whole = 0, False
        for row in self.made.get(purchase_id, ()):
            for line_no, quantity in json.loads(row["units"]).items():
                units[int(line_no)] = units.get(int(line_no), 0) + quantity
            loose_minor += row["loose_minor"]
            whole = whole or row["whole"]
        return Back(units, loose_minor, whole)


def load_returns(connection: Connection, wants: Wants, loaded: Loaded) -> set[str]:
    """Reads what is wanted into `loaded.returns`, once the receipts and purchases are there; the
    redemptions that have to be loaded as well. No statement where nothing is returned."""
    state, paying = loaded.returns, set[str]()
    returning = set(loaded.purchases)
    if returning:
        found = select(_RETURNS).where(_RETURNS.c.purchase_id.in_(sorted(returning)))
        _gather(state.made, "purchase_id", _rows(connection, found.order_by(_RETURNS.c.return_no)))
        found = select(_LINES).where(_LINES.c.purchase_id.in_(sorted(returning)))
        ordered = found.order_by(_LINES.c.purchase_id, _LINES.c.line_no)
        _gather(state.lines, "purchase_id", _rows(connection, ordered))
        found = select(_PENDING).where(_PENDING.c.source_id.in_(sorted(returning)))
        for row in _rows(connection, found.order_by(_PENDING.c.id)):
            loaded.earning.pending[row["id"]] = row
        found = select(_PAYMENTS).where(_PAYMENTS.c.purchase_id.in_(sorted(returning)))
        paying = {row["redemption_id"] for row in _rows(connection, found)}
    # A guest's purchase is returned once somebody claims it.
    guests = {
        (row["program_id"], row["receipt_id"])
        for row in loaded.purchases.values()
        if row["member_id"] is None
    }
    looked_for = {
        (program_id, receipt_id)
        for program_id, receipt_id in wants.receipts | guests
        if program_id in loaded.programs and loaded.programs[program_id].waiting_returns
    }
    if looked_for:
        _gather_waiting(state, _rows(connection, _select_waiting(looked_for)))
    versions = {(row["program_id"], row["rules_version"]) for row in loaded.purchases.values()} | {
        (program_id, loaded.programs[program_id].rules_version)
        for program_id, _ in wants.returned | set(state.waiting)
        if program_id in loaded.programs
    }
    _load_policies(connection, state, {(p, v) for p, v in versions if v is not None})
    return paying


def _load_policies(
    connection: Connection, state: ReturnsState, versions: set[tuple[str, int]]
) -> None:
    if not versions:
        return
    either = or_(
        *(
            and_(_VERSIONS.c.program_id == program_id, _VERSIONS.c.version == version)
            for program_id, version in sorted(versions)
        )
    )
    for row in _rows(connection, select(_VERSIONS).where(either)):
        section = json.loads(row["document"]).get("returns", {})
        state.policies[(row["program_id"], row["version"])] = ReturnPolicy.parse(section)


def _select_waiting(receipts: set[tuple[str, str]]) -> Select[Any]:
    either = or_(
        *(
            and_(_WAITING.c.program_id == program_id, _WAITING.c.receipt_id == receipt_id)
            for program_id, receipt_id in sorted(receipts)
        )
    )
    return select(_WAITING).where(either, _WAITING.c.state == WAITING).order_by(_WAITING.c.id)


def _gather_waiting(state: ReturnsState, rows: Iterable[Row]) -> None:
    for row in rows:
        state.waiting.setdefault((row["program_id"], row["receipt_id"]), []).append(row)


def _gather(into: dict[str, list[Row]], key: str, rows: Iterable[Row]) -> None:
    for row in rows:
        into.setdefault(row[key], []).append(row)


def _rows(connection: Connection, statement: Select[Any]) -> Iterable[Row]:
    return [dict(row) for row in connection.execute(statement).mappings()]
