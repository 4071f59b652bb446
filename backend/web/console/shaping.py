"""What shapes a program and who is told of it: webhooks, rules, campaigns, settings."""

from __future__ import annotations

from backend.web.console import webhooks
from backend.web.kit.site import Site


def install(site: Site) -> None:
    """Adds the pages."""
    webhooks.install(site)
