"""Two processes that meet in the middle of a transaction, made to meet by hand."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backend.api import present_earning, present_redemptions
from backend.core.errors import InsufficientPoints, ReceiptAlreadyRecorded
from backend.core.money import Money
from backend.ledger.group_commit import Answer, Claim, GroupCommitter, Outcome
from backend.services.accept_purchase import AcceptPurchase, PurchaseAccepted, PurchaseTerms
from backend.services.create_program import CreateProgram, ProgramTerms
from backend.services.lookup import MemberById
from backend.services.redeem import HoldPoints, RedemptionChanged
from tests.api_client import START_MS, Shop, make_house
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
on_postgresql = pytest.mark.parametrize("shared_shop", ["postgresql"], indirect=True)
OVERTAKING_SECONDS = 0.3
"""What a rival that does not wait for us would need to commit, many times over."""


@pytest.fixture
def committer(till: Shop) -> GroupCommitter:
    """A process's committer; the tests call it, so it is not started."""
    return make_house(till.database, till.clock, till.fresh_seed()).committer


@pytest.fixture
def rival(till: Shop) -> GroupCommitter:
    """Another process's."""
    return make_house(till.database, till.clock, till.fresh_seed()).committer


class Overtaking:
    """A rival's command, started in a thread when we have read and not yet written."""

    def __init__(self, rival: GroupCommitter, command: Any) -> None:
        self._thread = threading.Thread(target=self._run, args=(rival, command))
        self.outcomes: list[Outcome] = []

    def _run(self, rival: GroupCommitter, command: Any) -> None:
        self.outcomes += rival.execute([command])

    def start(self) -> None:
        """Gives the rival time to overtake us, if nothing holds it."""
        if self._thread.ident is None:
            self._thread.start()
            self._thread.join(OVERTAKING_SECONDS)

    def outcome(self) -> Outcome:
        self._thread.join(60)
        return self.outcomes[0]


def test_the_same_points_are_not_held_twice(
    till: Shop, committer: GroupCommitter, rival: GroupCommitter
) -> None:
    member = till.enrol()
    till.buy(member, 1000)

    def hold(key: str, render: Any) -> HoldPoints:
        claim = Claim(till.merchant_id, key, "")
        named = MemberById(till.program_id, member)
        return HoldPoints(claim, named, 10, capture=False, render=render)

    def while_we_hold(changed: RedemptionChanged) -> bytes:
        overtaking.start()
        return present_redemptions.redemption(changed)

    overtaking = Overtaking(rival, hold("theirs", present_redemptions.redemption))
    [ours] = committer.execute([hold("ours", while_we_hold)])
    theirs = overtaking.outcome()
    assert isinstance(ours, Answer)
    assert isinstance(theirs, InsufficientPoints)
    assert till.balance(member) == (0, 10)


def test_one_receipt_is_not_counted_twice(
    till: Shop, committer: GroupCommitter, rival: GroupCommitter
) -> None:
    member = till.enrol()
    named = MemberById(till.program_id, member)
    terms = PurchaseTerms(named, "one", START_MS, Money(1000, "EUR"))

    def buy(key: str, render: Any) -> AcceptPurchase:
        return AcceptPurchase(Claim(till.merchant_id, key, ""), terms, render)

    def while_we_buy(bought: PurchaseAccepted) -> bytes:
        overtaking.start()
        return present_earning.purchase(bought)

    overtaking = Overtaking(rival, buy("theirs", present_earning.purchase))
    [ours] = committer.execute([buy("ours", while_we_buy)])
    assert isinstance(ours, Answer)
    assert isinstance(overtaking.outcome(), ReceiptAlreadyRecorded)
    assert till.balance(member) == (10, 0)
    audit(till.database.ledger)


@on_postgresql
def test_a_key_used_meanwhile_by_another_process_is_answered_with_its_answer(
    till: Shop, committer: GroupCommitter, rival: GroupCommitter
) -> None:
    terms = ProgramTerms("Race", "RACE", "EUR", 1, 100, 60)
    claim = Claim(till.merchant_id, "same-key", "same")
    bodies: list[bytes] = []

    def render(state: Any) -> bytes:
        """Called after we have read that the key is new, and before we write."""
        if not bodies:
            [won] = rival.execute([CreateProgram(till.merchant_id, claim, terms, lambda _: b"won")])
            assert isinstance(won, Answer)
            bodies.append(won.body)
        return b"lost"

    [outcome] = committer.execute([CreateProgram(till.merchant_id, claim, terms, render)])
    assert outcome == Answer(201, bodies[0], replayed=True)
    programs = till.records("programs")
    assert [row["name"] for row in programs].count("Race") == 1
