"""The explorer's files at /explorer, under a policy that lets no other script run."""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from backend.chain.contracts import Deployment
from backend.chain.keccak import checksummed
from backend.core.errors import ChainSilent
from backend.services.chain_gate import ChainGate

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:;"
    # Readers may choose a node of their own; the page sends it questions and nothing else.
    " connect-src 'self' https: http://127.0.0.1:* http://localhost:*;"
    " base-uri 'none'; form-action 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
"""As in explorer/index.html, for hosts that send no headers."""
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": f"{PAGE_POLICY}; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_PAGES: Final = frozenset({"", "block", "tx", "address", "token", "search", "settings"})
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    media_type: str
    content: bytes
    zipped: bytes
    etag: str

    @classmethod
    def read(cls, path: Path) -> _File:
        content = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        # Charset included: the files are all UTF-8.
        media_type = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
        etag = f'"{sha256(content).hexdigest()[:32]}"'
        return cls(media_type, content, gzip.compress(content, 9, mtime=0), etag)

    def answer(self, request: Request, status: int, headers: dict[str, str]) -> Response:
        sent = {**headers, "ETag": self.etag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == self.etag:
            return Response(None, 304, sent)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                self.zipped, status, sent | {"Content-Encoding": "gzip"}, self.media_type
            )
        return Response(self.content, status, sent, self.media_type)


class Explorer:
    """The built files, held in memory: they are few and small."""

    def __init__(self, folder: Path, gate: ChainGate) -> None:
        self._gate = gate
        self._files = {
            path.relative_to(folder).as_posix(): _File.read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    async def page(self, request: Request) -> Response:
        """A file, or the page for every path that the explorer itself understands."""
        path = request.path_params.get("path", "")
        if path == "config.json":
            return await self._config()
        if path.startswith("assets/") and (found := self._files.get(path)):
            return found.answer(request, 200, {"Cache-Control": _FOR_EVER})
        status = 200 if path.partition("/")[0] in _PAGES else 404
        return self._files["index.html"].answer(request, status, _PAGE_HEADERS)

    async def _config(self) -> Response:
        """Where the contracts are: from the record of the deployment, not from the ledger."""
        config: dict[str, Any] = {"rpc": "/rpc", "sources": "/v2/contract", "firstBlock": 0}
        try:
            deployment: Deployment = await self._gate.ask(lambda _, found: found)
            config |= {
                "factory": checksummed(deployment.factory),
                "settlement": checksummed(deployment.settlement),
                "firstBlock": deployment.first_block,
            }
        except ChainSilent:
            # Without a node the page opens all the same, and says that it does not answer.
            config |= {"factory": "", "settlement": ""}
        return Response(msgspec.json.encode(config), media_type="application/json")


def install(app: FastAPI, explorer: Explorer) -> None:
    """Serves /explorer and everything below."""

    async def to_folder(_request: Request) -> Response:
        return RedirectResponse("/explorer/", 308)

    app.add_route("/explorer", to_folder, include_in_schema=False)
    app.add_route("/explorer/{path:path}", explorer.page, include_in_schema=False)
