"""The node for browsers: JSON-RPC that can only read, at /rpc.

The embedded node answers everybody and can be told to rewrite its state, so no browser may reach
it. Here only what rpc_methods allows goes through, from pages of this origin, in bounded amounts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
from fastapi import Request
from fastapi.responses import Response

from backend.chain.port import ChainUnavailable
from backend.chain.relay import AnswerTooLarge, Relay
from backend.web.kit.origin import same_origin
from backend.web.rate import Rate
from backend.web.rpc_methods import NotAllowed, checked

BODY_BYTES_MAX: Final = 32 * 1024
BATCH_MAX: Final = 20
AT_ONCE: Final = 6
"""Questions at the node at any time: settling must not wait behind browsers."""
_WAIT_SECONDS: Final = 10.0

_INVALID, _NOT_ALLOWED, _LIMITED, _FAILED = -32600, -32601, -32005, -32603


class _Reply(msgspec.Struct):
    id: int
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_replies = msgspec.json.Decoder(list[_Reply])


class RpcProxy:
    """Answers POST /rpc; `open_relay` is called when the node is first asked."""

    def __init__(self, open_relay: Callable[[], Relay], rate: Rate) -> None:
        self._open_relay = open_relay
        self._rate = rate
        self._relay: Relay | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def answer(self, request: Request) -> Response:
        if problem := _foreign(request):
            return problem
        body = await request.body()
        if len(body) > BODY_BYTES_MAX:
            return _whole(413, _INVALID, f"a request has at most {BODY_BYTES_MAX} bytes")
        try:
            document = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _whole(400, -32700, "not JSON")
        batch = document if isinstance(document, list) else [document]
        if not 1 <= len(batch) <= BATCH_MAX:
            return _whole(400, _INVALID, f"a batch has 1 to {BATCH_MAX} requests")
        caller = request.client.host if request.client else ""
        if not self._rate.take(caller, len(batch)):
            return _whole(429, _LIMITED, "too many questions; wait a second", {"Retry-After": "1"})
        answers = await self._answers(batch)
        return _json(200, answers if isinstance(document, list) else answers[0])

    async def _answers(self, batch: list[Any]) -> list[dict[str, Any]]:
        answers: list[dict[str, Any] | None] = []
        asked: list[dict[str, Any]] = []
        for place, each in enumerate(batch):
            try:
                asked.append(_question(each, place))
                answers.append(None)
            except NotAllowed as refusal:
                answers.append(_error(_id_of(each), _NOT_ALLOWED, str(refusal)))
        found = await self._ask(asked) if asked else {}
        return [
            answer or {"jsonrpc": "2.0", "id": _id_of(batch[place]), **found[place]}
            for place, answer in enumerate(answers)
        ]

    async def _ask(self, asked: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
        """What the node answers to each place; an error where it does not."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            return _all(asked, _LIMITED, "the node is busy; ask again")
        try:
            raw = await asyncio.to_thread(self._send, msgspec.json.encode(asked))
            replies = _replies.decode(raw)
        except AnswerTooLarge:
            return _all(asked, _LIMITED, "the answer is too long; ask for a smaller range")
        except (ChainUnavailable, msgspec.DecodeError, UnicodeDecodeError):
            return _all(asked, _FAILED, "the node does not answer")
        finally:
            self._turns.release()
        found = _all(asked, _FAILED, "the node does not answer")
        for reply in replies:
            if reply.result is not msgspec.UNSET:
                found[reply.id] = {"result": reply.result}
            elif reply.error is not msgspec.UNSET:
                found[reply.id] = {"error": reply.error}
        return found

    def _send(self, body: bytes) -> bytes:
        if self._relay is None:
            self._relay = self._open_relay()
        return self._relay.ask(body)


def _foreign(request: Request) -> Response | None:
    """A refusal for pages of other origins, and for forms, which need no permission to be sent."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return _whole(415, _INVALID, "the content type is application/json")
    if not same_origin(request):
        return _whole(403, _NOT_ALLOWED, "pages of this origin only")
    return None


def _question(request: Any, place: int) -> dict[str, Any]:
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        raise NotAllowed("not a request")
    params = checked(request["method"], request.get("params", []))
    return {"jsonrpc": "2.0", "id": place, "method": request["method"], "params": params}


def _id_of(request: Any) -> Any:
    given = request.get("id") if isinstance(request, dict) else None
    short = isinstance(given, str) and len(given) <= 64
    return given if short or (isinstance(given, int) and not isinstance(given, bool)) else None


def _all(asked: list[dict[str, Any]], code: int, message: str) -> dict[int, dict[str, Any]]:
    return {each["id"]: {"error": {"code": code, "message": message}} for each in asked}


def _error(request_id: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


def _whole(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return _json(status, _error(None, code, message), headers)


def _json(status: int, document: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(document), status, headers, "application/json")
