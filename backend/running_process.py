"""How a process that answers people runs, once it has loaded its code."""

from __future__ import annotations

import gc
import sys
from typing import Final

_SWITCH_SECONDS: Final = 0.0005


def settle_down() -> None:
    """Call it when a process that answers people has loaded its code.

    What is loaded stays, and most of what a request makes goes without the collector: looking
    through all of it for garbage would stop every till for a tenth of a second, again and again.

    The thread that commits on PostgreSQL has to get the interpreter back after each of a dozen
    answers per group. A busy event loop would keep it for five milliseconds every time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    sys.setswitchinterval(_SWITCH_SECONDS)
