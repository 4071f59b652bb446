"""The trial balance at any block, and the liability over time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from fastapi.responses import Response

from backend.core.roles import Permission
from backend.services import read_books
from backend.web.books import frame
from backend.web.books.steps import step_chart
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

LINES: Final = {
    "issued": marked("Issued"),
    "restored": marked("Given back into the age they had"),
    "debited": marked("Taken: redeemed, returned or adjusted"),
    "redeemed": marked("of these, redeemed"),
    "returned": marked("of these, taken back with returns"),
    "adjusted": marked("of these, adjusted by hand"),
    "short": marked("Returns that found too few points"),
    "expired": marked("Expired"),
    "outstanding": marked("Outstanding"),
}
_BLOCK_MAX: Final = 2**53
_ROWS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """The points outstanding at the end of a stretch of time."""

    at_ms: int
    change_points: int
    outstanding_points: int


def install(site: Site) -> None:
    """Adds the pages."""
    site.get("/audit/p/{program_id}", _balance, Permission.BOOKS)
    site.get("/audit/p/{program_id}/liability", _liability, Permission.BOOKS)


async def _balance(page: Page) -> Response:
    given = page.query("block")
    block = int(given) if given.isdecimal() and int(given) < _BLOCK_MAX else None
    if page.here.contract_address is None:
        return await frame.render(page, "waiting.html")
    balance = await read_books.read_trial_balance(page.house, page.here, block)
    check = await read_books.read_check(page.house, page.here)
    newest = await read_books.newest_block(page.house)
    return await frame.render(
        page, "balance.html", balance=balance, names=LINES, check=check, newest=newest, asked=given
    )


async def _liability(page: Page) -> Response:
    changes = await read_books.read_supply_changes(page.house, page.here)
    moments = gathered(changes, _ROWS_MAX)
    points = [(each.at_ms, each.outstanding_points) for each in moments]
    chart = step_chart(points) if len(points) > 1 else None
    return await frame.render(page, "liability.html", moments=moments, chart=chart)


def gathered(changes: list[tuple[int, int]], rows_max: int) -> list[Moment]:
    """Changes of the supply (UTC second, points) put together into at most so many stretches of
    equal length: seconds, minutes, hours, days or longer."""
    if not changes:
        return []
    lengths_s = (1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 604_800, 2_419_200)
    first_s, last_s = changes[0][0], changes[-1][0]
    fitting = (each for each in lengths_s if (last_s - first_s) // each < rows_max)
    length_s = next(fitting, 1 + (last_s - first_s) // (rows_max - 1))
    moments: list[Moment] = []
    outstanding = 0
    for _, group in groupby(changes, key=lambda change: (change[0] - first_s) // length_s):
        stretch = list(group)
        change = sum(points for _, points in stretch)
        outstanding += change
        moments.append(Moment(stretch[-1][0] * 1000, change, outstanding))
    return moments
