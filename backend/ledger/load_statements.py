"""What a group of commands reads: statements that join what is wanted with its table."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.sql.selectable import ScalarSelect

from backend.core.expiry import BUCKETS
from backend.core.lifecycle import RedemptionState
from backend.ledger.bulk import wanted
from backend.ledger.columns import table_of
from backend.ledger.control_tables import Confirmation
from backend.ledger.payment_tables import PointPayment
from backend.ledger.reward_tables import RewardClaim
from backend.ledger.rule_tables import MemberBirthday, MemberStanding
from backend.ledger.tables import (
    Balance,
    IdempotencyRecord,
    Member,
    MemberIdentifier,
    MemberVault,
    Program,
    ProgramTotals,
    Purchase,
    Redemption,
)

_PROGRAMS, _TOTALS = table_of(Program), table_of(ProgramTotals)
_MEMBERS, _VAULT, _BALANCES = table_of(Member), table_of(MemberVault), table_of(Balance)
_IDENTIFIERS, _PURCHASES = table_of(MemberIdentifier), table_of(Purchase)
_REDEMPTIONS = table_of(Redemption)
_ANSWERS, _STANDINGS = table_of(IdempotencyRecord), table_of(MemberStanding)
_BIRTHDAYS = table_of(MemberBirthday)

_CLAIMS, _PAYMENTS = table_of(RewardClaim), table_of(PointPayment)
_CONFIRMATIONS = table_of(Confirmation)

LOTS: Final = tuple(_BALANCES.c[f"lot_{age}"] for age in range(BUCKETS))
"""The columns of a member's points by age."""
LOT_NAMES: Final = tuple(column.name for column in LOTS)
STANDING: Final = (
    _STANDINGS.c.document.label("standing"),
    _STANDINGS.c.tier_id,
    _STANDINGS.c.tier_since_ms,
    _STANDINGS.c.tier_until_ms,
    _STANDINGS.c.tier_policy,
    _STANDINGS.c.tier_document,
    _STANDINGS.c.badge_wanted,
    _STANDINGS.c.badge_due,
)
"""The columns of what the program remembers of a member, as `MemberState` names them."""
STANDING_NAMES: Final = tuple(column.name for column in STANDING)

PAYMENT: Final = tuple(
    _PAYMENTS.c[name]
    for name in (
        "currency",
        "basket_minor",
        "worth_minor",
        "rate_points",
        "rate_worth_minor",
        "purchase_id",
    )
)
"""What a redemption pays, null where it pays no basket."""

IDENTIFIER_KEY = ("program_id", "kind", "digest")
RECEIPT_KEY = ("program_id", "receipt_id")
ANSWER_KEY = ("merchant_id", "key")


class Statements:
    """The reads of one database, each a join of what is wanted with its table."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        program = (
            self._found(_PROGRAMS, ("id",), *_PROGRAMS.columns, *_TOTALS.columns)
            .join(_TOTALS, _TOTALS.c.program_id == _PROGRAMS.c.id)
            .order_by(_PROGRAMS.c.id)
        )
        self.programs = program
        self.locked_programs = program.with_for_update(of=_TOTALS)
        self.identifiers = self._found(_IDENTIFIERS, IDENTIFIER_KEY, *_IDENTIFIERS.columns)
        self.receipts = self._found(
            _PURCHASES,
            RECEIPT_KEY,
            _PURCHASES.c.program_id,
            _PURCHASES.c.receipt_id,
            _PURCHASES.c.id,
        )
        self.purchases = self._found(_PURCHASES, ("id",), *_PURCHASES.columns)
        self.redemptions = (
            self._found(
                _REDEMPTIONS,
                ("id",),
                *_REDEMPTIONS.columns,
                _CLAIMS.c.id.label("claim_id"),
                _CONFIRMATIONS.c.id.label("confirmation_id"),
                _CONFIRMATIONS.c.state.label("confirmation_state"),
                *PAYMENT,
            )
            .outerjoin(_CLAIMS, _CLAIMS.c.redemption_id == _REDEMPTIONS.c.id)
            .outerjoin(_PAYMENTS, _PAYMENTS.c.redemption_id == _REDEMPTIONS.c.id)
            .outerjoin(_CONFIRMATIONS, _CONFIRMATIONS.c.redemption_id == _REDEMPTIONS.c.id)
        )
        self.answers = self._found(_ANSWERS, ANSWER_KEY, *_ANSWERS.columns)
        self.members = (
            self._found(
                _MEMBERS,
                ("id",),
                _MEMBERS.c.id,
                _MEMBERS.c.program_id,
                _MEMBERS.c.address,
                _MEMBERS.c.created_at_ms,
                _MEMBERS.c.state,
                _MEMBERS.c.merged_into,
                _BALANCES.c.points,
                _BALANCES.c.period,
                _BALANCES.c.pending_points,
                _BALANCES.c.debt_points,
                *LOTS,
                *STANDING,
                held_by_member(_REDEMPTIONS.c.points).label("held_points"),
                held_by_member(_REDEMPTIONS.c.lapsed_points).label("covered_points"),
                held_by_member(_REDEMPTIONS.c.lapsed_points, ~RUNNING).label("run_out_points"),
                _VAULT.c.wrapped_key,
                _BIRTHDAYS.c.sealed_day.label("sealed_birthday"),
            )
            .join(_BALANCES, _BALANCES.c.member_id == _MEMBERS.c.id)
            .outerjoin(_VAULT, _VAULT.c.member_id == _MEMBERS.c.id)
            .join(_STANDINGS, _STANDINGS.c.member_id == _MEMBERS.c.id)
            .outerjoin(_BIRTHDAYS, _BIRTHDAYS.c.member_id == _MEMBERS.c.id)
        )

    def _found(
        self, table: Table, key: tuple[str, ...], *columns: ColumnElement[Any]
    ) -> Select[Any]:
        keys = wanted(self.dialect, table, *key)
        matching = and_(*(table.columns[name] == keys.columns[name] for name in key))
        return select(*columns).join_from(keys, table, matching)


RUNNING: ColumnElement[bool] = _REDEMPTIONS.c.expires_at_ms > bindparam("now_ms")


def held_by_member(
    points: Column[int], running: ColumnElement[bool] = RUNNING
) -> ScalarSelect[int]:
    """The sum over a member's holds; as a bigint, because PostgreSQL's sums are decimal."""
    return (
        select(cast(func.coalesce(func.sum(points), 0), BigInteger))
        .where(
            _REDEMPTIONS.c.member_id == _MEMBERS.c.id,
            _REDEMPTIONS.c.state == RedemptionState.HELD.value,
            running,
        )
        .scalar_subquery()
    )


statements_of = lru_cache(maxsize=2)(Statements)
"""The statements of a dialect."""
