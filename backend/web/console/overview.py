"""The overview of a program: tiles, issued against redeemed, cohorts, what points cost."""

from __future__ import annotations

from datetime import date
from typing import Final

from fastapi.responses import Response

from backend.core.figures import Day, first_of_month
from backend.core.liability import MARGIN, MONEY, SETTING, SPEND
from backend.core.life_errors import PeriodInvalid
from backend.core.money import AMOUNT_MINOR_MAX
from backend.core.operations import POINTS_MAX
from backend.core.periods import NAMES, STEPS, Period
from backend.core.roles import Permission
from backend.ledger.figure_settings import Settings
from backend.services.read_figures import (
    find_period,
    read_cohorts,
    read_overview,
    read_series,
    require_owner,
    today_of,
)
from backend.services.set_point_cost import set_point_cost
from backend.web.console import frame
from backend.web.console.cohorts import cohort_map
from backend.web.console.tiles import tiles_of
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

PERIODS: Final = {
    "7d": marked("7 days"),
    "30d": marked("30 days"),
    "quarter": marked("3 months"),
    "year": marked("12 months"),
    "all": marked("All"),
    "custom": marked("From … to …"),
}
STEP_NAMES: Final = {
    "day": marked("By day"),
    "week": marked("By week"),
    "month": marked("By month"),
}
LINES: Final = (marked("Issued"), marked("Redeemed"), marked("First day"))
SOURCES: Final = {
    SETTING: marked("as you set it"),
    SPEND: marked("the rate of paying with points"),
    MONEY: marked("a point is a minor unit of the currency"),
    MARGIN: marked("the worth that the cap by margin assumes"),
}
NOT_A_PERIOD: Final = marked("These days are no period; the last 30 days are shown.")
SAVED: Final = marked("Saved.")
_DEFAULT: Final = "30d"


def install(site: Site) -> None:
    """Adds the pages."""
    root = "/console/p/{program_id}"
    site.get(root, _show, Permission.FIGURES)
    site.get(f"{root}/overview/series", _series, Permission.FIGURES)
    site.get(f"{root}/overview/cohorts", _cohorts, Permission.FIGURES)
    site.get(f"{root}/overview/cost", _show_cost, Permission.PROGRAM)
    site.post(f"{root}/overview/cost", _set_cost, Permission.PROGRAM)


async def _show(page: Page) -> Response:
    require_owner(page.here, page.merchant_id)
    period, wrong = await _period(page)
    overview = await read_overview(page.house, page.here, period)
    return await frame.render(
        page,
        "overview.html",
        period=period,
        periods=PERIODS,
        names=NAMES,
        wrong=wrong,
        overview=overview,
        tiles=tiles_of(page, overview),
        sources=SOURCES,
        query=_query(period),
        place=frame.place(page),
    )


async def _series(page: Page) -> Response:
    """The chart with its table, and its numbers as JSON for the script that draws it."""
    require_owner(page.here, page.merchant_id)
    period, _ = await _period(page)
    step = page.query("step")
    step = step if step in STEPS else period.step
    series = await read_series(page.house, page.here, period, step)
    if page.query("as") == "json":
        return page.json(
            {
                "days": [(day - date(1970, 1, 1)).days * 86_400 for day, _ in series],
                "issued": [sums.minted_points for _, sums in series],
                "redeemed": [sums.redeemed_points for _, sums in series],
                "labels": [page.say(each) for each in LINES],
                "language": page.tongue.language,
            }
        )
    total = Day()
    for _, sums in series:
        total.add(sums)
    return page.fragment(
        "console/overview_series.html",
        "series",
        series=series,
        total=total,
        step=step,
        steps=STEP_NAMES,
        query=_query(period),
        place=frame.place(page),
    )


async def _cohorts(page: Page) -> Response:
    require_owner(page.here, page.merchant_id)
    cohorts = await read_cohorts(page.house, page.here)
    today = today_of(page.house, page.here)
    shown = cohort_map(cohorts.cells, today)
    return page.fragment(
        "console/overview_cohorts.html",
        "cohorts",
        map=shown,
        month=lambda number: page.tongue.month(first_of_month(number)),
        share=page.tongue.whole_percent,
    )


async def _period(page: Page) -> tuple[Period, bool]:
    """The period of the address, and whether what stands there is none."""
    name = page.query("period", _DEFAULT)
    name = name if name in NAMES else _DEFAULT
    first, last = _day(page.query("from")), _day(page.query("to"))
    try:
        return await find_period(page.house, page.here, name, first, last), False
    except PeriodInvalid:
        return await find_period(page.house, page.here, _DEFAULT, None, None), True


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _query(period: Period) -> str:
    if period.name != "custom":
        return f"period={period.name}"
    return f"period=custom&from={period.first.isoformat()}&to={period.last.isoformat()}"


async def _show_cost(page: Page, status: int = 200) -> Response:
    require_owner(page.here, page.merchant_id)
    period = await find_period(page.house, page.here, _DEFAULT, None, None)
    overview = await read_overview(page.house, page.here, period)
    return await frame.render(
        page,
        "overview_cost.html",
        status,
        overview=overview,
        sources=SOURCES,
        place=frame.place(page),
        amount=lambda minor: page.tongue.typed_amount(minor, page.here.currency),
    )


async def _set_cost(page: Page) -> Response:
    require_owner(page.here, page.merchant_id)
    form, currency = page.form, page.here.currency
    cost_minor = points = used_bp = None
    if form.raw("cost"):
        cost_minor = form.amount_minor("cost", currency)
        points = form.integer("points", 1, POINTS_MAX, default=1)
        if not 0 <= cost_minor <= AMOUNT_MINOR_MAX:
            form.refuse("cost", page.say(marked("This amount is too large.")))
    if form.raw("used"):
        used_bp = form.integer("used", 0, 100) * 100
    if not form.ok:
        return await _show_cost(page, 422)
    said = Settings(points, cost_minor, used_bp)
    await set_point_cost(page.house, page.user, page.here.id, said)
    return page.redirect(frame.place(page), page.say(SAVED))
