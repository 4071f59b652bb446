"""The till's hottest requests, without the framework's dependency solver.

FastAPI resolves dependencies and parameters anew for every request, which costs more than the
purchase itself (bench/intake_bench.py). These routes take one JSON body and the caller, so the
same endpoint functions can be called by hand, with the same models, checks and refusals in the
same order. The routes they stand before stay registered: they are what OpenAPI describes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from backend.api.auth import Call, api_key
from backend.api.requests import PurchaseIn, RedemptionIn
from backend.api.routes.purchases import accept_purchase
from backend.api.routes.redemptions import hold_points
from backend.api.strict_json import parse_strictly, require_json

Endpoint = Callable[[Any, Call], Awaitable[Response]]

_NOTHING = object()
_NO_BODY = {"type": "missing", "loc": ("body",), "msg": "Field required", "input": None}


class ExpressRoute(BaseRoute):
    """POST to one fixed path: a body of type `model`, an authenticated caller, nothing else."""

    def __init__(self, path: str, model: type[BaseModel], endpoint: Endpoint) -> None:
        self._path = path
        self._body = TypeAdapter(model)
        self._endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Everything but a POST to exactly this path is left to the routes behind."""
        if (
            scope["type"] == "http"
            and scope["path"] == self._path
            and scope["method"] == "POST"
            and not scope.get("root_path")
        ):
            return Match.FULL, {}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        require_json(request)
        content = await request.body()
        document = parse_strictly(content) if content else _NOTHING
        call = await api_key(request)
        response = await self._endpoint(self._validated(document), call)
        await response(scope, receive, send)

    def _validated(self, document: object) -> BaseModel:
        if document is _NOTHING:
            raise RequestValidationError([_NO_BODY])
        try:
            body: BaseModel = self._body.validate_python(document, from_attributes=True)
        except ValidationError as wrong:
            errors = wrong.errors(include_url=False)
            located = [{**error, "loc": ("body", *error["loc"])} for error in errors]
            raise RequestValidationError(located) from None
        return body


def install(app: FastAPI) -> None:
    """Puts the express routes before everything else the application has."""
    app.router.routes[:0] = [
        ExpressRoute("/v1/purchases", PurchaseIn, accept_purchase),
        ExpressRoute("/v1/redemptions", RedemptionIn, hold_points),
    ]
