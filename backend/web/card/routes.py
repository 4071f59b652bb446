"""Every page of the card put into the site."""

from __future__ import annotations

from backend.web.card import (
    app,
    confirm,
    control,
    data,
    erase,
    frame,
    history,
    overview,
    passkeys,
    rewards,
    sign_in,
    statement,
)
from backend.web.card.codes import Codes
from backend.web.dev import inbox
from backend.web.kit.site import Site


def install(site: Site) -> None:
    """Adds the pages."""
    codes = Codes(site)
    app.install(site)
    frame.install(site)
    sign_in.install(site, codes)
    codes.install()
    overview.install(site)
    rewards.install(site)
    history.install(site)
    statement.install(site)
    data.install(site, codes)
    erase.install(site, codes)
    control.install(site)
    confirm.install(site)
    passkeys.install(site)
    inbox.install(site)
