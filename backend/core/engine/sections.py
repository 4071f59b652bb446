"""The sections of a rules document that other parts of the core evaluate."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from backend.core.engine.reading import Reading
from backend.core.errors import RuleInvalid

SECTIONS: Final = {
    "tiers": ("backend.core.tiers", "TierPolicy"),
    "returns": ("backend.core.returns", "ReturnPolicy"),
    "spend": ("backend.core.spending", "SpendPolicy"),
    "referral": ("backend.core.referral", "ReferralPolicy"),
}
"""Where each section's class is: its `parse` takes the section and raises RuleInvalid."""


def parse_section(name: str, reading: Reading) -> Any:
    """The section's policy; the pointer of a refusal is made to start at the document."""
    module, owner = SECTIONS[name]
    parse: Callable[[object], Any] = getattr(import_module(module), owner).parse
    try:
        return parse(reading.value)
    except RuleInvalid as wrong:
        pointer = str(wrong.facts.get("pointer", ""))
        if not pointer.startswith(reading.pointer):
            pointer = reading.pointer + pointer
        raise RuleInvalid(wrong.message, **{**wrong.facts, "pointer": pointer}) from wrong
