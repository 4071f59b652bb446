"""Who is calling: bearer keys, looked up by digest and remembered for a few seconds."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from backend.api.errors import Problem
from backend.core.errors import IdempotencyKeyInvalid, IdempotencyKeyMissing
from backend.ledger.group_commit import Claim
from backend.ledger.merchants import Caller, find_caller, key_digest
from backend.services.house import House

CACHE_MS: Final = 5_000
_CACHE_KEYS_MAX: Final = 10_000
IDEMPOTENCY_KEY_MAX: Final = 255

bearer_scheme = HTTPBearer(auto_error=False, description="A merchant's API key, `mk_…`.")


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


def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house


async def authenticate(request: Request) -> Caller:
    """The caller; raises Problem 401 (`unauthorized`) without a live key."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    cache: KeyCache = request.app.state.keys
    if scheme.lower() == "bearer" and secret:
        caller = await cache.caller(secret.strip())
        if caller is not None:
            return caller
    raise Problem(
        401,
        "unauthorized",
        "Send a live API key as 'Authorization: Bearer mk_…'.",
        {"WWW-Authenticate": "Bearer"},
    )


AuthenticatedCaller = Annotated[Caller, Depends(authenticate)]
TheHouse = Annotated[House, Depends(house_of)]


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header; raises IdempotencyKeyInvalid when it is not plain text."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_MAX or not (key.isascii() and key.isprintable()):
        raise IdempotencyKeyInvalid(
            f"An Idempotency-Key is 1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters."
        )
    return key


def optional_claim(request: Request, caller: Caller, fingerprint: str) -> Claim | None:
    key = idempotency_key(request)
    return Claim(caller.merchant_id, key, fingerprint) if key else None


def required_claim(request: Request, caller: Caller, fingerprint: str) -> Claim:
    """The claim; raises IdempotencyKeyMissing where points could move without one."""
    claim = optional_claim(request, caller, fingerprint)
    if claim is None:
        raise IdempotencyKeyMissing("Send an Idempotency-Key header with every such request.")
    return claim
