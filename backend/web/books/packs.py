"""Proof packs: asked for, made beside the till, downloaded, and checked anywhere."""

from __future__ import annotations

from fastapi.responses import FileResponse, Response

from backend.core.roles import Permission
from backend.services.ask_pack import AskPack, list_packs, pack_file
from backend.web.books import frame
from backend.web.kit.page import Page
from backend.web.kit.site import Site


def install(site: Site) -> None:
    """Adds the pages."""
    root = "/audit/p/{program_id}/pack"
    site.get(root, _packs, Permission.BOOKS)
    site.post(root, _ask, Permission.BOOKS)
    site.get(f"{root}/list", _list, Permission.BOOKS)
    site.get(f"{root}/{{pack_id}}", _download, Permission.BOOKS)


async def _packs(page: Page) -> Response:
    packs = await list_packs(page.house, page.here.id)
    return await frame.render(page, "packs.html", packs=packs)


async def _list(page: Page) -> Response:
    """The list alone, which asks for itself again while a pack is under way."""
    packs = await list_packs(page.house, page.here.id)
    return page.fragment("audit/packs.html", "list", packs=packs)


async def _ask(page: Page) -> Response:
    await page.house.committer.submit(AskPack(page.here.id, page.user.id))
    return page.redirect(frame.place(page, "/pack"))


async def _download(page: Page) -> Response:
    pack, path = await pack_file(page.house, page.here.id, page.path("pack_id"))
    name = f"{page.here.symbol}-{pack.block_number}.zip"
    return FileResponse(path, media_type="application/zip", filename=name)
