"""The outermost layer: a request id for every answer, a cap on bodies, headers for browsers."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.errors import Problem
from backend.services.house import House

BODY_BYTES_MAX = 64 * 1024


class Envelope:
    """ASGI middleware; plain functions, because it runs around every request at the till."""

    def __init__(self, app: ASGIApp, house: House, on_status: Callable[[int], None]) -> None:
        self._app = app
        self._new_id = house.new_id
        self._now_ms = house.now_ms
        self._record = None if house.requests is None else house.requests.record
        self._on_status = on_status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._new_id("req")
        scope["mereau.request_id"] = request_id
        begun_ms = self._now_ms() if self._record else 0
        received_bytes = status = 0

        async def limited_receive() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > BODY_BYTES_MAX:
                raise Problem(413, "body_too_large", f"A body has at most {BODY_BYTES_MAX} bytes.")
            return message

        async def marked_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._on_status(status)
                given = message["headers"]
                message["headers"] = [
                    *given,
                    (b"request-id", request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
                # Pages say for themselves how long they keep; nothing else is kept.
                if not any(name == b"cache-control" for name, _ in given):
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        try:
            await self._app(scope, limited_receive, marked_send)
        finally:
            # Only calls with a merchant's key: pages and passers-by are none of theirs.
            if self._record and "mereau.caller" in scope:
                caller, code = scope["mereau.caller"], scope.get("mereau.code")
                asked = scope["method"], _template(scope)
                self._record(request_id, caller, begun_ms, *asked, status or 500, code)


def _template(scope: Scope) -> str:
    """The route without what fills it in: a path may have an id, and a query a person, in it."""
    route = scope.get("route")
    path: str = getattr(route, "path", "")
    return path or scope["path"]
