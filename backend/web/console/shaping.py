"""What shapes a program and who is told of it: webhooks, rules, campaigns, programs."""

from __future__ import annotations

from backend.web.console import campaigns, programs, rules, simulations, webhooks
from backend.web.kit.site import Site


def install(site: Site) -> None:
    """Adds the pages."""
    for part in (webhooks, rules, simulations, campaigns, programs):
        part.install(site)
