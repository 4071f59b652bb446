"""What stands around every page of the books, and the way in."""

from __future__ import annotations

from typing import Any, Final

from fastapi.responses import Response

from backend.chain.keccak import checksummed
from backend.core.errors import UnknownProgram
from backend.core.roles import Permission
from backend.services.read_program import list_programs
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

PLACES: Final = (
    ("", marked("Trial balance")),
    ("/liability", marked("Liability")),
    ("/batches", marked("Batches")),
    ("/changes", marked("Roles and limits")),
    ("/pack", marked("Proof pack")),
)


async def render(page: Page, template: str, /, **values: Any) -> Response:
    """A page of the books: `audit/<template>` extends `audit/layout.html`."""
    programs = await list_programs(page.house, page.merchant_id)
    root = place(page)
    here = page.request.url.path
    entries = [
        (root + path, label, here == root + path or bool(path and here.startswith(root + path)))
        for path, label in PLACES
    ]
    contract = page.here.contract_address
    address = checksummed(bytes.fromhex(contract[2:])) if contract else ""
    return page.render(
        f"audit/{template}", programs=programs, entries=entries, address=address, **values
    )


def place(page: Page, path: str = "") -> str:
    """An address in the books of the program that the page is of."""
    return f"/audit/p/{page.here.id}{path}"


def install(site: Site) -> None:
    """Adds the ways in."""
    site.get("/audit", _enter, Permission.BOOKS)
    site.get("/audit/go", _enter, Permission.BOOKS)


async def _enter(page: Page) -> Response:
    programs = await list_programs(page.house, page.merchant_id)
    wanted = page.query("program")
    of = next((each for each in programs if each.id == wanted), programs[0] if programs else None)
    if of is None:
        raise UnknownProgram("There is no program yet.")
    return page.redirect(f"/audit/p/{of.id}")
