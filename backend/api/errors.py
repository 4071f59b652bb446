"""Every refusal as an RFC 9457 problem with a stable `code`, never echoing what was sent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from backend.core.errors import (
    ChainSilent,
    Conflict,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    InvalidInput,
    MereauError,
    NotFound,
)
from backend.ledger.group_commit import LedgerOverloaded, LedgerUnavailable

log = logging.getLogger(__name__)

_STATUS_OF_FAMILY: tuple[tuple[type[MereauError], int], ...] = (
    (IdempotencyKeyMissing, 400),
    (IdempotencyKeyInvalid, 400),
    (InvalidInput, 422),
    (NotFound, 404),
    (Conflict, 409),
    (ChainSilent, 503),
)
_CODE_OF_STATUS = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}
_STATUS_OF_CODE = {code: status for status, code in _CODE_OF_STATUS.items()} | {
    "invalid_json": 400,
    "overloaded": 503,
    "ledger_unavailable": 503,
}


# How much of what is wrong is said: an answer is never longer for a longer request.
_MISTAKES_MAX = 20
_NAME_MAX = 64


class Problem(HTTPException):
    """A refusal that belongs to HTTP itself rather than to the core."""

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.code = code


def problem_body(status: int, code: str, detail: str, request_id: str, **members: object) -> bytes:
    """The JSON of a problem; `members` are extension members (RFC 9457 §3.2)."""
    document = {
        "type": f"urn:mereau:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id,
        **members,
    }
    return msgspec.json.encode(document)


def _respond(
    request: Request,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    request_id = request.scope.get("mereau.request_id", "")
    request.scope["mereau.code"] = code
    return Response(
        problem_body(status, code, detail, request_id, **members),
        status,
        headers,
        "application/problem+json",
    )


def _status_of(refusal: type[MereauError]) -> int:
    for family, status in _STATUS_OF_FAMILY:
        if issubclass(refusal, family):
            return status
    raise TypeError(f"{refusal.__name__} belongs to no family")


def status_of_code(code: str) -> int:
    """The status a code comes with; raises KeyError for a code that is never sent."""
    waiting: list[type[MereauError]] = [MereauError]
    while waiting:
        refusal = waiting.pop()
        if refusal.code == code:
            return _status_of(refusal)
        waiting += refusal.__subclasses__()
    return _STATUS_OF_CODE[code]


def _pointer(location: tuple[int | str, ...]) -> str:
    """Where in the request: a JSON pointer into the body, or the parameter's name."""
    if location and location[0] == "body":
        parts = [str(part)[:_NAME_MAX] for part in location[1:]]
        return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)
    return str(location[-1]) if location else ""


def install(app: FastAPI) -> None:
    """Registers the handlers; the last one is the net under a bug, not a way to answer."""

    @app.exception_handler(MereauError)
    async def on_refusal(request: Request, refusal: MereauError) -> Response:
        status = _status_of(type(refusal))
        return _respond(request, status, refusal.code, refusal.message, None, **refusal.facts)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, refusal: HTTPException) -> Response:
        known = _CODE_OF_STATUS.get(refusal.status_code, "refused")
        code = refusal.code if isinstance(refusal, Problem) else known
        return _respond(request, refusal.status_code, code, refusal.detail, refusal.headers)

    @app.exception_handler(RequestValidationError)
    async def on_validation(request: Request, refusal: RequestValidationError) -> Response:
        wrong = refusal.errors()[:_MISTAKES_MAX]
        errors = [{"pointer": _pointer(e["loc"]), "message": e["msg"]} for e in wrong]
        detail = "The request does not have the form this endpoint takes."
        return _respond(request, 422, "invalid_request", detail, None, errors=errors)

    @app.exception_handler(LedgerUnavailable)
    async def on_unavailable(request: Request, failure: LedgerUnavailable) -> Response:
        overloaded = isinstance(failure, LedgerOverloaded)
        code = "overloaded" if overloaded else "ledger_unavailable"
        detail = "Nothing is known to be written. Repeat it with the same Idempotency-Key."
        return _respond(request, 503, code, detail, {"Retry-After": "1"})

    @app.exception_handler(Exception)
    async def on_bug(request: Request, failure: Exception) -> Response:
        log.error("unexpected failure in %s", request.method, exc_info=failure)
        return _respond(request, 500, "internal_error", "A failure on our side; it is logged.")
