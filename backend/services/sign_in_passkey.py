"""Sign a member in by a passkey that the browser finds by itself: no name is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from webauthn import generate_authentication_options, options_to_json
from webauthn import verify_authentication_response as verify
from webauthn.helpers import encode_cbor
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import UserVerificationRequirement

from backend.core.control_errors import PasskeyRefused
from backend.ledger import member_keys
from backend.ledger.control_tables import PasskeyRecord
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.member_keys import StoredPasskey
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


@dataclass(frozen=True, slots=True)
class _Use:
    """Uses the challenge up and notes the authenticator's counter."""

    passkey: StoredPasskey
    challenge: bytes
    sign_count: int

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        use_challenge(work, self.challenge, "sign_in", "")
        used = {"sign_count": self.sign_count, "used_at_ms": work.now_ms}
        work.stage_update(PasskeyRecord, {"id": self.passkey.id, **used})
        return Answer(200, b"")


async def sign_in_options(house: House, host: Host) -> dict[str, Any]:
    """What `navigator.credentials.get` takes: any passkey that the device has for this host."""
    options = generate_authentication_options(
        rp_id=host.name,
        challenge=await new_challenge(house, "sign_in", ""),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    document: dict[str, Any] = msgspec.json.decode(options_to_json(options))
    return document


async def members_of_passkey(house: House, host: Host, answer: str) -> list[str]:
    """The members of whoever answered; raises PasskeyRefused, and says the same whatever is
    wrong."""
    credential = read_credential(answer)
    challenge = challenge_in(credential)
    stored = await house.ledger.run(
        lambda connection: member_keys.passkey_by_credential(connection, credential["id"])
    )
    if stored is None:
        raise PasskeyRefused(REFUSED)
    try:
        verified = verify(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=host.name,
            expected_origin=list(host.origins),
            credential_public_key=_cose(stored),
            credential_current_sign_count=stored.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as failure:
        raise PasskeyRefused(REFUSED) from failure
    await house.committer.submit(_Use(stored, challenge, verified.new_sign_count))
    return await house.ledger.run(
        lambda connection: member_keys.members_of_passkey(connection, stored.id)
    )


def _cose(stored: StoredPasskey) -> bytes:
    """The public key as COSE (RFC 9053 §2.1, §7.1.1): EC2, ES256, P-256, x, y."""
    x, y = bytes.fromhex(stored.public_x[2:]), bytes.fromhex(stored.public_y[2:])
    return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
