"""The HTTP application: routers, error handlers and the envelope around them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from backend import __version__
from backend.api import errors, express, reference
from backend.api.auth import KeyCache
from backend.api.documented import without_defaults
from backend.api.limits import Envelope
from backend.api.metrics import Metrics
from backend.api.routes.adjustments import adjustments
from backend.api.routes.badges import badge_types, badges
from backend.api.routes.claims import claims
from backend.api.routes.coalitions import coalitions
from backend.api.routes.consent import consent
from backend.api.routes.engagement import engagement, referrals
from backend.api.routes.events import events
from backend.api.routes.grants import grants
from backend.api.routes.guests import guests
from backend.api.routes.health import health
from backend.api.routes.lives import lives
from backend.api.routes.members import members
from backend.api.routes.operations import operations
from backend.api.routes.payments import payments
from backend.api.routes.programs import programs
from backend.api.routes.purchases import purchases
from backend.api.routes.redemptions import redemptions
from backend.api.routes.returns import returns
from backend.api.routes.rewards import rewards
from backend.api.routes.rules import rules
from backend.api.routes.subscriptions import subscriptions
from backend.api.routes.tiers import tiers
from backend.api.routes.vouchers import vouchers
from backend.api.routes.webhooks import webhooks
from backend.services.house import House

DESCRIPTION = """Loyalty points as non-transferable tokens. A purchase mints points, a redemption
burns them; answers are durable when you read them and settle on chain within seconds.

Send `Authorization: Bearer mk_…` with every request and an `Idempotency-Key` with every request
that moves points: the same key and body give the same answer for ever."""


class Application(FastAPI):
    """FastAPI with a document that shows the refusals that are really sent."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = without_defaults(super().openapi())
        return self.openapi_schema


def create_app(house: House) -> FastAPI:
    """The application over a house; its lifespan starts and drains the group commit."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        house.committer.start()
        if house.requests is not None:
            house.requests.start()
        yield
        if house.requests is not None:
            await asyncio.to_thread(house.requests.stop)
        house.committer.stop()

    app = Application(
        title="Méreau",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.house = house
    app.state.keys = KeyCache(house)
    app.state.metrics = Metrics(house)
    errors.install(app)
    reference.install(app)
    app.add_middleware(Envelope, house=house, on_status=app.state.metrics.answered)
    spending = (payments, rewards, grants, claims, vouchers)
    tilling = (
        purchases, returns, redemptions, members, consent, badges, operations,
        programs,
    )  # fmt: skip
    earning = (rules, events, engagement, referrals)
    living = (lives, adjustments, guests, coalitions)
    status = (tiers, subscriptions)
    telling = (webhooks, badge_types, health)
    for router in (*tilling, *living, *earning, *spending, *status, *telling):
        app.include_router(router)
    express.install(app)
    return app
