"""Strict JSON bodies: no duplicate member, no NaN, no lone surrogate, nothing but JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from backend.api.errors import Problem


def parse_strictly(body: bytes) -> Any:
    """The document; raises Problem (400 invalid_json) where two readers could disagree about it."""
    try:
        document = json.loads(
            body.decode(), object_pairs_hook=_unique_members, parse_constant=_refuse_constant
        )
        if b"\\u" in body:
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as refusal:
        reason = str(refusal) if isinstance(refusal, _Ambiguous) else "The body is not valid JSON."
        raise Problem(400, "invalid_json", reason) from None
    return document


class _Ambiguous(ValueError):
    """Legal to some parsers, read differently by others."""


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Ambiguous("An object names a member twice.")
    return members


def _refuse_constant(_name: str) -> None:
    raise _Ambiguous("NaN and Infinity are not JSON.")


class _StrictRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse_strictly(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route whose JSON body is parsed strictly and must be declared as JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        takes_body = self.body_field is not None

        async def strict_handler(request: Request) -> Response:
            if takes_body:
                require_json(request)
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict_handler


def require_json(request: Request) -> None:
    """Raises Problem (415 unsupported_media_type) when a body is sent as something else."""
    headers = request.headers
    media_type = headers.get("content-type", "")
    if media_type == "application/json":
        return
    sent = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if sent and media_type.partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "unsupported_media_type", "Send the body as application/json.")
