"""Roles, limits, terms, pauses and the closing: who could do what, and since when."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.chain.governance import Change
from backend.core.errors import ChainSilent
from backend.core.roles import Permission
from backend.services import read_books
from backend.services.read_program import standings_of
from backend.web.books import frame
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

SENTENCES: Final = {
    "OperatorAdded": marked("%(operator)s was named operator"),
    "OperatorActive": marked("%(operator)s may settle from %(active_from)s on"),
    "OperatorRemoved": marked("%(operator)s is no operator any more"),
    "GuardianNamed": marked("%(next)s was named guardian, from %(active_from)s on"),
    "GuardianChanged": marked("The guardian is %(current)s, after %(previous)s"),
    "AdminTransferStarted": marked("The admin offered its role to %(pending)s"),
    "AdminChanged": marked("The admin is %(current)s, after %(previous)s"),
    "ProgramPaused": marked("%(account)s stopped minting"),
    "ProgramUnpaused": marked("%(account)s let minting go on"),
    "LimitsChanged": marked(
        "Limits: supply %(supply_cap)s, mints per day %(mint_per_day)s,"
        " debits per day %(debit_per_day)s"
    ),
    "LimitsAnnounced": marked(
        "Limits from %(effective_at)s on: supply %(supply_cap)s, mints per day %(mint_per_day)s,"
        " debits per day %(debit_per_day)s"
    ),
    "TermsAnnounced": marked("Terms %(terms_hash)s (%(uri)s), from %(effective_at)s on"),
    "ClosingAnnounced": marked(
        "The program closes; points can be redeemed until %(redemption_until)s"
    ),
}
PAUSED: Final = marked("Minting is stopped")
RESUMED: Final = marked("Minting goes on")
NO_LIMIT: Final = marked("no limit")
_MOMENTS: Final = frozenset({"active_from", "effective_at", "redemption_until"})
_LIMITS: Final = {"supply_cap": 2**64 - 1, "mint_per_day": 2**48 - 1, "debit_per_day": 2**48 - 1}
_LAST_S: Final = 253_402_300_799
"""The last second of the year 9999: later than any program lasts."""


def install(site: Site) -> None:
    """Adds the page."""
    site.get("/audit/p/{program_id}/changes", _changes, Permission.BOOKS)


async def _changes(page: Page) -> Response:
    standings = await standings_of(page.house, [page.here.id])
    seen = standings.get(page.here.id)
    try:
        changes = await read_books.read_changes(page.house, page.here)
        numbers = {change.block_number for change in changes}
        times = await read_books.read_times(page.house, numbers)
    except ChainSilent:
        changes, times = None, {}
    said = [
        (change, _said(page, change), times.get(change.block_number)) for change in changes or ()
    ]
    return await frame.render(
        page,
        "changes.html",
        silent=changes is None,
        changes=said,
        standing=seen.standing if seen else None,
        limit=lambda name, value: _limit(page, name, value),
    )


def _said(page: Page, change: Change) -> str:
    if change.name == "MintPauseSet":
        return page.say(PAUSED if change.values["paused"] else RESUMED)
    values = {name: _value(page, name, value) for name, value in change.values.items()}
    return page.say(SENTENCES[change.name], **values)


def _value(page: Page, name: str, value: object) -> str:
    if name in _MOMENTS and isinstance(value, int):
        if value > _LAST_S:
            return str(value)
        return page.tongue.time(value * 1000)
    return _limit(page, name, value) if isinstance(value, int) else str(value)


def _limit(page: Page, name: str, value: int) -> str:
    return (
        page.say(NO_LIMIT) if value >= _LIMITS.get(name, value + 1) else page.tongue.number(value)
    )
