"""A ledger to settle from, a settler with a clock by hand, and what the chain then says."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from backend.chain.codec import (
    NEXT_SEQ,
    TOTAL_SUPPLY,
    decode_uint,
    encode_balance_of,
)
from backend.chain.contracts import Deployment
from backend.chain.fees import FeePolicy
from backend.chain.port import ChainWriter
from backend.chain.signer import LaneSigner
from backend.core.calendar import ENDLESS_PERIOD
from backend.core.operations import Kind
from backend.ledger import settlement_tables, tables
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.services.program_rules import DEFAULT_RULES, ProgramRules
from backend.settlement.lanes import Pace
from backend.settlement.report import StepReport
from backend.settlement.settler import Settler
from tests.anvil import Anvil

GWEI = 10**9


@dataclass
class Shop:
    """Programs, members and operations, written straight into the ledger's tables."""

    engine: Engine
    points: dict[tuple[str, int], int] = field(default_factory=dict)
    entry_nos: dict[str, int] = field(default_factory=dict)

    def open(self, *program_ids: str, rules: ProgramRules = DEFAULT_RULES) -> None:
        """A merchant with these programs, all without a contract."""
        with writing(self.engine) as connection:
            merchant = table_of(tables.Merchant)
            if connection.execute(select(merchant.c.id)).first() is None:
                _insert(
                    connection, tables.Merchant, [{"id": "mer_1", "name": "M", "created_at_ms": 1}]
                )
            for program_id in program_ids:
                _insert(connection, tables.Program, [_program(program_id, rules)])
                _insert(connection, tables.ProgramTotals, [_totals(program_id)])
                self.entry_nos[program_id] = 0

    def enrol(self, program_id: str, count: int) -> None:
        rows = [
            {
                "id": member_id(program_id, number),
                "program_id": program_id,
                "address": address(program_id, number),
                "created_at_ms": 1,
            }
            for number in range(count)
        ]
        balances = [{"member_id": row["id"], "program_id": program_id, "points": 0} for row in rows]
        with writing(self.engine) as connection:
            _insert(connection, tables.Member, rows)
            _insert(connection, tables.Balance, balances)

    def record(self, program_id: str, operations: Iterable[tuple[int, Kind, int]]) -> None:
        """Journal and outbox rows for (member number, kind, points)."""
        entries, touched = [], set()
        for number, kind, points in operations:
            self.entry_nos[program_id] += 1
            entries.append(_entry(program_id, self.entry_nos[program_id], number, kind, points))
            signed = points if kind.is_credit else -points
            key = (program_id, number)
            self.points[key] = self.points.get(key, 0) + signed
            touched.add(key)
        outbox = [{name: row[name] for name in ("program_id", "entry_no")} for row in entries]
        with writing(self.engine) as connection:
            _insert(connection, tables.JournalEntry, entries)
            _insert(connection, tables.OutboxEntry, outbox)
            balances = table_of(tables.Balance)
            for program, number in touched:
                connection.execute(
                    update(balances)
                    .where(balances.c.member_id == member_id(program, number))
                    .values(
                        points=self.points[(program, number)],
                        period=ENDLESS_PERIOD,
                        lot_0=max(0, self.points[(program, number)]),
                    )
                )
            totals = table_of(tables.ProgramTotals)
            minted = sum(row["points"] for row in entries if Kind(row["kind"]).is_credit)
            burned = sum(row["points"] for row in entries if not Kind(row["kind"]).is_credit)
            connection.execute(
                update(totals)
                .where(totals.c.program_id == program_id)
                .values(
                    minted_points=totals.c.minted_points + minted,
                    redeemed_points=totals.c.redeemed_points + burned,
                )
            )

    def mint(self, program_id: str, members: Iterable[int], points: int = 10) -> None:
        self.record(program_id, [(number, Kind.ACCRUE, points) for number in members])

    def rows(self, model: Any) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(select(table_of(model)))]

    def contract(self, program_id: str) -> bytes:
        found = {row["id"]: row["contract_address"] for row in self.rows(tables.Program)}
        return bytes.fromhex(found[program_id][2:])

    def states(self) -> list[str]:
        """The slots' states by lane and nonce."""
        slots = sorted(
            self.rows(settlement_tables.SettlementTx), key=lambda row: (row["lane"], row["nonce"])
        )
        return [row["state"] for row in slots]


@dataclass
class Desk:
    """A settler on an anvil that mines when told, and the shop it settles for."""

    shop: Shop
    node: Anvil
    deployment: Deployment
    signers: list[LaneSigner]
    chain: ChainWriter
    now_ms: int = 1_700_000_000_000
    cap_wei: int = 200 * GWEI
    pace: Pace = field(default_factory=Pace)
    resting: list[LaneSigner] = field(default_factory=list)
    mirror: Engine | None = None
    settler: Settler = field(init=False)
    _ids: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.settler = self.new_settler()

    def new_settler(self, chain: ChainWriter | None = None) -> Settler:
        """As after a restart: nothing remembered."""
        return Settler(
            self.shop.engine,
            chain or self.chain,
            self.deployment,
            self.signers,
            FeePolicy(self.cap_wei),
            lambda: self.now_ms,
            lambda prefix: f"{prefix}_{next(self._ids)}",
            self.pace,
            self.mirror,
            resting=self.resting,
        )

    def step(self, *, mine: int = 0, later_ms: int = 0) -> StepReport:
        self.now_ms += later_ms
        if mine:
            self.node.mine(mine)
        return self.settler.step()

    def settle(self, blocks: int = 40) -> list[StepReport]:
        """Passes with a block each until nothing waits and nothing is open."""
        reports = []
        for _ in range(blocks):
            reports.append(self.step(mine=1, later_ms=1000))
            if len(reports) > 1 and not reports[-1].progressed and not reports[-1].open_slots:
                return reports
        raise AssertionError(f"not settled after {blocks} blocks: {self.shop.states()}")

    def finalize(self) -> StepReport:
        """Mines until everything so far is final, and takes a pass."""
        return self.step(mine=20, later_ms=1000)

    def open_programs(self, *program_ids: str, members: int) -> None:
        """Programs with members and a contract on chain."""
        self.shop.open(*program_ids)
        for program_id in program_ids:
            self.shop.enrol(program_id, members)
        self.settle()

    def next_seq(self, program_id: str) -> int:
        return decode_uint(self.chain.call(self.shop.contract(program_id), NEXT_SEQ))

    def supply(self, program_id: str) -> int:
        return decode_uint(self.chain.call(self.shop.contract(program_id), TOTAL_SUPPLY))

    def balance(self, program_id: str, number: int) -> int:
        member = bytes.fromhex(address(program_id, number)[2:])
        return decode_uint(
            self.chain.call(self.shop.contract(program_id), encode_balance_of(member))
        )

    def expect_exact(self, program_id: str, *, except_for: int = 0) -> None:
        """Every balance on chain is the ledger's, but for `except_for` points of the supply."""
        points = {n: p for (program, n), p in self.shop.points.items() if program == program_id}
        assert self.supply(program_id) == sum(points.values()) - except_for
        if not except_for:
            assert {n: self.balance(program_id, n) for n in points} == points


def member_id(program_id: str, number: int) -> str:
    return f"mem_{program_id}_{number}"


def address(program_id: str, number: int) -> str:
    return "0x" + sha256(f"{program_id}/{number}".encode()).hexdigest()[:40]


def _insert(connection: Connection, model: Any, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(table_of(model)), rows)


def _program(program_id: str, rules: ProgramRules) -> dict[str, Any]:
    return {
        "id": program_id,
        "merchant_id": "mer_1",
        "name": f"Café {program_id}",
        "symbol": "PTS",
        "currency": "EUR",
        "earn_points": 1,
        "earn_per_amount_minor": 100,
        "hold_ttl_seconds": 60,
        "created_at_ms": 1,
        **rules.columns(1),
    }


def _totals(program_id: str) -> dict[str, Any]:
    columns = [column.name for column in table_of(tables.ProgramTotals).c]
    zero: dict[str, Any] = dict.fromkeys(columns, 0)
    return zero | {"program_id": program_id, "head_hash": "", "tells": False}


def _entry(program_id: str, entry_no: int, number: int, kind: Kind, points: int) -> dict[str, Any]:
    operation_id = f"op_{program_id}_{entry_no}"
    return {
        "program_id": program_id,
        "entry_no": entry_no,
        "operation_id": operation_id,
        "kind": int(kind),
        "member_id": member_id(program_id, number),
        "debit_account": "a",
        "credit_account": "b",
        "points": points,
        "age": 0,
        "reason": 0,
        "source_id": "src",
        "details": "{}",
        "commitment": sha256(operation_id.encode()).hexdigest(),
        "recorded_at_ms": 1,
        "entry_hash": "",
    }
