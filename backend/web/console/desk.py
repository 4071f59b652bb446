"""The desk's pages of the console: people, keys and the trail of who did what."""

from __future__ import annotations

from backend.web.console import exports, keys, overview, requests, trail, users
from backend.web.kit.site import Site


def install(site: Site) -> None:
    """Adds them all."""
    trail.install(site)
    users.install(site)
    keys.install(site)
    overview.install(site)
    exports.install(site)
    requests.install(site)
