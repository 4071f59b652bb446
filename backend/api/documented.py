"""What OpenAPI says of every endpoint alike: problems, and routes that check bodies strictly."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter

from backend.api.auth import IDEMPOTENCY_KEY_MAX
from backend.api.strict_json import StrictRoute

_TITLES: Final = {
    400: "The body is not JSON, or the Idempotency-Key is missing.",
    401: "No live API key.",
    404: "There is no such thing, or it is not yours.",
    409: "Refused by the state of things; nothing was written.",
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


def problems(*statuses: int, example_code: str | None = None) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that can refuse with these statuses."""
    return {status: _problem(status, example_code) for status in (401, *statuses)}


def _problem(status: int, example_code: str | None) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": _PROBLEM_SCHEMA}
    if example_code:
        content["example"] = {
            "type": f"urn:mereau:problem:{example_code}",
            "status": status,
            "code": example_code,
        }
    return {
        "description": _TITLES[status],
        "content": {"application/problem+json": content},
    }


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
