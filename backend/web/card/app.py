"""What makes the card an app: a manifest (W3C), a service worker, a page without network."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi.responses import Response

from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

SHORT_NAME: Final = marked("My card")
_SHELL: Final = ("app.css", "icon.svg", "card-offline.js")
_SIZES: Final = (192, 512)


def install(site: Site) -> None:
    """Adds the files and the page."""
    site.get("/card/manifest.webmanifest", _manifest)
    site.get("/card/sw.js", _worker)
    site.get("/card/offline", _offline)


async def _manifest(page: Page) -> Response:
    icons: list[dict[str, Any]] = [
        {
            "src": page.site.assets.url(f"card-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size in _SIZES
        for purpose in ("any", "maskable")
    ]
    icons.append({"src": page.site.assets.url("icon.svg"), "sizes": "any", "type": "image/svg+xml"})
    document = {
        "id": "/card",
        "name": f"Méreau: {page.say(SHORT_NAME)}",
        "short_name": page.say(SHORT_NAME),
        "lang": page.tongue.language,
        "start_url": "/card",
        "scope": "/card",
        "display": "standalone",
        "background_color": "#f7f4ef",
        "theme_color": "#8a4b12",
        "icons": icons,
    }
    return page.answer(msgspec.json.encode(document), "application/manifest+json")


async def _worker(page: Page) -> Response:
    """The assets' addresses are in it: when one changes, browsers install it anew."""
    shell = ["/card/offline", *(page.site.assets.url(name) for name in _SHELL)]
    text = page.site.template("card/sw.js").render(shell=shell)
    answer = page.answer(text, "text/javascript; charset=utf-8")
    answer.headers["Service-Worker-Allowed"] = "/card"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


async def _offline(page: Page) -> Response:
    """Of nobody: what it shows is on the device."""
    return page.render("card/offline.html")
