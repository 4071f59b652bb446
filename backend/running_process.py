"""How a process that answers people runs, once it has loaded its code."""

from __future__ import annotations

import gc


def settle_down() -> None:
    """Call it when a process that answers people has loaded its code.

    What is loaded stays, and most of what a request makes goes without the collector: looking
    through all of it for garbage would stop every till for a tenth of a second, again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
