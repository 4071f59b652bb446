"""What OpenAPI says of every endpoint alike: problems, and routes that check bodies strictly."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import APIRouter

from backend.api.auth import IDEMPOTENCY_KEY_MAX
from backend.api.errors import problem_body, status_of_code
from backend.api.strict_json import StrictRoute

_MEANINGS: Final = {
    400: "The body is not one plain JSON document, or the Idempotency-Key is missing.",
    401: "No live API key.",
    404: "There is no such thing, or it is not yours.",
    409: "Refused by the state of things; nothing was written.",
    413: "The body is too large; nothing was written.",
    415: "The body is not said to be JSON; nothing was written.",
    422: "The request can never be right as it is; nothing was written.",
    503: "Nothing is known to be written; repeat with the same Idempotency-Key.",
}
_PROBLEM_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; program against it."},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
ANYWHERE: Final = ("unauthorized", "ledger_unavailable")
WITH_BODY: Final = (
    "invalid_json", "body_too_large", "unsupported_media_type", "invalid_request",
)  # fmt: skip
WITH_KEY: Final = ("idempotency_key_invalid", "idempotency_key_reused", "overloaded")
MOVING_POINTS: Final = ("idempotency_key_missing", *WITH_KEY)
INACTIVE_MEMBER: Final = ("member_deactivated", "member_closed", "member_merged")
NAMING_A_MEMBER: Final = (
    "unknown_program", "unknown_member", "identifier_invalid", "qr_invalid", "qr_expired",
    "card_blocked", *INACTIVE_MEMBER,
)  # fmt: skip
PROGRAM_RULES: Final = (
    "currency_unknown", "rule_invalid", "expiry_invalid", "timezone_unknown", "limit_invalid",
    "notice_invalid", "terms_invalid",
)  # fmt: skip
EARNING: Final = (
    "amount_out_of_range", "currency_unknown", "currency_mismatch", "receipt_id_invalid",
    "timestamp_invalid", "points_out_of_range", "basket_invalid",
)  # fmt: skip


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that can refuse with these codes, an example of each."""
    examples: dict[int | str, dict[str, Any]] = {}
    for code in (*ANYWHERE, *codes):
        status = status_of_code(code)
        examples.setdefault(status, {})[code] = {"value": _example(status, code)}
    return {status: _response(int(status), shown) for status, shown in sorted(examples.items())}


def _example(status: int, code: str) -> dict[str, Any]:
    request_id = "req_01kdvdna00gte2hdyrj1gk0zx7"
    shown: dict[str, Any] = json.loads(problem_body(status, code, _MEANINGS[status], request_id))
    return shown


def _response(status: int, examples: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": _PROBLEM_SCHEMA, "examples": examples}
    return {
        "description": _MEANINGS[status],
        "content": {"application/problem+json": content},
    }


def without_defaults(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document without the framework's own 422, which is never sent."""
    for item in document["paths"].values():
        for operation in item.values():
            refused = operation["responses"].get("422", {})
            if "application/json" in refused.get("content", {}):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document


def router(tag: str) -> APIRouter:
    """A v1 router whose routes parse bodies strictly."""
    return APIRouter(prefix="/v1", tags=[tag], route_class=StrictRoute)


def idempotent(*, required: bool) -> dict[str, Any]:
    """The `openapi_extra` of an endpoint that takes an Idempotency-Key."""
    return {
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": required,
                "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_MAX},
                "description": "Made by you, one per thing you want done; repeat it on a retry.",
                "example": "8f14e45f-ceea-467f-a8b3-6d4c1b0f7a11",
            }
        ]
    }
