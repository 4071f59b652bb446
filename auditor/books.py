"""The operator's books, read from the ledger's database with SQL and nothing else of theirs.

Tables and columns as docs/auditor/README.md describes them.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Table,
    and_,
    case,
    create_engine,
    func,
    literal,
    select,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from auditor.book_rows import BookBatch, BookMember, BookOperation, Redeemed

_CREDITS = (1, 2, 5, 6, 10, 11, 12)
"""Kinds that give points; what else there is takes them. The last is `return_undone`."""
_REBIND = 8
_TABLES = ("programs", "members", "journal", "outbox", "batches", "balances", "chain_calls")


class BooksUnreadable(Exception):
    """The database cannot be read, or is no ledger; the message holds no password."""


@dataclass
class Books:
    """One ledger, read in one snapshot."""

    connection: Connection
    tables: dict[str, Table] = field(default_factory=dict)

    def programs(self) -> dict[str, str]:
        """Ids of programs by contract address, of those that have one."""
        table = self.tables["programs"]
        rows = self.connection.execute(select(table.c.contract_address, table.c.id))
        return {str(row[0]).lower(): row[1] for row in rows if row[0] is not None}

    def batches(self, program_id: str) -> dict[int, BookBatch]:
        """Every batch that was not voided, by sequence number."""
        table = self.tables["batches"]
        rows = self.connection.execute(
            select(table.c.seq, table.c.receipts_root, table.c.words).where(
                table.c.program_id == program_id, table.c.voided_at_ms.is_(None)
            )
        )
        return {row[0]: BookBatch(row[0], bytes.fromhex(row[1][2:]), row[2]) for row in rows}

    def operations(self, program_id: str, last_seq: int) -> Iterator[BookOperation]:
        """What the books have in batches up to `last_seq`, in order; a rebind is one, too."""
        return heapq.merge(
            self._booked(program_id, last_seq),
            self._rebinds(program_id, last_seq),
            key=lambda each: (each.seq, each.index),
        )

    def _rebinds(self, program_id: str, last_seq: int) -> Iterator[BookOperation]:
        """Each is the only word of its batch, and is kept as a call."""
        calls, batches, members = (self.tables[t] for t in ("chain_calls", "batches", "members"))
        rows = self.connection.execute(
            select(batches.c.seq, calls.c.id, members.c.address, calls.c.commitment)
            .join(batches, batches.c.settlement_tx_id == calls.c.settlement_tx_id)
            .join(members, members.c.id == calls.c.member_id)
            .where(
                calls.c.kind == "rebind",
                batches.c.program_id == program_id,
                batches.c.voided_at_ms.is_(None),
                batches.c.seq <= last_seq,
            )
            .order_by(batches.c.seq)
        )
        for seq, call_id, member, commitment in rows:
            committed = bytes.fromhex(str(commitment or "").removeprefix("0x"))
            yield BookOperation(seq, 0, call_id, str(member).lower(), _REBIND, 0, 0, 0, committed)

    def _booked(self, program_id: str, last_seq: int) -> Iterator[BookOperation]:
        journal, outbox, batches = (self.tables[t] for t in ("journal", "outbox", "batches"))
        members = self.tables["members"]
        rows = self.connection.execution_options(yield_per=5_000).execute(
            select(
                batches.c.seq,
                outbox.c.word_index,
                journal.c.operation_id,
                members.c.address,
                journal.c.kind,
                self._age(),
                journal.c.reason,
                journal.c.points - self._lapsed(),
                journal.c.commitment,
            )
            .select_from(outbox)
            .join(batches, batches.c.id == outbox.c.batch_id)
            .join(journal, self._of_outbox())
            .join(members, members.c.id == journal.c.member_id)
            .where(
                outbox.c.program_id == program_id,
                batches.c.voided_at_ms.is_(None),
                batches.c.seq <= last_seq,
            )
            .order_by(batches.c.seq, outbox.c.word_index)
        )
        for row in rows:
            seq, index, operation_id, member, kind, age, reason, points, commitment = row
            yield BookOperation(
                seq=seq,
                index=index,
                operation_id=operation_id,
                member=str(member).lower(),
                kind=kind,
                age=age,
                reason=reason,
                points=points,
                commitment=bytes.fromhex(commitment),
            )

    def members(
        self, program_id: str, last_seq: int, redeemed: Mapping[Redeemed, int]
    ) -> dict[str, BookMember]:
        """Every member with a balance, by address. `last_seq` is the last batch on chain, and
        `redeemed` what members redeemed there with their signature."""
        members, balances = self.tables["members"], self.tables["balances"]
        lots = [balances.c[f"lot_{age}"] for age in range(5) if f"lot_{age}" in balances.c]
        period = [balances.c.period] if lots else []
        rows = self.connection.execute(
            select(members.c.address, balances.c.points, *period, *lots)
            .join(balances, balances.c.member_id == members.c.id)
            .where(members.c.program_id == program_id)
        )
        found = {}
        for address, points, *rest in rows:
            member = found[str(address).lower()] = BookMember(points)
            # Period 0 is that of no program: such a row never had lots.
            if rest and rest[0]:
                member.period = rest[0]
                ages = enumerate(rest[1:])
                member.lots = {member.period - age: held for age, held in ages if held}
        for address, points in self._sums(program_id, None):
            found.setdefault(address, BookMember(0)).journal_points += points
        for address, points in self._sums(program_id, None, _CREDITS[-1]):
            found.setdefault(address, BookMember(0)).undone_points += points
        for address, points in self._sums(program_id, last_seq):
            found.setdefault(address, BookMember(0)).pending_points += points
        left = Counter(redeemed)
        for address, key in self._signed(program_id):
            if left[key]:
                left[key] -= 1
            else:
                found.setdefault(address, BookMember(0)).pending_points -= key[1]
        for (address, _, _), count in left.items():
            if count:
                found.setdefault(address, BookMember(0)).redeemed_elsewhere = True
        return found

    def _signed(self, program_id: str) -> Iterator[tuple[str, Redeemed]]:
        """Address and what was signed, of every redemption with a signature that is to be, or was,
        on chain."""
        calls, journal, members = (self.tables[t] for t in ("chain_calls", "journal", "members"))
        of_entry = and_(
            journal.c.program_id == calls.c.program_id, journal.c.entry_no == calls.c.entry_no
        )
        rows = self.connection.execute(
            select(members.c.address, calls.c.arguments)
            .select_from(calls)
            .join(journal, of_entry)
            .join(members, members.c.id == journal.c.member_id)
            .where(calls.c.program_id == program_id, calls.c.parked_reason.is_(None))
        )
        for address, arguments in rows:
            said = json.loads(arguments)
            reference = bytes.fromhex(said["redemption_ref"][2:])
            yield str(address).lower(), (said["member"].lower(), said["points"], reference)

    def _sums(
        self, program_id: str, after_seq: int | None, kind: int | None = None
    ) -> Iterator[tuple[str, int]]:
        """Address and signed points of entries: all, those of a kind, or those in no batch yet."""
        journal, outbox, batches = (self.tables[t] for t in ("journal", "outbox", "batches"))
        members = self.tables["members"]
        sign = case((journal.c.kind.in_(_CREDITS), 1), else_=-1)
        if after_seq is None:
            query = (
                select(members.c.address, sign * journal.c.points)
                .join(members, members.c.id == journal.c.member_id)
                .where(journal.c.program_id == program_id)
            )
            query = query if kind is None else query.where(journal.c.kind == kind)
        else:
            query = (
                select(members.c.address, sign * (journal.c.points - self._lapsed()))
                .select_from(outbox)
                .join(journal, self._of_outbox())
                .join(members, members.c.id == journal.c.member_id)
                .outerjoin(batches, batches.c.id == outbox.c.batch_id)
                .where(
                    outbox.c.program_id == program_id,
                    (outbox.c.batch_id.is_(None)) | (batches.c.seq > after_seq),
                )
            )
        for address, points in self.connection.execution_options(yield_per=5_000).execute(query):
            yield str(address).lower(), points

    def _of_outbox(self) -> ColumnElement[bool]:
        journal, outbox = self.tables["journal"], self.tables["outbox"]
        return and_(
            outbox.c.program_id == journal.c.program_id, outbox.c.entry_no == journal.c.entry_no
        )

    def _age(self) -> ColumnElement[Any]:
        """The age in the word: a RESTORE's is counted when its batch is sealed."""
        journal, outbox = self.tables["journal"], self.tables["outbox"]
        sealed: Column[Any] | None = outbox.c.get("age")
        return journal.c.age if sealed is None else func.coalesce(sealed, journal.c.age)

    def _lapsed(self) -> ColumnElement[Any]:
        """Points of a debit that expired before it settled: its word does not burn them."""
        for name in ("outbox", "journal"):
            column: Column[Any] | None = self.tables[name].c.get("lapsed_points")
            if column is not None:
                return column
        return literal(0)


@contextmanager
def open_books(url: str) -> Iterator[Books]:
    """The ledger at a SQLAlchemy URL, read only, all of it as of one moment.

    Raises BooksUnreadable.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection, connection.begin():
            metadata = MetaData()
            metadata.reflect(connection, only=list(_TABLES))
            yield Books(connection, {name: metadata.tables[name] for name in _TABLES})
    except SQLAlchemyError as failure:
        lines = str(getattr(failure, "orig", None) or failure).splitlines()
        raise BooksUnreadable(f"the ledger cannot be read: {lines[0] if lines else ''}") from None
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    scheme, _, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        url = f"postgresql+psycopg://{rest}"
    try:
        if scheme.startswith("sqlite"):
            # `rest` is `/relative` or `//absolute`; a file that is not there is not made.
            return create_engine(f"sqlite:///file:{quote(rest[1:])}?mode=ro&uri=true")
        return create_engine(url, isolation_level="REPEATABLE READ", hide_parameters=True)
    except (ArgumentError, ImportError, ValueError):
        raise BooksUnreadable("that is not the URL of a database") from None
