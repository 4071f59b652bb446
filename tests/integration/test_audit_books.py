"""The auditor compares books with the chain, and names the row that somebody changed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from auditor.audit import Audit, Plan, audit
from auditor.books import BooksUnreadable, open_books
from auditor.node import Node
from auditor.published import load
from backend.core.operations import Kind
from backend.ledger import settlement_tables, tables
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from scripts import _artifacts
from tests.conftest import LedgerDatabase
from tests.integration.settle_kit import Desk, address, member_id

pytest_plugins = ["tests.integration.settle_fixtures"]

PROGRAM = "prg_a"


@pytest.fixture
def settled(desk: Desk) -> Desk:
    """Two batches on chain, and one operation not settled yet."""
    desk.open_programs(PROGRAM, "prg_b", members=4)
    desk.shop.mint(PROGRAM, range(4), points=50)
    desk.shop.mint("prg_b", range(2))
    desk.settle()
    desk.shop.record(PROGRAM, [(0, Kind.REDEEM, 20), (1, Kind.BONUS, 5)])
    desk.settle()
    desk.shop.mint(PROGRAM, [3], points=7)
    return desk


def audited(desk: Desk, database: LedgerDatabase) -> Audit:
    plan = Plan(
        factory="0x" + desk.deployment.factory.hex(),
        settlement="0x" + desk.deployment.settlement.hex(),
        published=load(_artifacts.BUILD_FOLDER),
        to_block="latest",
        books_url=database.ledger.url.render_as_string(hide_password=False),
    )
    return audit(Node(desk.node.url), plan)


def codes(desk: Desk, database: LedgerDatabase) -> set[str]:
    return set(audited(desk, database).subject.findings.counts)


def change(desk: Desk, statement: Any) -> None:
    with writing(desk.shop.engine) as connection:
        assert connection.execute(statement).rowcount == 1


def test_true_books_are_clean(settled: Desk, ledger_database: LedgerDatabase) -> None:
    done = audited(settled, ledger_database)
    assert [str(each) for each in done.subject.findings.kept] == []
    assert done.books is not None
    assert done.books.operations == 8
    assert done.books.roots == 3
    assert done.books.members == 8


def test_a_balance_somebody_wrote_is_named(settled: Desk, ledger_database: LedgerDatabase) -> None:
    balances = table_of(tables.Balance)
    who = balances.c.member_id == member_id(PROGRAM, 1)
    change(settled, update(balances).where(who).values(points=5_000, lot_0=5_000))
    findings = audited(settled, ledger_database).subject.findings
    assert set(findings.counts) == {"books_member_differs", "books_journal_broken"}
    assert all(address(PROGRAM, 1) in each.what for each in findings.kept)


def test_an_address_somebody_wrote_is_named(settled: Desk, ledger_database: LedgerDatabase) -> None:
    members = table_of(tables.Member)
    who = members.c.id == member_id(PROGRAM, 1)
    change(settled, update(members).where(who).values(address="0x" + "ab" * 20))
    assert {"books_operation_differs", "books_member_differs"} == codes(settled, ledger_database)


def test_other_batches_in_the_books_are_named(
    settled: Desk, ledger_database: LedgerDatabase
) -> None:
    batches = table_of(settlement_tables.Batch)
    second = (batches.c.program_id == PROGRAM) & (batches.c.seq == 2)
    change(settled, update(batches).where(second).values(receipts_root="0x" + "00" * 32))
    assert codes(settled, ledger_database) == {"books_batch_differs"}
    change(settled, update(batches).where(second).values(voided_at_ms=1))
    assert {"books_batch_missing", "books_operation_missing"} <= codes(settled, ledger_database)


def test_an_operation_taken_out_of_its_batch_is_named(
    settled: Desk, ledger_database: LedgerDatabase
) -> None:
    """As after a rollback of the outbox: the word would be settled a second time."""
    outbox = table_of(tables.OutboxEntry)
    first = (outbox.c.program_id == PROGRAM) & (outbox.c.entry_no == 1)
    change(settled, update(outbox).where(first).values(batch_id=None, word_index=None))
    found = codes(settled, ledger_database)
    assert found == {"books_operation_missing", "books_member_differs"}


def test_two_operations_for_one_word_are_named(
    settled: Desk, ledger_database: LedgerDatabase
) -> None:
    outbox = table_of(tables.OutboxEntry)
    second = (outbox.c.program_id == PROGRAM) & (outbox.c.entry_no == 2)
    change(settled, update(outbox).where(second).values(word_index=0))
    assert {"books_operation_twice", "books_operation_missing"} <= codes(settled, ledger_database)


def test_a_program_missing_from_the_books_is_named(
    settled: Desk, ledger_database: LedgerDatabase
) -> None:
    programs = table_of(tables.Program)
    which = programs.c.id == "prg_b"
    elsewhere = "0x" + "cd" * 20
    change(settled, update(programs).where(which).values(contract_address=elsewhere))
    found = codes(settled, ledger_database)
    assert found == {"books_program_missing", "books_program_unknown"}


def test_receipts_changed_in_the_journal_are_named(
    settled: Desk, ledger_database: LedgerDatabase
) -> None:
    """Whoever owns the database can drop its triggers; the root on chain stays."""
    journal = table_of(tables.JournalEntry)
    with settled.shop.engine.connect() as connection:
        postgres = connection.dialect.name == "postgresql"
    drop = (
        "ALTER TABLE journal DISABLE TRIGGER USER" if postgres
        else "DROP TRIGGER journal_refuses_update"
    )  # fmt: skip
    with writing(settled.shop.engine) as connection:
        connection.exec_driver_sql(drop)
    first = (journal.c.program_id == PROGRAM) & (journal.c.entry_no == 1)
    change(settled, update(journal).where(first).values(commitment="00" * 32))
    assert codes(settled, ledger_database) == {"receipts_root_differs"}
    change(settled, update(journal).where(first).values(points=51))
    assert {"books_operation_differs", "books_journal_broken"} <= codes(settled, ledger_database)


def test_what_is_no_ledger_is_said_without_its_password() -> None:
    with (
        pytest.raises(BooksUnreadable) as refusal,
        open_books("postgresql://me:secret@127.0.0.1:1/none"),
    ):
        raise AssertionError("opened")
    assert "secret" not in str(refusal.value)


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Any) -> None:
    path = tmp_path / "ledger.db"
    with pytest.raises(BooksUnreadable), open_books(f"sqlite:///{path}"):
        raise AssertionError("opened")
    assert not path.exists()
