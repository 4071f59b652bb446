"""A member's statement of a period, to be kept: as PDF, or as CSV for a spreadsheet."""

from __future__ import annotations

import asyncio
import csv
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from typing import Final

from fastapi.responses import Response

from backend.core.identifiers import IdentifierKind
from backend.core.life_errors import PeriodInvalid
from backend.core.statements import Statement
from backend.services.find_member import read_member
from backend.services.identity import NAME
from backend.services.read_offers import read_member_now
from backend.services.read_statement import StatementRead, read_movements, read_statement
from backend.web.card import frame
from backend.web.card.frame import Visit
from backend.web.card.paper import Paper
from backend.web.card.pictures import grouped
from backend.web.card.words import Amounts, Movement, explorer_address, movement
from backend.web.kit.languages import Tongue, marked
from backend.web.kit.site import Site

TITLE: Final = marked("Statement of points")
PERIOD: Final = marked("From %(first)s to %(last)s")
MADE: Final = marked("Made on %(moment)s")
ON_CHAIN: Final = marked("On the chain: %(address)s")
NO_MOVEMENTS: Final = marked("There were no movements in this period.")
LINES: Final = (
    (marked("Opening balance"), "opening_points", 1),
    (marked("Points earned"), "earned_points", 1),
    (marked("Moved from another card"), "moved_points", 1),
    (marked("Corrected"), "adjusted_points", 1),
    (marked("Points used"), "redeemed_points", -1),
    (marked("Taken back after returns"), "taken_back_points", -1),
    (marked("Expired points"), "expired_points", -1),
    (marked("Closing balance"), "closing_points", 1),
)
COLUMNS: Final = (marked("Day"), marked("What and why"), marked("Points"), marked("Record"))
_ALWAYS: Final = frozenset({"opening_points", "closing_points"})
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Told:
    """All that a statement says."""

    visit: Visit
    first: date
    last: date
    read: StatementRead
    movements: list[Movement]
    amounts: Amounts
    name: str
    number: str


def install(site: Site) -> None:
    """Adds the download."""
    frame.get(site, "/card/statement", _download)


def default_period(tongue: Tongue, now_ms: int) -> tuple[date, date]:
    """The last three months, up to today."""
    today = tongue.moment(now_ms).date()
    return (today - timedelta(days=91)), today


async def _download(visit: Visit) -> Response:
    told = await _told(visit)
    name = f"{visit.page.say('statement')}-{told.first}-{told.last}"
    if visit.page.query("format") == "csv":
        # The mark at the start tells spreadsheets that the text is UTF-8.
        text = "\ufeff" + as_csv(told)
        return visit.page.answer(text, "text/csv; charset=utf-8", f"{name}.csv")
    # Setting type takes a good part of a second: no till waits for it.
    content = await asyncio.to_thread(as_pdf, told)
    return visit.page.answer(content, "application/pdf", f"{name}.pdf")


async def _told(visit: Visit) -> Told:
    page, card = visit.page, visit.card
    mine = (page.house, card.merchant_id, card.member_id)
    first, last = _day(page.query("from")), _day(page.query("to"))
    read = await read_statement(*mine, first, last)
    records = await read_movements(page.house, card.merchant_id, read)
    now = await read_member_now(*mine)
    identity = (await read_member(*mine)).identity
    numbers = identity.get(IdentifierKind.CARD.value, [])
    return Told(
        visit=visit,
        first=first,
        last=last,
        read=read,
        movements=[movement(page.tongue, each) for each in records],
        amounts=Amounts(page.tongue, now.unit, card.currency),
        name=str(identity.get(NAME, "")),
        number=grouped(str(numbers[0])) if numbers else "",
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PeriodInvalid("A period has a first day and a last day.") from None


def sums(told: Told) -> list[tuple[str, str]]:
    """The lines of the sum, without those of nothing."""
    statement: Statement = told.read.statement
    found = []
    for words, field, sign in LINES:
        points = sign * int(getattr(statement, field))
        if points or field in _ALWAYS:
            said = told.amounts.say(points) if field in _ALWAYS else told.amounts.signed(points)
            found.append((told.visit.page.say(words), said))
    return found


def as_pdf(told: Told) -> bytes:
    page, card = told.visit.page, told.visit.card
    tongue = page.tongue
    paper = Paper(page.say(TITLE), tongue.language)
    paper.heading(f"{card.program_name} · {card.merchant_name}", page.say(TITLE))
    paper.line(page.say(PERIOD, first=tongue.day(told.first), last=tongue.day(told.last)))
    if who := " · ".join(each for each in (told.name, told.number) if each):
        paper.line(who)
    paper.line(page.say(MADE, moment=tongue.time(page.house.now_ms(), "short")))
    address = explorer_address(card.address).rpartition("/")[2]
    paper.line(page.say(ON_CHAIN, address=address))
    paper.sums(sums(told))
    if told.movements:
        rows = [
            (
                tongue.day(each.recorded_at_ms),
                _why(told, each),
                _signed(told, each.points),
                each.chain,
            )
            for each in told.movements
        ]
        paper.table([page.say(each) for each in COLUMNS], rows)
    else:
        paper.line(page.say(NO_MOVEMENTS))
    return paper.finished()


def as_csv(told: Told) -> str:
    """A line a movement; numbers without separators, times in UTC."""
    out = StringIO()
    lines = csv.writer(out)
    lines.writerow(
        ["recorded_at", "operation_id", "what", "reasons", "points", "record", "tx_hash"]
    )
    utc = Tongue(told.visit.page.tongue.language)
    for each in told.movements:
        reasons = "; ".join(f"{points} {text}" for text, points in each.why)
        lines.writerow(
            [
                utc.moment(each.recorded_at_ms).isoformat(),
                each.operation_id,
                _inert(each.what),
                _inert(reasons),
                each.points,
                _inert(each.chain),
                each.tx_hash or "",
            ]
        )
    return out.getvalue()


def _inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _signed(told: Told, points: int) -> str:
    return told.amounts.signed(points)


def _why(told: Told, of: Movement) -> str:
    """What happened, and below it its reasons; with their points where there are several."""
    several = len(of.why) > 1
    parts = [f"{text} · {_signed(told, p)}" if several else text for text, p in of.why]
    return "\n".join([of.what, *parts])
