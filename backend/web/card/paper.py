"""Sheets of A4 as PDF, in DejaVu: its letters are those of any name that is written in Europe,
Greek, Cyrillic, Armenian and Georgian ones among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

_FONTS: Final = Path(__file__).resolve().parents[3] / "node_modules" / "dejavu-fonts-ttf" / "ttf"
_FAMILY: Final = "DejaVu"


class _Sheet(FPDF):
    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(_FAMILY, size=8)
        self.cell(0, 6, f"{self.page_no()} / {{nb}}", align="C")


class Paper:
    """A document that is written from top to bottom."""

    def __init__(self, title: str, language: str) -> None:
        self._sheet = _Sheet(format="A4")
        self._sheet.set_margin(18)
        self._sheet.set_auto_page_break(True, margin=18)
        self._sheet.add_font(_FAMILY, "", _FONTS / "DejaVuSans.ttf")
        self._sheet.add_font(_FAMILY, "B", _FONTS / "DejaVuSans-Bold.ttf")
        self._sheet.set_title(title)
        self._sheet.set_lang(language)

        self._sheet.add_page()

    def heading(self, over: str, title: str) -> None:
        self._write(over, 10, "")
        self._write(title, 18, "B")
        self._sheet.ln(2)

    def line(self, text: str) -> None:
        self._write(text, 10, "")

    def sums(self, lines: Sequence[tuple[str, str]]) -> None:
        """Names and figures; the first and the last are in bold."""
        self._sheet.ln(4)
        for place, (name, figure) in enumerate(lines):
            edge = place in (0, len(lines) - 1)
            self._sheet.set_font(_FAMILY, "B" if edge else "", 11)
            self._sheet.cell(90, 7, name, border="B")
            self._sheet.cell(
                40, 7, figure, border="B", align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT
            )
        self._sheet.ln(6)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Four columns: a day, words, a figure, words; the head is on every page."""
        self._sheet.set_font(_FAMILY, "", 8.5)
        with self._sheet.table(
            col_widths=(16, 46, 16, 40),
            text_align=("LEFT", "LEFT", "RIGHT", "LEFT"),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            line_height=4.6,
            padding=(1, 1),
            headings_style=FontFace(emphasis="BOLD"),
        ) as table:
            for cells in (columns, *rows):
                row = table.row()
                for cell in cells:
                    row.cell(cell)

    def finished(self) -> bytes:
        return bytes(self._sheet.output())

    def _write(self, text: str, size: int, style: str) -> None:
        self._sheet.set_font(_FAMILY, style, size)
        self._sheet.multi_cell(0, size * 0.55, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
