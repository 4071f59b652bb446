"""Every page of the card put into the site."""

from __future__ import annotations

from backend.web.card import confirm, control, frame, passkeys
from backend.web.kit.site import Site


def install(site: Site) -> None:
    """Adds the pages."""
    frame.install(site)
    control.install(site)
    confirm.install(site)
    passkeys.install(site)
