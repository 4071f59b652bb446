"""What members and merchants ask besides buying: signatures, other addresses, badges.

Members sign with the key of whatever address they have; a wallet knows the nonce from the chain as
it is, and now and then it signs something wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from backend.chain.typed_data import TypedData, Value
from backend.ledger.group_commit import Claim
from backend.services.consent import Consent
from backend.services.issue_badge import issue_badge
from backend.services.lookup import MemberById
from backend.services.rebind_member import CallAccepted, rebind_member, set_signed_only
from backend.services.redeem import HoldPoints
from backend.services.revoke_badge import revoke_badge
from backend.services.signed_burn import look_at_consent
from tests.sim.auditor import Auditor
from tests.sim.books import Books, Outcome
from tests.sim.call_book import Badge, CallBook, Signed
from tests.sim.chain import CHAIN_ID
from tests.sim.consent import sim_signature
from tests.sim.desk import Desk, at_once
from tests.sim.evm import NOBODY
from tests.sim.program import UNTOUCHED
from tests.sim.till import Request, about, body

_SPARE_S = 30
_TYPES = [1, 2, 3, 16]


@dataclass(frozen=True, slots=True)
class Wallet:
    """A member at one moment: where their points are, and what they sign with."""

    member: str
    program: str
    contract: bytes
    address: bytes
    nonce: int


@dataclass
class Wallets:
    """Draws what is asked; `new_request` gives a request its key."""

    desk: Desk
    merchant_id: str
    books: Books
    auditor: Auditor
    chance: Random
    now_ms: Callable[[], int]
    is_calm: Callable[[], bool]
    new_request: Callable[..., Request]

    @property
    def calls(self) -> CallBook:
        return self.books.calls

    def draw(self, member: str) -> Request:
        kind = self.chance.random()
        wallet = self.wallet(member)
        if kind < 0.40:
            return self.redeem(wallet, self.chance.choice([1, 5, 10, 20, 30]))
        if kind < 0.58:
            return self.sign_only(wallet, flag=self.chance.random() < 0.5)
        if kind < 0.72 and not self.books.programs[wallet.program].debit_limited:
            return self.rebind(wallet, signs=self.chance.random() < 0.5)
        mine = [name for name, badge in self.calls.badges.items() if badge.member == member]
        if kind < 0.86 or not mine:
            return self.issue(member, self.chance.choice(_TYPES))
        return self.revoke(self.chance.choice(mine))

    def redeem(self, wallet: Wallet, points: int) -> Request:
        reference = self.chance.randbytes(32)
        said: dict[str, Value] = {
            "member": wallet.address, "amount": points, "redemptionId": reference
        }  # fmt: skip
        consent = self._sign(wallet, "Redeem", said, f"0x{reference.hex()}")
        ref = MemberById(wallet.program, wallet.member)

        def build(claim: Claim) -> HoldPoints:
            house = self.desk.house
            signed = at_once(look_at_consent(house, self.merchant_id, ref, points, consent))
            return HoldPoints(
                claim, ref, points, True,
                lambda done: about(done.member, id=done.redemption_id, points=done.points),
                signed,
            )  # fmt: skip

        def judge(books: Books, said: Outcome, now_ms: int) -> None:
            if isinstance(said, str) and said != "insufficient_points":
                self._check_refusal(said, wallet, consent)
                return
            books.redeem(wallet.member, points, True, said, now_ms, signed=True)
            if isinstance(said, dict):
                self.calls.accept(_hex(consent))
                self.calls.burned_by[said["id"]] = _hex(consent)

        asked = {"redeem": points, "member": wallet.member, "signed": _hex(consent)}
        return self.new_request(asked, build, judge)

    def sign_only(self, wallet: Wallet, *, flag: bool) -> Request:
        said: dict[str, Value] = {"member": wallet.address, "signedOnly": flag}
        consent = self._sign(wallet, "SetSignedOnly", said)

        def judge(_: Books, said: Outcome, __: int) -> None:
            if isinstance(said, str):
                self._check_refusal(said, wallet, consent)
                return
            self.calls.accept(_hex(consent))
            self.calls.signing.setdefault(wallet.member, {})[said["id"]] = flag

        return self.new_request(
            {"sign only": flag, "member": wallet.member, "signed": _hex(consent)},
            lambda claim: self.desk.command(
                set_signed_only(
                    self.desk.house, claim, wallet.member,
                    signed_only=flag, consent=consent, render=_call,
                )
            ),
            judge,
        )  # fmt: skip

    def rebind(self, wallet: Wallet, *, signs: bool) -> Request:
        taken = sorted(self.calls.addresses.get(wallet.program, ()))
        to = self.chance.randbytes(20)
        if taken and self.chance.random() < 0.1:
            to = bytes.fromhex(self.chance.choice(taken)[2:])
        consent = None
        if signs or self.calls.may_have_to_sign(wallet.member):
            consent = self._sign(wallet, "Rebind", {"from": wallet.address, "to": to})

        def judge(_: Books, said: Outcome, __: int) -> None:
            if isinstance(said, str):
                if said == "address_in_use":
                    known = self.calls.addresses.get(wallet.program, set())
                    assert f"0x{to.hex()}" in known, f"{to.hex()} was never used"
                else:
                    self._check_refusal(said, wallet, consent)
                return
            self.calls.left_address(wallet.program, said["from"])
            self.calls.left_address(wallet.program, said["to"])
            if consent is not None and self.calls.must_sign(wallet.member):
                self.calls.accept(_hex(consent))

        return self.new_request(
            {"rebind": wallet.member, "to": f"0x{to.hex()}", "signed": _hex(consent)},
            lambda claim: self.desk.command(
                rebind_member(
                    self.desk.house, claim, wallet.member, f"0x{to.hex()}", consent, _call
                )
            ),
            judge,
        )

    def issue(self, member: str, number: int) -> Request:
        def judge(_: Books, said: Outcome, __: int) -> None:
            if said == "badge_already_held":
                held = [badge.number for badge in self.calls.held(member)]
                assert number in held, f"{member} has {held}, not {number}"
            elif isinstance(said, str):
                self._check_refusal(said, self.wallet(member), None)
            else:
                self.calls.badges[said["badge"]] = Badge(member, number)

        return self.new_request(
            {"badge": number, "member": member},
            lambda claim: self.desk.command(
                issue_badge(
                    self.desk.house, claim, member, number,
                    lambda done: body(id=done.call_id, badge=done.badge_id),
                )
            ),
            judge,
        )  # fmt: skip

    def revoke(self, badge_id: str) -> Request:
        badge = self.calls.badges[badge_id]

        def judge(_: Books, said: Outcome, __: int) -> None:
            if said == "badge_not_held":
                assert not badge.held, f"{badge_id} is held"
            elif isinstance(said, str):
                self._check_refusal(said, self.wallet(badge.member), None)
            else:
                badge.held = False

        return self.new_request(
            {"revoke": badge_id, "member": badge.member},
            lambda claim: self.desk.command(
                revoke_badge(
                    self.desk.house, claim, badge.member, badge_id,
                    lambda done: body(id=done.call_id, badge=done.badge_id),
                )
            ),
            judge,
        )  # fmt: skip

    def wallet(self, member: str) -> Wallet:
        program = self.books.members[member].program
        contract = self.auditor.contracts().get(program, NOBODY)
        address = self.auditor.address_of(member)
        state = self.auditor.chain.head.contracts.programs.get(contract)
        word = UNTOUCHED if state is None else state.words.get(address, UNTOUCHED)
        return Wallet(member, program, contract, address, word.nonce)

    def _sign(
        self, wallet: Wallet, kind: str, said: dict[str, Value], reference: str = f"0x{'00' * 32}"
    ) -> Consent:
        """Mostly right and good for days; sometimes short, late, or over another nonce."""
        chance, now_s = self.chance, self.now_ms() // 1000
        deadline_s = now_s + chance.choice([10, 45, 200, 86_400, *[3 * 86_400] * 6])
        right = chance.random() < 0.9
        nonce = wallet.nonce if right else wallet.nonce + chance.choice([-1, 1])
        message = {**said, "nonce": max(0, nonce), "deadline": deadline_s}
        digest = TypedData(CHAIN_ID, wallet.contract, kind, message).digest()
        consent = Consent(deadline_s, sim_signature(wallet.address, digest), reference)
        # A wallet that knows of no contract signs for none.
        right = max(0, nonce) == wallet.nonce and wallet.contract != NOBODY
        self.calls.signed[_hex(consent)] = Signed(
            wallet.member, f"0x{wallet.address.hex()}", max(0, nonce), deadline_s, right
        )
        return consent

    def _check_refusal(self, code: str, wallet: Wallet, consent: Consent | None) -> None:
        """Fails when the refusal cannot be right."""
        told = f"{code} for {wallet}"
        if code == "chain_unavailable":
            assert not self.is_calm(), told
        elif code == "program_not_on_chain":
            assert not self.auditor.has_contract(wallet.program), told
        elif code == "consent_in_flight":
            assert self.auditor.has_open_call(wallet.member), told
        elif code == "signature_required":
            assert self.books.may_have_to_sign(wallet.member), told
        elif code == "signature_expired":
            assert consent is not None, told
            latest = max(self.now_ms() // 1000, self.auditor.chain.head.header.timestamp_s)
            assert not self.calls.strict or consent.deadline_s < latest + _SPARE_S, told
        else:
            assert code == "signature_invalid", told
            signed = self.calls.signed[_hex(consent)]
            now = self.wallet(wallet.member)
            moved = (now.nonce, now.address) != (signed.nonce, wallet.address)
            assert not self.calls.strict or not signed.right or moved, told


def _call(done: CallAccepted) -> bytes:
    said = {name: done.arguments[name] for name in ("from", "to") if name in done.arguments}
    return body(id=done.call_id, **said)


def _hex(consent: Consent | None) -> str:
    return "0x" if consent is None else f"0x{consent.encoded().hex()}"
