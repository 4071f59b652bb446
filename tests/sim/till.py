"""Customers at the tills: requests with idempotency keys, retried until they are answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Any

from sqlalchemy import Engine

from backend.core.errors import MereauError
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.money import Money
from backend.core.returned_parts import Asked
from backend.ledger.group_commit import (
    Answer,
    Claim,
    Command,
    GroupCommitter,
    LedgerUnavailable,
    Outcome,
)
from backend.ledger.vault import Vault
from backend.services.accept_purchase import AcceptPurchase, PurchaseTerms
from backend.services.enrol_member import EnrolMember
from backend.services.lookup import MemberById
from backend.services.redeem import CloseRedemption, HoldPoints
from backend.services.refund_redemption import RefundRedemption
from backend.services.return_purchase import ReturnPurchase
from tests.sim.books import Books
from tests.sim.books import Outcome as Said
from tests.sim.stage import Killed, Stage

Judge = Callable[[Books, Said, int], None]


@dataclass
class Request:
    """What a client asks, under a key of its own; `judge` is what the books make of the answer."""

    key: str
    says: dict[str, Any]
    build: Callable[[Claim], Command]
    judge: Judge
    answer: bytes | None = None

    @property
    def fingerprint(self) -> str:
        return sha256(json.dumps(self.says, sort_keys=True).encode()).hexdigest()


@dataclass
class Till:
    """One API process, as far as it writes: the real group commit over the real services."""

    engine: Engine
    vault: Vault
    merchant_id: str
    now_ms: Callable[[], int]
    new_id: Callable[[str], str]
    entropy: Callable[[int], bytes]
    stage: Stage
    books: Books
    stored_keys: Callable[[], dict[str, int]]
    """The keys in the ledger, each with its place in the order of commits."""
    served: list[Request] = field(default_factory=list)
    unanswered: list[Request] = field(default_factory=list)
    answers: int = 0
    refusals: int = 0

    def ask(self, requests: Sequence[Request]) -> None:
        """Sends a group of requests that arrive together, and holds the answers to the books."""
        try:
            outcomes = self._execute(requests)
        except Killed:
            outcomes = [LedgerUnavailable("the process was killed")] * len(requests)
        for request, outcome in self._in_order(requests, outcomes):
            if not isinstance(outcome, LedgerUnavailable):
                self._judge(request, outcome)
            elif request.answer is None:
                if request not in self.unanswered:
                    self.unanswered.append(request)
                if request.key in self.stored_keys():
                    self._look_up(request)

    def _in_order(
        self, requests: Sequence[Request], outcomes: Sequence[Outcome]
    ) -> list[tuple[Request, Outcome]]:
        """In the order in which they were decided.

        That is how they stand, unless a group was committed and the answer of the database lost:
        then they were asked again one by one, and what had been served was replayed.
        """
        asked = list(zip(requests, outcomes, strict=True))
        replayed = {r.key for r, o in asked if isinstance(o, Answer) and o.replayed}
        if not replayed:
            return asked
        stored = self.stored_keys()
        newest = max(stored[key] for key in replayed)

        def place(pair: tuple[Request, Outcome]) -> tuple[bool, int]:
            number = stored.get(pair[0].key, newest + 1)
            return (number > newest, number if number <= newest else 0)

        return sorted(asked, key=place)

    def _execute(self, requests: Sequence[Request]) -> list[Outcome]:
        committer = GroupCommitter(self.engine, self.vault, self.now_ms, self.new_id)
        return committer.execute([request.build(self._claim(request)) for request in requests])

    def ask_wrongly(self, request: Request, other: Request) -> None:
        """The key of a served request with another request's body: it must be refused."""
        committer = GroupCommitter(self.engine, self.vault, self.now_ms, self.new_id)
        claim = Claim(self.merchant_id, request.key, f"{other.fingerprint}/other")
        try:
            (outcome,) = committer.execute([other.build(claim)])
        except Killed:
            return
        if not isinstance(outcome, LedgerUnavailable):
            assert isinstance(outcome, MereauError), outcome
            assert outcome.code == "idempotency_key_reused", outcome

    def _look_up(self, request: Request) -> None:
        """The client knows nothing, but the auditor must know what the ledger did."""
        calm, self.stage.calm = self.stage.calm, True
        (outcome,) = self._execute([request])
        self.stage.calm = calm
        assert isinstance(outcome, Answer)
        assert outcome.replayed
        self._first_answer(request, outcome)

    def _judge(self, request: Request, outcome: Outcome) -> None:
        if request in self.unanswered:
            self.unanswered.remove(request)
        if isinstance(outcome, Answer):
            if request.answer is not None:
                assert outcome.replayed, f"{request.says} had its effect a second time"
                assert outcome.body == request.answer, f"another answer to {request.says}"
                return
            self._first_answer(request, outcome)
            return
        assert isinstance(outcome, MereauError), f"{request.says}: {outcome!r}"
        assert request.answer is None, f"{request.says} was served, and then {outcome!r}"
        self.stage.trace.note(f"{request.key} {request.says} refused: {outcome.code}")
        request.judge(self.books, outcome.code, self.now_ms())
        self.refusals += 1

    def _first_answer(self, request: Request, outcome: Answer) -> None:
        said = json.loads(outcome.body)
        self.stage.trace.note(f"{request.key} {request.says}: {said}")
        request.judge(self.books, said, self.now_ms())
        request.answer = outcome.body
        self.served.append(request)
        self.answers += 1

    def _claim(self, request: Request) -> Claim:
        return Claim(self.merchant_id, request.key, request.fingerprint)


@dataclass
class Customers:
    """Draws what is asked next."""

    till: Till
    chance: Random
    number: int = 0

    def draw(self) -> Request:
        """A request, sensible or not; the customers know what the books know."""
        books = self.till.books
        program = self.chance.choice(list(books.programs))
        members = books.programs[program].members
        kind = self.chance.random()
        if not members or kind < 0.05:
            return self.enrol(program, f"customer-{self.chance.randint(0, 9)}")
        member = self.chance.choice(members)
        if kind < 0.55:
            return self._buy(member)
        if kind < 0.75:
            points = self.chance.choice([1, 5, 10, 20, 30, 100])
            return self._redeem(member, points, self.chance.random() < 0.5)
        open_holds = [name for name, hold in books.holds.items() if hold.state == "held"]
        if kind < 0.90 and books.holds:
            choices = open_holds or list(books.holds)
            return self._close(self.chance.choice(choices), self.chance.random() < 0.6)
        if kind < 0.94 and books.holds:
            return self._refund(self.chance.choice(list(books.holds)))
        if books.purchases:
            return self._take_back(self.chance.choice(list(books.purchases)))
        return self._buy(member)

    def enrol(self, program: str, external_id: str) -> Request:
        identifier = Identifier.parse(IdentifierKind.EXTERNAL_ID, external_id)

        def build(claim: Claim) -> Command:
            address = f"0x{self.till.entropy(20).hex()}"
            return EnrolMember.build(
                self.till.vault, claim.merchant_id, claim, program, [identifier], address,
                lambda done: _body(id=done.member.id),
            )  # fmt: skip

        return self._request(
            {"enrol": external_id, "in": program},
            build,
            lambda books, said, _: books.enrol(program, external_id, said),
        )

    def _buy(self, member: str) -> Request:
        amount = self.chance.choice([0, 99, 100, 1000, 2050, 3000, 12_345])
        receipts = [bought.receipt for bought in self.till.books.purchases.values()]
        receipt = f"receipt-{self.number}"
        if receipts and self.chance.random() < 0.05:
            receipt = self.chance.choice(receipts)[1]
        return self.buy(member, receipt, amount)

    def buy(self, member: str, receipt: str, amount: int) -> Request:
        program = self.till.books.members[member].program
        terms = PurchaseTerms(
            MemberById(program, member), receipt, self.till.now_ms(), Money(amount, "EUR")
        )
        return self._request(
            {"buy": amount, "member": member, "receipt": receipt, "at": terms.occurred_at_ms},
            lambda claim: AcceptPurchase(
                claim, terms,
                lambda done: _about(done.member, id=done.purchase_id, points=done.earned.points),
            ),
            lambda books, said, now: books.buy(member, receipt, amount, said, now),
        )  # fmt: skip

    def _redeem(self, member: str, points: int, capture: bool) -> Request:
        program = self.till.books.members[member].program
        return self._request(
            {"redeem": points, "member": member, "capture": capture},
            lambda claim: HoldPoints(
                claim, MemberById(program, member), points, capture,
                lambda done: _about(done.member, id=done.redemption_id, points=done.points),
            ),
            lambda books, said, now: books.redeem(member, points, capture, said, now),
        )  # fmt: skip

    def _close(self, redemption: str, capture: bool) -> Request:
        program = self.till.books.members[self.till.books.holds[redemption].member].program
        return self._request(
            {"close": redemption, "capture": capture},
            lambda claim: CloseRedemption(
                claim, redemption, program, capture,
                lambda done: _about(done.member, id=done.redemption_id, points=done.points),
            ),
            lambda books, said, now: books.close(redemption, capture, said, now),
        )  # fmt: skip

    def _refund(self, redemption: str) -> Request:
        program = self.till.books.members[self.till.books.holds[redemption].member].program
        return self._request(
            {"refund": redemption},
            lambda claim: RefundRedemption(
                claim, redemption, program, None,
                lambda done: _about(
                    done.member, id=done.redemption_id, points=done.restored.points
                ),
            ),
            lambda books, said, now: books.refund(redemption, said, now),
        )  # fmt: skip

    def _take_back(self, purchase: str) -> Request:
        program = self.till.books.members[self.till.books.purchases[purchase].member].program
        return self._request(
            {"return": purchase},
            lambda claim: ReturnPurchase(
                claim, purchase, program, Asked(),
                lambda done: _about(
                    done.member, id=done.return_id, points=done.clawed.taken_points
                ),
            ),
            lambda books, said, now: books.take_back(purchase, said, now),
        )  # fmt: skip

    def _request(
        self, says: dict[str, Any], build: Callable[[Claim], Command], judge: Judge
    ) -> Request:
        self.number += 1
        return Request(f"key-{self.number}", says, build, judge)


def _about(member: Any, **facts: int | str) -> bytes:
    shown = {"available": member.available_points, "held": member.held_points}
    return _body(member=member.id, **shown, **facts)


def _body(**facts: int | str) -> bytes:
    return json.dumps(facts).encode()
