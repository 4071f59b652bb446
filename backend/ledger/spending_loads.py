"""Bulk reads of what members spend points on: rewards, claims, vouchers and their uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, Table, bindparam, cast, func, select
from sqlalchemy.sql.selectable import ScalarSelect

from backend.core.claims import ClaimState
from backend.core.rewards import RewardState, RewardTerms
from backend.core.vouchers import Allowance, UseState
from backend.ledger.bulk import wanted
from backend.ledger.columns import table_of
from backend.ledger.reward_tables import Charity, Reward, RewardClaim, RewardGrant
from backend.ledger.spending_documents import reward_terms
from backend.ledger.voucher_tables import Voucher, VoucherUse
from backend.ledger.wants import Wants

Row = dict[str, Any]
Read = Callable[..., Iterable[Any]]
"""`read(statement, names, keys, **bound)`: the rows that are there of the keys."""

_REWARDS, _CLAIMS, _CHARITIES = table_of(Reward), table_of(RewardClaim), table_of(Charity)
_GRANTS = table_of(RewardGrant)
_VOUCHERS, _USES = table_of(Voucher), table_of(VoucherUse)


@dataclass(slots=True)
class RewardRecord:
    """A reward as it is inside this transaction; `held_count` are the holds that run."""

    id: str
    program_id: str
    state: str
    document: str
    charity_id: str | None
    taken_count: int
    created_at_ms: int
    updated_at_ms: int
    key: str | None = None
    held_count: int = 0

    @property
    def terms(self) -> RewardTerms:
        return reward_terms(self.document)

    @property
    def claimed_count(self) -> int:
        """What stock has to cover."""
        return self.taken_count + self.held_count

    def is_state(self, state: RewardState) -> bool:
        return self.state == state.value

    def changes(self) -> Row:
        return {
            "id": self.id,
            "state": self.state,
            "document": self.document,
            "charity_id": self.charity_id,
            "taken_count": self.taken_count,
            "updated_at_ms": self.updated_at_ms,
        }


@dataclass(slots=True)
class VoucherRecord:
    """A voucher as it is inside this transaction; `reserved_units` those of running uses."""

    id: str
    program_id: str
    member_id: str | None
    claim_id: str | None
    kind: str
    currency: str
    capacity_units: int
    spent_units: int
    state: str
    benefit: str
    code_digest: str
    sealed_code: bytes
    valid_from_ms: int
    expires_at_ms: int | None
    created_at_ms: int
    reserved_units: int = 0

    @property
    def allowance(self) -> Allowance:
        return Allowance(self.capacity_units, self.reserved_units, self.spent_units)

    @allowance.setter
    def allowance(self, after: Allowance) -> None:
        self.reserved_units, self.spent_units = after.reserved_units, after.spent_units

    def changes(self) -> Row:
        return {"id": self.id, "state": self.state, "spent_units": self.spent_units}


@dataclass(slots=True)
class Spending:
    """What was read; `claim_times` are filled when a member's claims are first asked for."""

    rewards: dict[str, RewardRecord] = field(default_factory=dict)
    grants: dict[str, Row] = field(default_factory=dict)
    claims: dict[str, Row] = field(default_factory=dict)
    charities: dict[str, Row] = field(default_factory=dict)
    vouchers: dict[str, VoucherRecord] = field(default_factory=dict)
    voucher_uses: dict[str, Row] = field(default_factory=dict)
    claim_times: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)


class _Statements:
    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self.rewards = self._found(_REWARDS, *_REWARDS.columns, held_claims().label("held_count"))
        self.grants = self._found(_GRANTS, *_GRANTS.columns)
        self.claims = self._found(_CLAIMS, *_CLAIMS.columns)
        self.charities = self._found(_CHARITIES, *_CHARITIES.columns)
        self.vouchers = self._found(
            _VOUCHERS, *_VOUCHERS.columns, reserved_uses().label("reserved_units")
        )
        self.uses = self._found(_USES, *_USES.columns)

    def _found(self, table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
        keys = wanted(self._dialect, table, "id")
        return select(*columns).join_from(keys, table, table.c.id == keys.columns["id"])


def held_claims() -> ScalarSelect[int]:
    """How many holds run on the reward of the row."""
    return (
        select(func.count())
        .where(
            _CLAIMS.c.reward_id == _REWARDS.c.id,
            _CLAIMS.c.state == ClaimState.HELD.value,
            _CLAIMS.c.expires_at_ms > bindparam("now_ms"),
        )
        .correlate(_REWARDS)
        .scalar_subquery()
    )


def reserved_uses() -> ScalarSelect[int]:
    """How many units of the voucher of the row are reserved; a bigint on both databases."""
    return (
        select(cast(func.coalesce(func.sum(_USES.c.units), 0), BigInteger))
        .where(
            _USES.c.voucher_id == _VOUCHERS.c.id,
            _USES.c.state == UseState.RESERVED.value,
            _USES.c.expires_at_ms > bindparam("now_ms"),
        )
        .correlate(_VOUCHERS)
        .scalar_subquery()
    )


_statements_of: Final = lru_cache(maxsize=2)(_Statements)
_ID: Final = ("id",)


def load_spending(read: Read, dialect: str, wants: Wants, now_ms: int) -> Spending:
    """Reads what is wanted, with the charities of the rewards."""
    found, statements = Spending(), _statements_of(dialect)
    for row in read(statements.rewards, _ID, _singly(wants.rewards), now_ms=now_ms):
        found.rewards[row["id"]] = RewardRecord(**row)
    charities = {each.charity_id for each in found.rewards.values() if each.charity_id}
    for row in read(statements.charities, _ID, _singly(wants.charities | charities)):
        found.charities[row["id"]] = dict(row)
    for row in read(statements.grants, _ID, _singly(wants.grants)):
        found.grants[row["id"]] = dict(row)
    for row in read(statements.claims, _ID, _singly(wants.claims)):
        found.claims[row["id"]] = dict(row)
    for row in read(statements.vouchers, _ID, _singly(wants.vouchers), now_ms=now_ms):
        found.vouchers[row["id"]] = VoucherRecord(**row)
    for row in read(statements.uses, _ID, _singly(wants.voucher_uses)):
        found.voucher_uses[row["id"]] = dict(row)
    return found


def _singly(keys: Iterable[str]) -> list[tuple[str]]:
    return [(key,) for key in keys]
