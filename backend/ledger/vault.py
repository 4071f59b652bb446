"""The vault: the only place where personal data is written, always sealed.

Each member has a data key of their own, wrapped by the master key. Destroying the row that
holds the wrapped key makes everything sealed under it unreadable for ever, and with it the
secret that salts the member's receipt leaves.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.core.identifiers import Identifier
from backend.core.qr import MAC_BYTES

_NONCE_BYTES = 12
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SealedMember:
    """What the vault row of a new member holds, and the secret its leaves are salted with."""

    wrapped_key: bytes
    sealed_identity: bytes
    receipt_secret: bytes


class Vault:
    """Seals identities and digests identifiers under a 32-byte master key (NIST SP 800-38D)."""

    def __init__(self, master_key: bytes, entropy: Callable[[int], bytes]) -> None:
        if len(master_key) != _KEY_BYTES:
            raise ValueError("the vault's master key is 32 bytes")
        self._wrapping = AESGCM(_derive(master_key, b"mereau/vault/wrap"))
        self._index_key = _derive(master_key, b"mereau/vault/index")
        self._codes = AESGCM(_derive(master_key, b"mereau/vault/codes"))
        self._hooks = AESGCM(_derive(master_key, b"mereau/vault/webhooks"))
        self._notes = AESGCM(_derive(master_key, b"mereau/vault/notes"))
        self._entropy = entropy

    def digest(self, program_id: str, identifier: Identifier) -> str:
        """Keyed digest (hex) under which an identifier is found within its program."""
        message = f"{program_id}\x00{identifier.kind}\x00{identifier.value}".encode()
        return hmac.digest(self._index_key, message, "sha256").hex()

    def fingerprint(self, digest: str) -> str:
        """A keyed digest (hex) of a request's digest: requests name people that can be guessed."""
        return hmac.digest(self._index_key, f"request\x00{digest}".encode(), "sha256").hex()

    def seal(self, member_id: str, identity: Mapping[str, Any]) -> SealedMember:
        """Seals an identity under a new data key of its own."""
        data_key = self._entropy(_KEY_BYTES)
        return SealedMember(
            wrapped_key=self._encrypt(self._wrapping, data_key, member_id),
            sealed_identity=self._encrypt(
                AESGCM(data_key), json.dumps(dict(identity)).encode(), member_id
            ),
            receipt_secret=_receipt_secret(data_key),
        )

    def reseal(self, member_id: str, wrapped_key: bytes, identity: Mapping[str, Any]) -> bytes:
        """Seals a changed identity under the data key the member has."""
        cipher = AESGCM(self._data_key(member_id, wrapped_key))
        return self._encrypt(cipher, json.dumps(dict(identity)).encode(), member_id)

    def mac(self, message: bytes) -> bytes:
        """128 bits that only this vault can make of a message: what a QR code ends with."""
        return hmac.digest(self._index_key, b"qr\x00" + message, "sha256")[:MAC_BYTES]

    def open(self, member_id: str, wrapped_key: bytes, sealed_identity: bytes) -> dict[str, Any]:
        """The identity again; raises InvalidTag when the bytes are not that member's."""
        opened = self._decrypt(
            AESGCM(self._data_key(member_id, wrapped_key)), sealed_identity, member_id
        )
        identity: dict[str, Any] = json.loads(opened)
        return identity

    def seal_answer(self, member_id: str, wrapped_key: bytes, body: bytes) -> bytes:
        """Seals an answer that names the member, so that it can be given again."""
        cipher = AESGCM(self._data_key(member_id, wrapped_key))
        return self._encrypt(cipher, body, f"{member_id}\x00answer")

    def open_answer(self, member_id: str, wrapped_key: bytes, sealed: bytes) -> bytes:
        """The answer again; raises InvalidTag when the bytes are not one of that member's."""
        cipher = AESGCM(self._data_key(member_id, wrapped_key))
        return self._decrypt(cipher, sealed, f"{member_id}\x00answer")

    def seal_day(self, member_id: str, wrapped_key: bytes, day: str) -> bytes:
        """Seals a day of the member's year under their data key."""
        cipher = AESGCM(self._data_key(member_id, wrapped_key))
        return self._encrypt(cipher, day.encode(), f"{member_id}\x00day")

    def open_day(self, member_id: str, wrapped_key: bytes, sealed: bytes) -> str:
        """The day again; raises InvalidTag when the bytes are not one of that member's."""
        cipher = AESGCM(self._data_key(member_id, wrapped_key))
        return self._decrypt(cipher, sealed, f"{member_id}\x00day").decode()

    def day_digest(self, program_id: str, day: str) -> str:
        """Keyed digest (hex) under which a program's members with that day are found."""
        message = f"{program_id}\x00day\x00{day}".encode()
        return hmac.digest(self._index_key, message, "sha256").hex()

    def code_digest(self, code: str) -> str:
        """Keyed digest (hex) under which a voucher is found by its code."""
        return hmac.digest(self._index_key, f"voucher\x00{code}".encode(), "sha256").hex()

    def seal_code(self, voucher_id: str, code: str) -> bytes:
        """A voucher's code, for whoever may show it to its holder again."""
        return self._encrypt(self._codes, code.encode(), voucher_id)

    def open_code(self, voucher_id: str, sealed: bytes) -> str:
        """The code again; raises InvalidTag when the bytes are not that voucher's."""
        return self._decrypt(self._codes, sealed, voucher_id).decode()

    def seal_webhook_secret(self, endpoint_id: str, secret: str) -> bytes:
        """What a webhook's requests are signed with: we need it again at each of them."""
        return self._encrypt(self._hooks, secret.encode(), endpoint_id)

    def open_webhook_secret(self, endpoint_id: str, sealed: bytes) -> str:
        """The secret again; raises InvalidTag when the bytes are not that endpoint's."""
        return self._decrypt(self._hooks, sealed, endpoint_id).decode()

    def seal_secret_answer(self, key: str, body: bytes) -> bytes:
        """Seals an answer that has a code in it, so that it can be given again."""
        return self._encrypt(self._codes, body, f"{key}\x00answer")

    def open_secret_answer(self, key: str, sealed: bytes) -> bytes:
        """The answer again; raises InvalidTag when the bytes are not that key's."""
        return self._decrypt(self._codes, sealed, f"{key}\x00answer")

    def seal_note(self, note_id: str, plain: bytes) -> bytes:
        """Seals what is kept for a short while: a message on its way, what a code was asked for."""
        return self._encrypt(self._notes, plain, note_id)

    def open_note(self, note_id: str, sealed: bytes) -> bytes:
        """The note again; raises InvalidTag when the bytes are not that note's."""
        return self._decrypt(self._notes, sealed, note_id)

    def person_digest(self, identifier: Identifier) -> str:
        """Keyed digest (hex) of an address, whatever the program."""
        message = f"person\x00{identifier.kind}\x00{identifier.value}".encode()
        return hmac.digest(self._index_key, message, "sha256").hex()

    def one_time_digest(self, token_digest: str, digits: str) -> str:
        """Keyed digest (hex) of a one-time code: six digits alone could be guessed."""
        message = f"one-time\x00{token_digest}\x00{digits}".encode()
        return hmac.digest(self._index_key, message, "sha256").hex()

    def receipt_secret(self, member_id: str, wrapped_key: bytes) -> bytes:
        """The secret that salts the member's receipt leaves."""
        return _receipt_secret(self._data_key(member_id, wrapped_key))

    def _data_key(self, member_id: str, wrapped_key: bytes) -> bytes:
        return self._decrypt(self._wrapping, wrapped_key, member_id)

    def _encrypt(self, cipher: AESGCM, plain: bytes, bound_to: str) -> bytes:
        nonce = self._entropy(_NONCE_BYTES)
        return nonce + cipher.encrypt(nonce, plain, bound_to.encode())

    @staticmethod
    def _decrypt(cipher: AESGCM, sealed: bytes, bound_to: str) -> bytes:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode())


def _derive(master_key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose).derive(master_key)


def _receipt_secret(data_key: bytes) -> bytes:
    return hmac.digest(data_key, b"mereau/receipt-secret", "sha256")
