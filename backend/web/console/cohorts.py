"""The cohort map: of the members who first bought in a month, the share that bought in later ones.

Laid out here, drawn by the template as SVG.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from backend.core.figures import month_of

ROWS_MAX: Final = 24
COLUMNS_MAX: Final = 24
CELL_WIDTH: Final = 46
CELL_HEIGHT: Final = 26
HEAD_WIDTH: Final = 150
HEAD_HEIGHT: Final = 26


@dataclass(frozen=True, slots=True)
class Cell:
    """`shade` is 0 … 100: how dark it is drawn."""

    x: int
    y: int
    later: int
    members: int
    shade: int


@dataclass(frozen=True, slots=True)
class Row:
    """A cohort: `month` of the first purchase, its members, and a cell for each month since."""

    month: int
    y: int
    members: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class CohortMap:
    rows: tuple[Row, ...]
    columns: int
    left_out: int

    @property
    def width(self) -> int:
        return HEAD_WIDTH + self.columns * CELL_WIDTH

    @property
    def height(self) -> int:
        return HEAD_HEIGHT + len(self.rows) * CELL_HEIGHT

    @property
    def heads(self) -> list[tuple[int, int]]:
        """(months later, x of its column's middle)."""
        return [
            (later, HEAD_WIDTH + later * CELL_WIDTH + CELL_WIDTH // 2)
            for later in range(self.columns)
        ]


def cohort_map(cells: Mapping[tuple[int, int], int], today: date) -> CohortMap:
    """The newest cohorts, each up to the month of `today`."""
    this_month = month_of(today.toordinal())
    cohorts = sorted({cohort for cohort, _ in cells if cohort <= this_month})
    shown = cohorts[-ROWS_MAX:]
    columns = min(COLUMNS_MAX, this_month - shown[0] + 1) if shown else 0
    rows = tuple(
        _row(cells, cohort, place, min(columns, this_month - cohort + 1))
        for place, cohort in enumerate(shown)
    )
    return CohortMap(rows, columns, len(cohorts) - len(shown))


def _row(cells: Mapping[tuple[int, int], int], cohort: int, place: int, months: int) -> Row:
    members = cells.get((cohort, cohort), 0)
    y = HEAD_HEIGHT + place * CELL_HEIGHT
    shown = []
    for later in range(months):
        active = cells.get((cohort, cohort + later), 0)
        # The first month is all of them by definition; the others use the whole scale up to half.
        shade = 100 if later == 0 else min(100, 200 * active // members if members else 0)
        shown.append(Cell(HEAD_WIDTH + later * CELL_WIDTH, y, later, active, shade))
    return Row(cohort, y, members, tuple(shown))
