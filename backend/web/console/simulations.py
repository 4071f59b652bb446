"""Simulations: a draft tried on everything the program's members bought."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi.responses import Response

from backend.core.errors import UnknownRules
from backend.core.roles import Permission
from backend.ledger.simulations import DONE
from backend.services.ask_simulation import AskSimulation, list_simulations, read_simulation
from backend.web.console import frame
from backend.web.kit.page import Page
from backend.web.kit.site import Site

ROOT: Final = "/console/p/{program_id}/rules"
SHOWN: Final = 20


def install(site: Site) -> None:
    """Adds the pages."""
    needs = Permission.PROGRAM
    site.post(f"{ROOT}/simulate", _ask, needs)
    site.get(f"{ROOT}/simulations", _list, needs)
    site.get(f"{ROOT}/simulations/{{simulation_id}}", _show, needs)


async def _ask(page: Page) -> Response:
    text = page.form.raw("version")
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise UnknownRules("The program has no such version of its rules.")
    claim = page.claim(page.merchant_id, ("version",))
    made = await page.house.committer.submit(
        AskSimulation(page.merchant_id, claim, page.here.id, int(text), _id)
    )
    simulation_id = msgspec.json.decode(made.body, type=str)
    return page.redirect(frame.place(page, f"/rules/simulations/{simulation_id}"))


def _id(row: dict[str, Any]) -> bytes:
    return msgspec.json.encode(row["id"])


async def _list(page: Page) -> Response:
    rows = await list_simulations(page.house, page.merchant_id, page.here.id, SHOWN)
    return await frame.render(page, "simulations.html", simulations=rows)


async def _show(page: Page) -> Response:
    """The figures, or how far it is; HTMX asks for the part that changes."""
    row = await read_simulation(
        page.house, page.merchant_id, page.here.id, page.path("simulation_id")
    )
    result = msgspec.json.decode(row["result"] or "{}") if row["state"] == DONE else {}
    here = frame.place(page, f"/rules/simulations/{row['id']}")
    values: dict[str, Any] = {"row": row, "result": result, "here": here}
    if page.by_script:
        return page.fragment("console/simulation.html", "figures", **values)
    return await frame.render(page, "simulation.html", **values)
