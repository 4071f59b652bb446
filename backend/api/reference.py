"""The API reference as a page, from files of our own: no browser asks another host for it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS: Final = Path(__file__).resolve().parents[2] / "node_modules" / "swagger-ui-dist"


def install(app: FastAPI) -> None:
    """Serves /docs where the page's files are installed; /openapi.json is there in any case."""
    if not ASSETS.is_dir():
        return
    app.mount("/docs/assets", StaticFiles(directory=ASSETS), name="reference-assets")

    @app.get("/docs", include_in_schema=False)
    async def reference() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Méreau API",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/docs/assets/favicon-32x32.png",
        )
