"""A line of steps as the points of an SVG: what is outstanding stays until it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 800
HEIGHT: Final = 240
LEFT: Final = 70
BOTTOM: Final = 30
_TICKS: Final = 4


@dataclass(frozen=True, slots=True)
class Chart:
    """Coordinates in a box of WIDTH × HEIGHT; `ticks` are (y, value), `ends` the first and the last
    moment (ms)."""

    line: str
    area: str
    ticks: list[tuple[int, int]]
    ends: tuple[int, int]


def step_chart(points: Sequence[tuple[int, int]]) -> Chart:
    """At least two (moment in ms, value of 0 or more)."""
    first, last = points[0][0], points[-1][0]
    top = _round_up(max(value for _, value in points))
    span = max(1, last - first)

    def x(at_ms: int) -> int:
        return LEFT + (at_ms - first) * (WIDTH - LEFT - 10) // span

    def y(value: int) -> int:
        return HEIGHT - BOTTOM - value * (HEIGHT - BOTTOM - 10) // top

    line = f"M{x(first)} {y(points[0][1])}" + "".join(
        f"H{x(at_ms)}V{y(value)}" for at_ms, value in points[1:]
    )
    area = f"{line}V{y(0)}H{x(first)}Z"
    ticks = [(y(top * step // _TICKS), top * step // _TICKS) for step in range(_TICKS + 1)]
    return Chart(line, area, ticks, (first, last))


def _round_up(value: int) -> int:
    """The next number of the form 1, 2, 4 or 8 times a power of ten: four even steps below it."""
    power = 1
    while True:
        for factor in (4, 8, 12, 20):
            if value <= factor * power:
                return factor * power
        power *= 10
