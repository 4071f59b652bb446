"""What stands around every page of the console: the programs to choose from, the way around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi.responses import Response

from backend.core.errors import UnknownProgram
from backend.core.roles import Permission
from backend.ledger.loading import ProgramState
from backend.services.read_program import list_programs
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in the console, with the permission it needs; `{p}` is the program's part."""

    path: str
    label: str
    needs: Permission
    current: bool = False


ENTRIES: Final = (
    Entry("{p}", marked("Overview"), Permission.FIGURES),
    Entry("{p}/till", marked("Till"), Permission.TILL),
    Entry("{p}/members", marked("Members"), Permission.MEMBERS),
    Entry("{p}/adjustments", marked("Adjustments"), Permission.ADJUST),
    Entry("{p}/rules", marked("Rules"), Permission.PROGRAM),
    Entry("{p}/rewards", marked("Rewards"), Permission.PROGRAM),
    Entry("{p}/campaigns", marked("Campaigns"), Permission.PROGRAM),
    Entry("{p}/program", marked("Program"), Permission.PROGRAM),
    Entry("{p}/exports", marked("Exports"), Permission.EXPORT),
    Entry("{p}/print", marked("Posters and receipts"), Permission.TILL),
    Entry("/console/keys", marked("API keys"), Permission.INTEGRATE),
    Entry("/console/webhooks", marked("Webhooks"), Permission.INTEGRATE),
    Entry("/console/requests", marked("Requests"), Permission.INTEGRATE),
    Entry("/console/users", marked("Users"), Permission.PEOPLE),
    Entry("/audit", marked("Books"), Permission.BOOKS),
)


async def render(page: Page, template: str, status: int = 200, /, **values: Any) -> Response:
    """A page of the console in its frame: `console/<template>` extends `console/layout.html`."""
    programs = await list_programs(page.house, page.merchant_id)
    entries = _entries(page, programs)
    return page.render(f"console/{template}", status, programs=programs, entries=entries, **values)


def place(page: Page, path: str = "") -> str:
    """An address below the program that the page is of."""
    return f"/console/p/{page.here.id}{path}"


def _entries(page: Page, programs: Sequence[ProgramState]) -> list[Entry]:
    of = page.program or (programs[0] if programs else None)
    root = f"/console/p/{of.id}" if of else ""
    found = []
    for entry in ENTRIES:
        if not page.may(entry.needs) or (entry.path.startswith("{p}") and not root):
            continue
        path = entry.path.replace("{p}", root)
        here = page.request.url.path
        current = here == path or (path != root and here.startswith(f"{path}/"))
        found.append(Entry(path, entry.label, entry.needs, current))
    return found


def install(site: Site) -> None:
    """Adds the ways in."""
    # A cashier may not see figures: everybody's way in needs what all of them have.
    for needs, path in ((Permission.MEMBERS, "/console"), (Permission.MEMBERS, "/console/go")):
        site.get(path, _enter, needs)


async def _enter(page: Page) -> Response:
    """To the program asked for, or the first; to the till for those who have no figures."""
    programs = await list_programs(page.house, page.merchant_id)
    wanted = page.query("program")
    of = next((each for each in programs if each.id == wanted), programs[0] if programs else None)
    if of is None:
        if page.may(Permission.PROGRAM):
            return page.redirect("/console/programs/new")
        raise UnknownProgram("There is no program yet.")
    return page.redirect(f"/console/p/{of.id}" + ("" if page.may(Permission.FIGURES) else "/till"))
