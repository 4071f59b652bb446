"""Register a passkey: it signs its person in, and may become the key of their points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from webauthn import (
    generate_registration_options,
    options_to_json,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, decode_credential_public_key
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import DecodedEC2PublicKey
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from backend.chain.program_calls import passkey_member
from backend.core.control_errors import PasskeyRefused
from backend.ledger import member_keys
from backend.ledger.control_tables import PasskeyMember, PasskeyRecord
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.passkeys import (
    REFUSED,
    Host,
    challenge_in,
    new_challenge,
    read_credential,
    use_challenge,
)

# The contracts check P-256 alone, and nothing but a verified person (a finger, a face, a code).
_ALGORITHMS: Final = [COSEAlgorithmIdentifier.ECDSA_SHA_256]
_HANDLE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey as its authenticator made it; `challenge` is still to be used up."""

    credential_id: str
    rp_id: str
    x: int
    y: int
    sign_count: int
    challenge: bytes
    member_ids: tuple[str, ...]

    @property
    def address(self) -> str:
        """The member that it is the key of, 0x hex."""
        return f"0x{passkey_member(self.x, self.y).hex()}"

    def stage(self, work: UnitOfWork) -> str:
        """Uses the challenge up and stores the passkey; its id. Raises PasskeyRefused."""
        use_challenge(work, self.challenge, "register", subject_of(self.member_ids))
        known = work.ask(
            lambda connection: member_keys.passkey_by_credential(connection, self.credential_id)
        )
        if known is not None:
            raise PasskeyRefused("This passkey is known already.")
        passkey_id = work.new_id("pky")
        row: dict[str, Any] = {
            "id": passkey_id,
            "credential_id": self.credential_id,
            "rp_id": self.rp_id,
            "public_x": f"0x{self.x:064x}",
            "public_y": f"0x{self.y:064x}",
            "sign_count": self.sign_count,
            "created_at_ms": work.now_ms,
            "used_at_ms": None,
        }
        work.stage(PasskeyRecord, row)
        for member_id in self.member_ids:
            work.stage(PasskeyMember, {"passkey_id": passkey_id, "member_id": member_id})
        return passkey_id


@dataclass(frozen=True, slots=True)
class RegisterPasskey:
    """Stores a passkey that signs in. Raises PasskeyRefused."""

    passkey: NewPasskey

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        self.passkey.stage(work)
        return Answer(201, b"")


def subject_of(member_ids: Sequence[str]) -> str:
    """One person's members, as sessions and challenges name them."""
    return " ".join(sorted(member_ids))


async def registration_options(
    house: House, host: Host, member_ids: Sequence[str], name: str
) -> dict[str, Any]:
    """What `navigator.credentials.create` takes; `name` is what the phone calls the passkey."""
    challenge = await new_challenge(house, "register", subject_of(member_ids))
    options = generate_registration_options(
        rp_id=host.name,
        rp_name="Méreau",
        # A handle of its own: a second passkey must not take the place of the first in a phone.
        user_id=house.entropy(_HANDLE_BYTES),
        user_name=name,
        user_display_name=name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        supported_pub_key_algs=_ALGORITHMS,
    )
    document: dict[str, Any] = msgspec.json.decode(options_to_json(options))
    return document


def made_passkey(host: Host, member_ids: Sequence[str], answer: str) -> NewPasskey:
    """The passkey of a browser's answer, checked against where it was made.

    Raises PasskeyRefused.
    """
    credential = read_credential(answer)
    challenge = challenge_in(credential)
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=host.name,
            expected_origin=list(host.origins),
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
        key = decode_credential_public_key(made.credential_public_key)
    except (WebAuthnException, ValueError, KeyError, TypeError) as failure:
        raise PasskeyRefused(REFUSED) from failure
    if not isinstance(key, DecodedEC2PublicKey):
        raise PasskeyRefused(REFUSED)
    return NewPasskey(
        credential_id=bytes_to_base64url(made.credential_id),
        rp_id=host.name,
        x=int.from_bytes(key.x, "big"),
        y=int.from_bytes(key.y, "big"),
        sign_count=made.sign_count,
        challenge=challenge,
        member_ids=tuple(sorted(member_ids)),
    )


async def register_passkey(
    house: House, host: Host, member_ids: Sequence[str], answer: str
) -> None:
    """For signing in alone; raises PasskeyRefused."""
    await house.committer.submit(RegisterPasskey(made_passkey(host, member_ids, answer)))
