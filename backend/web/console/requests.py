"""The log of a merchant's API calls: filtered, looked up by request id, one in detail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from fastapi.responses import Response
from sqlalchemy import Connection

from backend.core.ids import is_id
from backend.core.people_errors import UnknownRequest
from backend.core.roles import Permission
from backend.ledger.merchants import KeyRecord, keys_of
from backend.ledger.request_log import (
    STATUS_CLASSES,
    RequestRecord,
    dropped_since,
    request_of,
    requests_of,
)
from backend.web.console import frame
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

LINES: Final = 50
_DAYS: Final = 7


STATUSES: Final = {
    "2": marked("answered (2xx)"),
    "4": marked("refused (4xx)"),
    "5": marked("failed (5xx)"),
}


def install(site: Site) -> None:
    """Adds the pages."""
    site.get("/console/requests", _show, Permission.INTEGRATE)
    site.get("/console/requests/{request_id}", _show_one, Permission.INTEGRATE)


async def _show(page: Page) -> Response:
    wanted = page.query("id").strip()
    if wanted and is_id("req", wanted):
        return page.redirect(f"/console/requests/{wanted}")
    chosen = {name: page.query(name).strip() for name in ("status", "code", "key")}
    today = datetime.fromtimestamp(page.house.now_ms() // 1000, UTC).toordinal()

    def read(connection: Connection) -> tuple[list[RequestRecord], int, list[KeyRecord]]:
        found = requests_of(
            connection,
            page.merchant_id,
            LINES + 1,
            before=page.query("before"),
            status=chosen["status"],
            code=chosen["code"],
            key_id=chosen["key"],
        )
        dropped = dropped_since(connection, today - _DAYS)
        return found, dropped, keys_of(connection, page.merchant_id)

    found, dropped, keys = await page.house.ledger.run_aside(read)
    more = ""
    if len(found) > LINES:
        more = "?" + urlencode({**chosen, "before": found[LINES - 1].id})
    return await frame.render(
        page,
        "requests.html",
        requests=found[:LINES],
        more=more,
        dropped=dropped,
        keys={each.id: each for each in keys},
        chosen=chosen,
        statuses=[("", page.say(marked("all")))]
        + [(each, page.say(STATUSES[each])) for each in STATUS_CLASSES],
        unknown=bool(wanted),
        logged=page.house.requests is not None,
    )


async def _show_one(page: Page) -> Response:
    def read(connection: Connection) -> tuple[RequestRecord | None, list[KeyRecord]]:
        found = request_of(connection, page.merchant_id, page.path("request_id"))
        return found, keys_of(connection, page.merchant_id)

    found, keys = await page.house.ledger.run_aside(read)
    if found is None:
        raise UnknownRequest("There is no such call in the log.")
    key = next((each for each in keys if each.id == found.key_id), None)
    return await frame.render(page, "request.html", request=found, key=key)
