"""Passkeys (WebAuthn Level 3): challenges that count once, and what browsers answer to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from webauthn import base64url_to_bytes

from backend.chain.program_calls import Passkey
from backend.core.control_errors import PasskeyRefused
from backend.ledger import member_keys
from backend.ledger.control_tables import PasskeyChallenge
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.member_keys import StoredPasskey
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House

Purpose = Literal["register", "sign_in"]
CHALLENGE_MS: Final = 5 * 60_000
# What is signed on chain has 32 bytes: a challenge of another length can never be such a digest,
# and pages take no other for signing in.
_CHALLENGE_BYTES: Final = 48
_ANSWER_BYTES_MAX: Final = 20_000
REFUSED: Final = "The passkey's answer cannot be taken; try again."


@dataclass(frozen=True, slots=True)
class Host:
    """Where a page was opened: passkeys are made for, and found at, its name alone."""

    name: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Remember:
    row: dict[str, str | int]

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        work.ask(lambda connection: member_keys.drop_old_challenges(connection, work.now_ms))
        work.stage(PasskeyChallenge, self.row)
        return Answer(201, b"")


async def new_challenge(house: House, purpose: Purpose, subject: str) -> bytes:
    """Random bytes that one answer for this purpose may be over, within five minutes."""
    challenge = house.entropy(_CHALLENGE_BYTES)
    row: dict[str, str | int] = {
        "challenge_sha256": member_keys.challenge_digest(challenge),
        "purpose": purpose,
        "subject": subject,
        "expires_at_ms": house.now_ms() + CHALLENGE_MS,
    }
    await house.committer.submit(_Remember(row))
    return challenge


def use_challenge(work: UnitOfWork, challenge: bytes, purpose: Purpose, subject: str) -> None:
    """Raises PasskeyRefused unless it is one of ours that nobody has answered yet."""
    digest = member_keys.challenge_digest(challenge)
    known = work.ask(
        lambda connection: member_keys.take_challenge(
            connection, digest, purpose, subject, work.now_ms
        )
    )
    if not known:
        raise PasskeyRefused("This took too long, or was sent twice; try again.")


def read_credential(text: str) -> dict[str, Any]:
    """The JSON of a PublicKeyCredential; raises PasskeyRefused for what is none."""
    try:
        found = msgspec.json.decode(text[:_ANSWER_BYTES_MAX], type=dict[str, Any])
    except (msgspec.DecodeError, ValueError) as failure:
        raise PasskeyRefused(REFUSED) from failure
    if not isinstance(found.get("response"), dict) or not isinstance(found.get("id"), str):
        raise PasskeyRefused(REFUSED)
    return found


def challenge_in(credential: dict[str, Any]) -> bytes:
    """The challenge that the browser says it answered; raises PasskeyRefused."""
    try:
        client_data = base64url_to_bytes(credential["response"]["clientDataJSON"])
        said = msgspec.json.decode(client_data, type=dict[str, Any])
        return base64url_to_bytes(said["challenge"])
    except (KeyError, TypeError, AttributeError, ValueError) as failure:
        raise PasskeyRefused(REFUSED) from failure


def assertion_of(credential: dict[str, Any], stored: StoredPasskey) -> Passkey:
    """A passkey's signature over typed data, as the contract takes it; raises PasskeyRefused."""
    said = credential["response"]
    try:
        r, s = decode_dss_signature(base64url_to_bytes(said["signature"]))
        return Passkey(
            x=int(stored.public_x, 16),
            y=int(stored.public_y, 16),
            r=r,
            s=s,
            authenticator_data=base64url_to_bytes(said["authenticatorData"]),
            client_data_json=base64url_to_bytes(said["clientDataJSON"]).decode(),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as failure:
        raise PasskeyRefused(REFUSED) from failure
