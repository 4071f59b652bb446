"""The counter's pages of the console: the till, members, adjustments, rewards, what is printed."""

from __future__ import annotations

from backend.web.console import adjustments, members, printables, rewards, till
from backend.web.kit.site import Site


def install(site: Site) -> None:
    """Adds them all."""
    for part in (till, members, adjustments, rewards, printables):
        part.install(site)
