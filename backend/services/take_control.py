"""Take control: a member's points go to a key of their own, a passkey or a wallet.

One commit stores the key and queues the rebind; the points are there when it is on chain. That
nothing but the key burns them is asked for then, by a signature of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.chain.quantities import read_bytes
from backend.core.control_errors import KeyUnreadable
from backend.ledger.cards import HeldCard
from backend.ledger.control_tables import MemberKey
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.consent import Consent
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.rebind_member import AskForMember, asked_rebind, set_signed_only
from backend.services.register_passkey import NewPasskey


@dataclass(frozen=True, slots=True)
class TakeKey:
    """Raises what AskForMember raises, and PasskeyRefused for an answer that counts no more."""

    rebind: AskForMember
    kind: str
    passkey: NewPasskey | None = None

    @property
    def claim(self) -> Claim | None:
        return None

    @property
    def merchant_id(self) -> str:
        return self.rebind.claim.merchant_id

    def wants(self) -> Wants:
        return self.rebind.wants()

    def decide(self, work: UnitOfWork) -> Answer:
        self.rebind.require(work)
        passkey_id = self.passkey.stage(work) if self.passkey else None
        self.rebind.ask(work)
        key = {
            "member_id": self.rebind.member_id,
            "address": self.rebind.arguments["to"],
            "kind": self.kind,
            "passkey_id": passkey_id,
            "created_at_ms": work.now_ms,
        }
        work.stage(MemberKey, key)
        return Answer(202, b"")


async def take_by_passkey(
    house: House, card: HeldCard, passkey: NewPasskey, consent: Consent | None = None
) -> None:
    """To a passkey that was just made; `consent` where a key signs already.

    Raises what TakeKey raises.
    """
    rebind = await _rebind(house, card, passkey.address, consent)
    await house.committer.submit(TakeKey(rebind, "passkey", passkey))


async def take_by_wallet(
    house: House, card: HeldCard, address: str, consent: Consent | None = None
) -> None:
    """To a wallet's address (0x hex); raises what TakeKey raises."""
    try:
        known = read_bytes(address.lower(), 20)
    except ValueError as failure:
        raise KeyUnreadable("The wallet named no address.") from failure
    rebind = await _rebind(house, card, f"0x{known.hex()}", consent)
    await house.committer.submit(TakeKey(rebind, "wallet"))


async def sign_for_everything(
    house: House, card: HeldCard, consent: Consent, *, signed_only: bool
) -> None:
    """Has nothing but the member's signature burn their points, or ends that.

    Raises what AskForMember raises.
    """
    # Sent twice, the second finds the first under way: no key of idempotency is needed.
    claim = Claim(card.merchant_id, house.new_id("web"), house.vault.fingerprint("00"))
    await set_signed_only(
        house,
        claim,
        card.member_id,
        signed_only=signed_only,
        consent=consent,
        render=lambda _: b"",
    )


async def _rebind(
    house: House, card: HeldCard, address: str, consent: Consent | None
) -> AskForMember:
    record = await member_record(house, card.merchant_id, card.member_id)
    claim = Claim(card.merchant_id, "", "")
    return await asked_rebind(house, claim, record, address, consent, lambda _: b"")
