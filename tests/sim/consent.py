"""What programs do with a member's signature: redeem, rebind, sign only (ProgramConsent)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from backend.chain.keccak import keccak256
from backend.chain.typed_data import TypedData, Value
from tests.sim.evm import NOBODY, Event, Reverted, word
from tests.sim.program import BATCH_APPLIED, TRANSFER, UNTOUCHED, Program, Tally

REBOUND = keccak256(b"Rebound(address,address,uint256)")
SIGNED_ONLY_SET = keccak256(b"SignedOnlySet(address,bool,uint256)")
REDEEMED = keccak256(b"Redeemed(address,uint256,bytes32)")

Judge = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature is a member's over a digest: member, digest, signature."""


def sim_signature(member: bytes, digest: bytes) -> bytes:
    """A signature that costs nothing to make or to check: the simulator's members sign so."""
    return sha256(member + digest).digest() + sha256(digest + member).digest() + b"\x1b"


def judged_in_sim(member: bytes, digest: bytes, signature: bytes) -> bool:
    return signature == sim_signature(member, digest)


@dataclass(frozen=True, slots=True)
class Redemption:
    """As redeemBatch takes it."""

    member: bytes
    amount: int
    redemption_id: bytes
    deadline_s: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Consents:
    """One transaction's dealings with one program."""

    program: Program
    chain_id: int
    judge: Judge
    now: int

    def redeem_batch(self, redemptions: Sequence[Redemption]) -> list[Event]:
        program, tally = self.program, self._tally()
        for index, each in enumerate(redemptions):
            said: dict[str, Value] = {
                "member": each.member,
                "amount": each.amount,
                "redemptionId": each.redemption_id,
            }
            self._require("Redeem", each.member, said, each.deadline_s, each.signature)
            if not each.amount:
                raise Reverted("ZeroAmount()")
            held = program.swept(each.member, tally)
            if each.amount > held.balance:
                raise Reverted(
                    "InsufficientBalance(uint256,address,uint256,uint256)",
                    index, each.member, held.balance, each.amount,
                )  # fmt: skip
            used = replace(held.consumed(each.amount), nonce=held.nonce + 1)
            program.words[each.member] = used
            tally.burned += each.amount
            program.log(tally, (TRANSFER, word(each.member), word(0)), word(each.amount))
            topics = (REDEEMED, word(each.member), each.redemption_id)
            program.log(tally, topics, word(each.amount))
        program.supply -= tally.burned
        return tally.events

    def set_signed_only(self, member: bytes, signed_only: bool, *, used: int = 0) -> list[Event]:
        """The member's own transaction, or with a signature that has `used` a nonce."""
        program, tally = self.program, self._tally()
        current = program.swept(member, tally)
        now = replace(current, signed_only=signed_only, nonce=current.nonce + used)
        program.words[member] = now
        program.supply -= tally.burned
        said = word(signed_only), word(now.nonce)
        program.log(tally, (SIGNED_ONLY_SET, word(member)), *said)
        return tally.events

    def set_signed_only_signed(
        self, member: bytes, signed_only: bool, deadline_s: int, signature: bytes
    ) -> list[Event]:
        said: dict[str, Value] = {"member": member, "signedOnly": signed_only}
        self._require("SetSignedOnly", member, said, deadline_s, signature)
        return self.set_signed_only(member, signed_only, used=1)

    def rebind(
        self,
        caller: bytes,
        place: tuple[int, bytes],
        sides: tuple[bytes, bytes],
        consent: tuple[int, bytes],
    ) -> list[Event]:
        """`place` is sequence and root, `sides` from and to, `consent` deadline and signature."""
        program, (seq, root), (old, new) = self.program, place, sides
        if caller != program.issuer:
            raise Reverted("NotIssuer()")
        program.take_sequence(seq)
        if new == NOBODY or new in program.words:
            raise Reverted("BadTarget(address)", new)
        used = 0
        if program.rules.signed_only or program.words.get(old, UNTOUCHED).signed_only:
            if not consent[1]:
                raise Reverted("SignatureRequired(uint256,address)", 0, old)
            self._require("Rebind", old, {"from": old, "to": new}, *consent)
            used = 1
        tally = self._tally()
        held = program.swept(old, tally)
        moved = held.balance
        emptied, program.words[new] = held.rebound()
        program.words[old] = replace(emptied, nonce=emptied.nonce + used)
        if moved:
            program.log(tally, (TRANSFER, word(old), word(0)), word(moved))
            program.log(tally, (TRANSFER, word(0), word(new)), word(moved))
        program.log(tally, (REBOUND, word(old), word(new)), word(moved))
        tally.debited = moved
        program.settle(tally, self.now)
        program.log(
            tally,
            (BATCH_APPLIED, word(seq)),
            root, word(1), word(moved), word(tally.burned + moved),
        )  # fmt: skip
        return tally.events

    def _tally(self) -> Tally:
        return Tally(self.program.calendar.period_at(self.now))

    def _require(
        self,
        kind: str,
        member: bytes,
        said: dict[str, Value],
        deadline_s: int,
        signature: bytes,
    ) -> None:
        """The signature must be the member's, over their next nonce, and not too old."""
        if self.now > deadline_s:
            raise Reverted("SignatureExpired(uint256)", deadline_s)
        nonce = self.program.words.get(member, UNTOUCHED).nonce
        message = {**said, "nonce": nonce, "deadline": deadline_s}
        digest = TypedData(self.chain_id, self.program.address, kind, message).digest()
        if not self.judge(member, digest, signature):
            raise Reverted("BadSignature(address)", member)
