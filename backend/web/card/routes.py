"""Every page of the card put into the site."""

from __future__ import annotations

from backend.web.card import frame
from backend.web.kit.site import Site


def install(site: Site) -> None:
    """Adds the pages."""
    frame.install(site)
