"""QR codes (ISO/IEC 18004) and Code 128 barcodes (ISO/IEC 15417) as SVG, without any style."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

import segno
from barcode.codex import Code128
from markupsafe import Markup

_QUIET: Final = 10
"""Modules of nothing on both sides of a barcode: scanners ask for ten."""
_HEIGHT: Final = 40
_SVG: Final = Markup(
    '<svg class="{kind}" role="img" aria-label="{label}" viewBox="0 0 {width} {height}"'
    ' shape-rendering="crispEdges" preserveAspectRatio="none">'
    '<path fill="#fff" d="M0 0h{width}v{height}h-{width}z"/><path fill="#000" d="{bars}"/></svg>'
)


def qr_svg(text: str, label: str) -> Markup:
    """A QR code on white, whatever the page's colours are."""
    made = segno.make(text, error="m", micro=False)
    drawn = made.svg_inline(border=4, light="#fff", dark="#000", omitsize=True, svgclass="qr")
    head = Markup('<svg role="img" aria-label="{}" shape-rendering="crispEdges"').format(label)
    # What segno draws is made of digits and letters of its own.
    return head + Markup(drawn.removeprefix("<svg"))  # noqa: S704 - no text of others


def barcode_svg(text: str, label: str) -> Markup:
    """A Code 128 barcode on white."""
    modules = Code128(text).build()[0]
    bars, at = [], _QUIET
    for dark, run in groupby(modules):
        width = len(list(run))
        if dark == "1":
            bars.append(f"M{at} 0h{width}v{_HEIGHT}h-{width}z")
        at += width
    return _SVG.format(
        kind="barcode", label=label, width=at + _QUIET, height=_HEIGHT, bars="".join(bars)
    )


def grouped(code: str) -> str:
    """A card number as people read it, in fours."""
    return " ".join(re.findall(".{1,4}", code))
