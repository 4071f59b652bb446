"""Is it alive, is it ready, how is it doing: for supervisors and Prometheus, without a key."""

from __future__ import annotations

from typing import Final, Literal

from fastapi import APIRouter, Request, Response

from backend.api.fields import Answered, to_rfc3339
from backend.api.metrics import Metrics
from backend.ledger import mirror, verdicts
from backend.ledger.group_commit import LedgerUnavailable
from backend.ledger.verdicts import Standing
from backend.services.house import House

health = APIRouter(tags=["health"])


_RECONCILIATION: Final[dict[bool | None, Literal["agrees", "differs", "unknown"]]] = {
    True: "agrees",
    False: "differs",
    None: "unknown",
}


class Alive(Answered):
    status: Literal["alive"] = "alive"


class Readiness(Answered):
    """Purchases are accepted while the ledger is ready; the rest says how far the chain is."""

    status: Literal["ready", "unavailable"]
    ledger: Literal["ready", "unavailable"]
    mirror: Literal["following", "halted", "unavailable"]
    mirror_block: int | None
    mirror_halted_reason: str | None
    reconciliation: Literal["agrees", "differs", "unknown"]
    reconciled_at: str | None
    differing_programs: list[str]


@health.get("/healthz", summary="Whether the process answers")
async def healthz() -> Alive:
    return Alive()


@health.get(
    "/readyz",
    summary="Whether purchases are accepted",
    responses={503: {"model": Readiness, "description": "The ledger does not answer."}},
)
async def readyz(request: Request, response: Response) -> Readiness:
    """A halted mirror or a difference is shown but does not make the till stop."""
    house: House = request.app.state.house
    ledger_ready = True
    standing = Standing(None, [])
    cursor = None
    try:
        standing = await house.ledger.run(verdicts.standing)
    except LedgerUnavailable:
        ledger_ready = False
    try:
        cursor = await house.mirror.run(mirror.cursor)
    except LedgerUnavailable:
        cursor = None
    response.status_code = 200 if ledger_ready else 503
    ready: Literal["ready", "unavailable"] = "ready" if ledger_ready else "unavailable"
    return Readiness(
        status=ready,
        ledger=ready,
        mirror=_mirror_state(cursor),
        mirror_block=cursor.block_number if cursor else None,
        mirror_halted_reason=cursor.halted_reason if cursor else None,
        reconciliation=_RECONCILIATION[standing.reconciled],
        reconciled_at=to_rfc3339(standing.checked_at_ms) if standing.checked_at_ms else None,
        differing_programs=standing.differing_programs,
    )


@health.get("/metrics", response_class=Response, summary="Prometheus metrics")
async def metrics(request: Request) -> Response:
    counted: Metrics = request.app.state.metrics
    return Response(await counted.render(), media_type="text/plain; version=0.0.4")


def _mirror_state(
    cursor: mirror.MirrorCursor | None,
) -> Literal["following", "halted", "unavailable"]:
    if cursor is None:
        return "unavailable"
    return "halted" if cursor.halted_reason else "following"
