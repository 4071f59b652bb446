"""Whether a request comes from a page of ours.

Cookies travel with requests that other sites cause, so what changes something is taken only from
our own pages: by the browser's own word (Sec-Fetch-Site), and by the Origin header, whose host must
be the one that was asked. Scripts without a browser send neither, and have no cookies to misuse.
"""

from __future__ import annotations

from fastapi import Request


def same_origin(request: Request) -> bool:
    """False where a page of another origin sent it."""
    origin = request.headers.get("origin")
    # Behind a proxy that ends TLS the scheme differs: the host is what names a site.
    same_host = origin is None or origin.partition("://")[2] == request.url.netloc
    return same_host and request.headers.get("sec-fetch-site", "same-origin") in {
        "same-origin",
        "none",
    }
