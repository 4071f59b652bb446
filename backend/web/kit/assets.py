"""Scripts and styles: ours, built and of the Node packages, at /assets, kept by browsers for ever.

A URL names the content's hash, so a new version has a new address.
"""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import Request
from fastapi.responses import Response

_ROOT: Final = Path(__file__).resolve().parents[3]
_STATIC: Final = Path(__file__).resolve().parents[1] / "static"
_NODE: Final = _ROOT / "node_modules"
_FROM_NODE: Final = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "alpine.js": "@alpinejs/csp/dist/cdn.min.js",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
    "jsqr.js": "jsqr/dist/jsQR.js",
}
_BUILT: Final = {"signing.js": "build/signing/signing.js"}
"""What `make explorer` makes."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _Asset:
    media_type: str
    content: bytes
    zipped: bytes
    hash: str

    @classmethod
    def read(cls, path: Path) -> _Asset:
        content = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if kind.startswith("text/"):
            kind = f"{kind}; charset=utf-8"
        digest = sha256(content).hexdigest()[:16]
        return cls(kind, content, gzip.compress(content, 9, mtime=0), digest)


class Assets:
    """The files, held in memory; left out are those that `make setup` and `make explorer` bring,
    where they have not."""

    def __init__(self) -> None:
        paths = {
            path.relative_to(_STATIC).as_posix(): path
            for path in sorted(_STATIC.rglob("*"))
            if path.is_file()
        }
        paths |= {name: _NODE / source for name, source in _FROM_NODE.items()}
        paths |= {name: _ROOT / source for name, source in _BUILT.items()}
        self._assets = {n: _Asset.read(path) for n, path in paths.items() if path.is_file()}

    def url(self, name: str) -> str:
        """Where a browser finds it; raises KeyError for a file that is not there."""
        return f"/assets/{self._assets[name].hash}/{name}"

    def content(self, name: str) -> bytes:
        """The file itself, for what is served at an address of its own."""
        return self._assets[name].content

    async def answer(self, request: Request) -> Response:
        """One file; an address with another hash is of another version, and is not here."""
        asset = self._assets.get(request.path_params["name"])
        if asset is None or asset.hash != request.path_params["hash"]:
            return Response(None, 404)
        headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.zipped, 200, headers, asset.media_type)
        return Response(asset.content, 200, headers, asset.media_type)
