"""What customers ask at the tills, sensible or not; they know what the books know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.money import Money
from backend.core.returned_parts import Asked
from backend.ledger.group_commit import Claim, Command
from backend.services.accept_purchase import AcceptPurchase, PurchaseTerms
from backend.services.enrol_member import EnrolMember
from backend.services.lookup import MemberById
from backend.services.redeem import CloseRedemption, HoldPoints
from backend.services.refund_redemption import RefundRedemption
from backend.services.return_purchase import ReturnPurchase
from backend.services.signed_burn import SignedBurn, look_at_consent, look_at_member
from tests.sim.desk import Desk, at_once
from tests.sim.till import Judge, Request, Till, about, body
from tests.sim.wallets import Wallets


@dataclass
class Customers:
    """Draws what is asked next."""

    till: Till
    desk: Desk
    chance: Random
    wallets_share: float
    number: int = 0

    def __post_init__(self) -> None:
        till = self.till
        self.wallets = Wallets(
            self.desk, till.merchant_id, till.books, till.auditor, self.chance, till.now_ms,
            lambda: till.stage.calm, self._request,
        )  # fmt: skip

    def draw(self) -> Request:
        """A request, sensible or not; the customers know what the books know."""
        books = self.till.books
        program = self.chance.choice(list(books.programs))
        members = books.programs[program].members
        kind = self.chance.random()
        if not members or kind < 0.05:
            return self.enrol(program, f"customer-{self.chance.randint(0, 9)}")
        member = self.chance.choice(members)
        if self.chance.random() < self.wallets_share and self._may_call(program):
            return self.wallets.draw(member)
        if kind < 0.55:
            return self._buy(member)
        if kind < 0.75:
            points = self.chance.choice([1, 5, 10, 20, 30, 100])
            return self.redeem(member, points, self.chance.random() < 0.5)
        open_holds = [name for name, hold in books.holds.items() if hold.state == "held"]
        if kind < 0.90 and books.holds:
            choices = open_holds or list(books.holds)
            return self.close(self.chance.choice(choices), self.chance.random() < 0.6)
        if kind < 0.94 and books.holds:
            return self.refund(self.chance.choice(list(books.holds)))
        if books.purchases:
            return self.take_back(self.chance.choice(list(books.purchases)))
        return self._buy(member)

    def _may_call(self, program: str) -> bool:
        """Mostly where there is a contract to call: the others are refused all the same."""
        return self.till.auditor.has_contract(program) or self.chance.random() < 0.1

    def enrol(self, program: str, external_id: str) -> Request:
        identifier = Identifier.parse(IdentifierKind.EXTERNAL_ID, external_id)

        def build(claim: Claim) -> Command:
            address = f"0x{self.till.entropy(20).hex()}"
            return EnrolMember.build(
                self.till.vault, claim.merchant_id, claim, program, [identifier], address,
                lambda done: body(id=done.member.id),
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
                lambda done: about(done.member, id=done.purchase_id, points=done.earned.points),
            ),
            lambda books, said, now: books.buy(member, receipt, amount, said, now),
        )  # fmt: skip

    def redeem(self, member: str, points: int, capture: bool) -> Request:
        program = self.till.books.members[member].program
        ref = MemberById(program, member)

        def build(claim: Claim) -> Command:
            looked = look_at_consent(self.desk.house, claim.merchant_id, ref, points, None)
            return HoldPoints(
                claim, ref, points, capture,
                lambda done: about(done.member, id=done.redemption_id, points=done.points),
                at_once(looked),
            )  # fmt: skip

        return self._request(
            {"redeem": points, "member": member, "capture": capture},
            build,
            lambda books, said, now: books.redeem(member, points, capture, said, now),
        )  # fmt: skip

    def close(self, redemption: str, capture: bool) -> Request:
        member = self.till.books.holds[redemption].member
        program = self.till.books.members[member].program
        return self._request(
            {"close": redemption, "capture": capture},
            lambda claim: CloseRedemption(
                claim, redemption, program, capture,
                lambda done: about(done.member, id=done.redemption_id, points=done.points),
                self._look(member if capture else None),
            ),
            lambda books, said, now: books.close(redemption, capture, said, now),
        )  # fmt: skip

    def refund(self, redemption: str) -> Request:
        program = self.till.books.members[self.till.books.holds[redemption].member].program
        return self._request(
            {"refund": redemption},
            lambda claim: RefundRedemption(
                claim, redemption, program, None,
                lambda done: about(
                    done.member, id=done.redemption_id, points=done.restored.points
                ),
            ),
            lambda books, said, now: books.refund(redemption, said, now),
        )  # fmt: skip

    def take_back(self, purchase: str) -> Request:
        member = self.till.books.purchases[purchase].member
        program = self.till.books.members[member].program
        return self._request(
            {"return": purchase},
            lambda claim: ReturnPurchase(
                claim, purchase, program, Asked(),
                lambda done: about(
                    done.member, id=done.return_id, points=done.clawed.taken_points
                ),
                self._look(member),
            ),
            lambda books, said, now: books.take_back(purchase, said, now),
        )  # fmt: skip

    def _look(self, member: str | None) -> SignedBurn:
        return at_once(look_at_member(self.desk.house, self.till.merchant_id, member))

    def _request(
        self, says: dict[str, Any], build: Callable[[Claim], Command], judge: Judge
    ) -> Request:
        self.number += 1
        return Request(f"key-{self.number}", says, build, judge)
