"""The overview's tiles: figures with their names, and how they compare with the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from backend.services.read_figures import Overview, Sums
from backend.web.kit.languages import marked
from backend.web.kit.page import Page

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Tile:
    """`change` compares with the period before; `tone` is good, bad or empty."""

    label: str
    value: str
    change: str = ""
    tone: str = ""
    hint: str = ""


def tiles_of(page: Page, overview: Overview) -> dict[str, list[Tile]]:
    """The tiles, those of the period and those of now."""
    return {"period": _of_period(page, overview), "now": _of_now(page, overview)}


def _of_period(page: Page, overview: Overview) -> list[Tile]:
    now, before, tongue = overview.now, overview.before, page.tongue
    currency = page.here.currency

    def then(pick: Callable[[Sums], Found]) -> Found | None:
        return None if before is None else pick(before)

    def counted(label: str, value: int, past: int | None) -> Tile:
        return Tile(label, tongue.number(value), *_change(page, value, past))

    basket, basket_then = _basket(now), _basket(before)
    visits = _visits(now)
    sales = Tile(
        page.say(marked("Sales to members")),
        tongue.money(now.day.amount_minor, currency),
        *_change(page, now.day.amount_minor, then(lambda sums: sums.day.amount_minor)),
    )
    if now.day.refunded_minor:
        returned = tongue.money(now.day.refunded_minor, currency)
        hint = page.say(marked("of which %(amount)s returned"), amount=returned)
        sales = Tile(sales.label, sales.value, sales.change, sales.tone, hint)
    rate = tongue.percent(now.day.redeemed_points, now.day.minted_points)
    return [
        counted(page.say(marked("Active members")), now.active, then(lambda sums: sums.active)),
        counted(page.say(marked("New members")), now.joined, then(lambda sums: sums.joined)),
        counted(
            page.say(marked("Purchases")), now.day.purchases, then(lambda sums: sums.day.purchases)
        ),
        sales,
        Tile(
            page.say(marked("Average basket")),
            "–" if basket is None else tongue.money(basket, currency),
            *_change(page, basket or 0, basket_then),
        ),
        Tile(
            page.say(marked("Purchases per active member")),
            "–" if visits is None else tongue.number(visits),
            *_change_of_ratio(page, visits, then(_visits)),
        ),
        counted(
            page.say(marked("Points issued")),
            now.day.minted_points,
            then(lambda sums: sums.day.minted_points),
        ),
        counted(
            page.say(marked("Points redeemed")),
            now.day.redeemed_points,
            then(lambda sums: sums.day.redeemed_points),
        ),
        Tile(
            page.say(marked("Redemption rate")),
            rate,
            hint=page.say(marked("points redeemed per point issued")),
        ),
    ]


def _of_now(page: Page, overview: Overview) -> list[Tile]:
    standing, tongue = overview.standing, page.tongue
    owed = standing.liability
    tiles = [
        Tile(page.say(marked("Members")), tongue.number(standing.members)),
        Tile(page.say(marked("Points outstanding")), tongue.number(standing.outstanding_points)),
    ]
    if owed is not None:
        shown = owed.full_minor if owed.expected_minor is None else owed.expected_minor
        tiles.append(
            Tile(
                page.say(marked("Liability")),
                tongue.money(shown, page.here.currency),
                hint=_of_liability(page, owed.used_bp),
            )
        )
    waiting = page.tongue.say_many(
        "%(num)s operation in no batch yet", "%(num)s operations in no batch yet", standing.waiting
    )
    parked = page.tongue.say_many(
        "%(num)s refused by the chain", "%(num)s refused by the chain", standing.parked
    )
    tiles.append(
        Tile(
            page.say(marked("Pending settlement")),
            page.tongue.say_many("%(num)s point", "%(num)s points", abs(standing.in_flight_points)),
            parked if standing.parked else "",
            "bad" if standing.parked else "",
            waiting,
        )
    )
    if standing.lag_ms is None:
        tiles.append(Tile(page.say(marked("Chain")), page.say(marked("not connected"))))
    else:
        late = standing.lag_ms > 60_000
        tiles.append(
            Tile(
                page.say(marked("Chain lag")),
                page.say(marked("%(seconds)s s"), seconds=tongue.number(standing.lag_ms // 1000)),
                tone="bad" if late else "",
                change=page.say(marked("behind")) if late else "",
                hint=page.say(
                    marked("block %(number)s"), number=tongue.number(standing.block_number or 0)
                ),
            )
        )
    return tiles


def _of_liability(page: Page, used_bp: int | None) -> str:
    if used_bp is None:
        return page.say(marked("if every point outstanding is used"))
    share = page.tongue.percent(used_bp, 10_000)
    return page.say(marked("if %(share)s of them are used, as you expect"), share=share)


def _change(page: Page, now: int, before: int | None) -> tuple[str, str]:
    """How much more or less than before, in percent, and whether that is good."""
    if not before:
        return "", ""
    percent = Decimal(100 * (now - before)) / Decimal(before)
    return _signed(page, percent)


def _change_of_ratio(page: Page, now: Decimal | None, before: Decimal | None) -> tuple[str, str]:
    if not now or not before:
        return "", ""
    return _signed(page, 100 * (now - before) / before)


def _signed(page: Page, percent: Decimal) -> tuple[str, str]:
    shown = percent.quantize(Decimal("0.1"), ROUND_HALF_UP)
    if not shown:
        return page.say(marked("as before")), ""
    up = shown > 0
    said = page.say(
        marked("%(sign)s%(percent)s %%"),
        sign="+" if up else "−",
        percent=page.tongue.number(abs(shown)),
    )
    return said, "good" if up else "bad"


def _basket(sums: Sums | None) -> int | None:
    """The average amount of a purchase, rounded to the nearest minor unit."""
    if sums is None or not sums.day.purchases:
        return None
    return (2 * sums.day.amount_minor + sums.day.purchases) // (2 * sums.day.purchases)


def _visits(sums: Sums) -> Decimal | None:
    """Purchases per active member."""
    if not sums.active:
        return None
    return (Decimal(sums.day.purchases) / sums.active).quantize(Decimal("0.01"), ROUND_HALF_UP)
