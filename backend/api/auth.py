"""Who is calling: bearer keys, looked up by digest and remembered for a few seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security.http import HTTPBase

from backend.api.errors import Problem
from backend.core.errors import IdempotencyKeyInvalid, IdempotencyKeyMissing
from backend.ledger.group_commit import Claim
from backend.ledger.merchants import Caller, find_caller, key_digest
from backend.services.house import House

CACHE_MS: Final = 5_000
_CACHE_KEYS_MAX: Final = 10_000
IDEMPOTENCY_KEY_MAX: Final = 255


class KeyCache:
    """Callers by key digest; a revoked key is refused at the latest after CACHE_MS."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[str, tuple[Caller, int]] = {}

    async def caller(self, secret: str) -> Caller | None:
        digest = key_digest(secret)
        now_ms = self._house.now_ms()
        known = self._known.get(digest)
        if known is not None and known[1] > now_ms:
            return known[0]
        self._known.pop(digest, None)
        found = await self._house.ledger.run(lambda connection: find_caller(connection, secret))
        if found is not None:
            if len(self._known) >= _CACHE_KEYS_MAX:
                self._known.clear()
            self._known[digest] = (found, now_ms + CACHE_MS)
        return found


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request: the merchant behind it, and the parts to serve it with."""

    merchant_id: str
    house: House
    request: Request

    def optional_claim(self, fingerprint: str) -> Claim | None:
        """The claim of the Idempotency-Key header, if there is one.

        Raises IdempotencyKeyInvalid when it is not plain text.
        """
        key = self.request.headers.get("idempotency-key")
        if key is None:
            return None
        if not 1 <= len(key) <= IDEMPOTENCY_KEY_MAX or not (key.isascii() and key.isprintable()):
            raise IdempotencyKeyInvalid(
                f"An Idempotency-Key is 1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters."
            )
        return Claim(self.merchant_id, key, self.house.vault.fingerprint(fingerprint))

    def required_claim(self, fingerprint: str) -> Claim:
        """The claim; raises IdempotencyKeyMissing where points could move without one."""
        claim = self.optional_claim(fingerprint)
        if claim is None:
            raise IdempotencyKeyMissing("Send an Idempotency-Key header with every such request.")
        return claim


class _ApiKey(HTTPBase):
    """One dependency for the scheme in OpenAPI and the check itself: the till waits for it."""

    # The base class answers credentials; ours answers who they belong to.
    async def __call__(self, request: Request) -> Call:  # type: ignore[override]
        """The call; raises Problem 401 (`unauthorized`) without a live key."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        keys: KeyCache = request.app.state.keys
        if scheme.lower() == "bearer" and secret:
            caller = await keys.caller(secret.strip())
            if caller is not None:
                request.scope["mereau.caller"] = (caller.merchant_id, caller.key_id)
                return Call(caller.merchant_id, request.app.state.house, request)
        raise Problem(
            401,
            "unauthorized",
            "Send a live API key as 'Authorization: Bearer mk_…'.",
            {"WWW-Authenticate": "Bearer"},
        )


api_key = _ApiKey(
    scheme="bearer", scheme_name="ApiKey", description="A merchant's API key, `mk_…`."
)
Authenticated = Annotated[Call, Depends(api_key)]
