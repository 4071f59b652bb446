"""Group commit: one transaction for many, answers after it, and nobody pays for a neighbour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError, OperationalError

from backend.api import present_earning, present_redemptions
from backend.core.errors import InsufficientPoints, MereauError
from backend.core.money import Money
from backend.core.operations import Kind
from backend.ledger.group_commit import (
    Answer,
    Claim,
    Command,
    GroupCommitter,
    LedgerOverloaded,
    LedgerUnavailable,
)
from backend.ledger.tables import Redemption
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.accept_purchase import AcceptPurchase, PurchaseTerms
from backend.services.lookup import MemberById
from backend.services.redeem import HoldPoints
from tests.api_client import START_MS, Shop, make_house
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]


def purchase(till: Shop, member_id: str, number: int, key: str | None = None) -> AcceptPurchase:
    """A purchase of 10 euros on receipt `number`."""
    terms = PurchaseTerms(
        MemberById(till.program_id, member_id), f"r-{number}", START_MS, Money(1000, "EUR")
    )
    claim = Claim(till.merchant_id, key or f"k-{number}", f"{number}")
    return AcceptPurchase(claim, terms, present_earning.purchase)


def redemption(till: Shop, member_id: str, points: int) -> HoldPoints:
    claim = Claim(till.merchant_id, f"hold-{points}", "")
    member = MemberById(till.program_id, member_id)
    return HoldPoints(claim, member, points, capture=False, render=present_redemptions.redemption)


@dataclass
class Misbehaving:
    """Stages an operation like any command, and then does what it should not."""

    till: Shop
    member_id: str
    misdeed: Callable[[UnitOfWork], None]
    claim: Claim | None = None
    decided: int = 0

    def wants(self) -> Wants:
        return Wants(programs={self.till.program_id}, members={self.member_id})

    def decide(self, work: UnitOfWork) -> Answer:
        self.decided += 1
        member = work.state.members[self.member_id]
        work.stage_operation(Kind.ACCRUE, member, 1_000_000, "pur_x", {})
        self.misdeed(work)
        return Answer(200, b"never")


def crash(_work: UnitOfWork) -> None:
    raise RuntimeError("a bug")


def break_a_key(work: UnitOfWork) -> None:
    """Stages a row whose foreign key leads nowhere."""
    columns = Redemption.model_fields
    numbers = {"points": 1, "created_at_ms": 1, "expires_at_ms": 1, "closed_at_ms": None}
    work.stage(Redemption, dict.fromkeys(columns, "nowhere") | numbers)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


@contextmanager
def listening(engine: Engine, name: str, heard: Callable[..., None]) -> Iterator[None]:
    event.listen(engine, name, heard)
    try:
        yield
    finally:
        event.remove(engine, name, heard)


@pytest.fixture
def committer(till: Shop) -> GroupCommitter:
    """A second process's committer, not started; its groups have up to 64 commands."""
    return make_house(
        till.database, till.clock, till.fresh_seed(), group_max=64, waiting_max=400
    ).committer


def test_a_refused_command_costs_its_neighbours_nothing(
    till: Shop, committer: GroupCommitter
) -> None:
    member = till.enrol()
    commands: list[Command] = [purchase(till, member, n) for n in range(5)]
    commands.insert(2, redemption(till, member, 999))
    outcomes = committer.execute(commands)
    assert isinstance(outcomes.pop(2), InsufficientPoints)
    assert [one.status_code for one in outcomes if isinstance(one, Answer)] == [201] * 5
    assert committer.groups_count == 1, "a refusal does not even split the group"
    assert till.balance(member) == (50, 0)
    audit(till.database.ledger)


@pytest.mark.parametrize(
    ("misdeed", "costs"),
    [(crash, RuntimeError), (break_a_key, LedgerUnavailable)],
    ids=["a crash", "an integrity error"],
)
def test_a_command_that_breaks_the_transaction_costs_only_itself(
    till: Shop,
    committer: GroupCommitter,
    misdeed: Callable[[UnitOfWork], None],
    costs: type[Exception],
) -> None:
    member = till.enrol()
    commands: list[Command] = [purchase(till, member, n) for n in range(5)]
    commands.insert(2, Misbehaving(till, member, misdeed))
    outcomes = committer.execute(commands)
    assert type(outcomes.pop(2)) is costs
    assert [one.status_code for one in outcomes if isinstance(one, Answer)] == [201] * 5
    assert till.balance(member) == (50, 0), "what the broken command staged is gone"
    audit(till.database.ledger)


def test_a_lost_race_is_decided_again_on_what_the_winner_wrote(
    till: Shop, committer: GroupCommitter
) -> None:
    """The whole group is read and decided anew, once, before anybody is taken apart."""
    member = till.enrol()

    def once(work: UnitOfWork) -> None:
        if racer.decided == 1:
            raise IntegrityError("insert", None, Exception("another process was first"))

    racer = Misbehaving(till, member, once)
    outcomes = committer.execute([purchase(till, member, 1), racer, purchase(till, member, 2)])
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert (racer.decided, committer.groups_count) == (2, 1)


def test_nobody_is_answered_before_the_commit(till: Shop) -> None:
    member = till.enrol()
    asked: list[asyncio.Task[Answer]] = []
    seen: list[tuple[bool, int]] = []

    def look(_connection: object) -> None:
        """Called when everything is sent to the database and only COMMIT is missing."""
        seen.append((asked[0].done(), len(till.records("purchases"))))

    async def ask() -> None:
        asked.append(asyncio.create_task(till.house.committer.submit(purchase(till, member, 1))))
        assert (await asked[0]).status_code == 201
        assert len(till.records("purchases")) == 1

    with listening(till.database.ledger, "commit", look):
        run(ask())
    assert seen == [(False, 0)]


def test_a_commit_that_fails_is_nobodys_success(till: Shop, committer: GroupCommitter) -> None:
    member = till.enrol()
    before = till.snapshot()
    commands: list[Command] = [purchase(till, member, n) for n in range(3)]

    def refuse(_connection: object) -> None:
        raise OperationalError("COMMIT", None, Exception("disk full"))

    with listening(till.database.ledger, "commit", refuse):
        outcomes = committer.execute(commands)
    assert [type(outcome) for outcome in outcomes] == [LedgerUnavailable] * 3
    assert till.snapshot() == before
    outcomes = committer.execute(commands)
    assert [one.replayed for one in outcomes if isinstance(one, Answer)] == [False] * 3


def test_too_many_waiting_is_an_overload(till: Shop) -> None:
    member = till.enrol()
    small = make_house(till.database, till.clock, till.fresh_seed(), waiting_max=2).committer

    async def ask() -> None:
        asked = [asyncio.create_task(small.submit(purchase(till, member, n))) for n in range(3)]
        await asyncio.sleep(0)
        small.start()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(outcomes.pop(), LedgerOverloaded)
        assert [one.status_code for one in outcomes if isinstance(one, Answer)] == [201, 201]
        assert (await small.submit(purchase(till, member, 2))).status_code == 201
        small.stop()

    run(ask())
    assert till.balance(member) == (30, 0)


def test_stopping_answers_everybody_who_waits_in_few_transactions(
    till: Shop, committer: GroupCommitter
) -> None:
    member = till.enrol()

    async def ask() -> None:
        asked = [
            asyncio.create_task(committer.submit(purchase(till, member, n))) for n in range(200)
        ]
        await asyncio.sleep(0)
        committer.start()
        await asyncio.to_thread(committer.stop)
        answers = await asyncio.gather(*asked)
        assert [answer.status_code for answer in answers] == [201] * 200
        with pytest.raises(LedgerOverloaded):
            await committer.submit(purchase(till, member, 200))

    run(ask())
    assert (committer.groups_count, committer.commands_count) == (4, 200)
    assert till.balance(member) == (2000, 0)
    audit(till.database.ledger)


def test_a_client_that_goes_away_is_served_all_the_same(
    till: Shop, committer: GroupCommitter
) -> None:
    member = till.enrol()

    async def ask() -> None:
        asked = [asyncio.create_task(committer.submit(purchase(till, member, n))) for n in range(3)]
        await asyncio.sleep(0)
        asked[1].cancel()
        await asyncio.sleep(0)
        committer.start()
        assert (await asked[0]).status_code == (await asked[2]).status_code == 201

    run(ask())
    committer.stop()
    assert till.balance(member) == (30, 0)


def test_a_loop_that_is_gone_does_not_end_the_writer(till: Shop, committer: GroupCommitter) -> None:
    member = till.enrol()

    async def leave() -> None:
        asyncio.create_task(committer.submit(purchase(till, member, 1)))  # noqa: RUF006
        await asyncio.sleep(0)

    async def ask() -> None:
        committer.start()
        assert (await committer.submit(purchase(till, member, 2))).status_code == 201

    run(leave())
    run(ask())
    committer.stop()
    assert till.balance(member) == (20, 0)


def test_commands_of_one_group_see_each_other(till: Shop, committer: GroupCommitter) -> None:
    member = till.enrol()
    outcomes = committer.execute(
        [
            purchase(till, member, 1),
            redemption(till, member, 8),
            redemption(till, member, 3),
            purchase(till, member, 1, key="other"),
            purchase(till, member, 1),
        ]
    )
    codes = [o.code if isinstance(o, MereauError) else o for o in outcomes]
    assert codes[2:4] == ["insufficient_points", "receipt_already_recorded"]
    first, last = outcomes[0], outcomes[4]
    assert isinstance(first, Answer)
    assert last == Answer(first.status_code, first.body, replayed=True)
    assert committer.groups_count == 1
