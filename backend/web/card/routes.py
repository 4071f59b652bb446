"""Every page of the card put into the site."""

from __future__ import annotations

from backend.web.card import confirm, control, frame, overview, passkeys, sign_in
from backend.web.card.codes import Codes
from backend.web.dev import inbox
from backend.web.kit.site import Site


def install(site: Site) -> None:
    """Adds the pages."""
    codes = Codes(site)
    frame.install(site)
    sign_in.install(site, codes)
    codes.install()
    overview.install(site)
    control.install(site)
    confirm.install(site)
    passkeys.install(site)
    inbox.install(site)
