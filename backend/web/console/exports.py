"""Exports: asked for, made beside the till, watched while they are made, downloaded."""

from __future__ import annotations

from typing import Final

from fastapi.responses import FileResponse, Response

from backend.core.exports import FileFormat, Subject
from backend.core.roles import Permission
from backend.services.ask_export import AskExport, list_exports, may_name_members, take_file
from backend.services.read_figures import require_owner
from backend.web.console import frame
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

SUBJECTS: Final = {
    Subject.MEMBERS: (
        marked("Members"),
        marked("who they are here, their state and tier"),
    ),
    Subject.OPERATIONS: (
        marked("Operations"),
        marked("the journal: every credit and debit, in order, with its hash"),
    ),
    Subject.PURCHASES: (
        marked("Purchases"),
        marked("members’ receipts with amounts and points"),
    ),
    Subject.REDEMPTIONS: (
        marked("Redemptions"),
        marked("points held, used or let go"),
    ),
    Subject.BALANCES: (
        marked("Balances"),
        marked("what each member has, and what expires when"),
    ),
}
STATES: Final = {
    "asked": marked("waiting"),
    "making": marked("being made"),
    "ready": marked("ready"),
    "failed": marked("failed; ask again"),
    "old": marked("removed"),
}
_MEDIA: Final = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
}
ASKED_BEFORE: Final = marked("This export was asked for already.")


def install(site: Site) -> None:
    """Adds the pages."""
    root = "/console/p/{program_id}/exports"
    site.get(root, _show, Permission.EXPORT)
    site.post(root, _ask, Permission.EXPORT)
    site.get(f"{root}/list", _list, Permission.EXPORT)
    site.get(f"{root}/{{export_id}}", _download, Permission.EXPORT)


async def _show(page: Page, status: int = 200) -> Response:
    require_owner(page.here, page.merchant_id)
    return await frame.render(
        page,
        "exports.html",
        status,
        exports=await list_exports(page.house, page.here.id),
        subjects=SUBJECTS,
        states=STATES,
        named=may_name_members(page.user),
        place=frame.place(page, "/exports"),
    )


async def _list(page: Page) -> Response:
    """The list alone, which asks for itself again while something is under way."""
    require_owner(page.here, page.merchant_id)
    return page.fragment(
        "console/exports_list.html",
        "list",
        exports=await list_exports(page.house, page.here.id),
        subjects=SUBJECTS,
        states=STATES,
        named=may_name_members(page.user),
        place=frame.place(page, "/exports"),
    )


async def _ask(page: Page) -> Response:
    require_owner(page.here, page.merchant_id)
    subject = Subject(page.form.choice("subject", [each.value for each in Subject]))
    file_format = FileFormat(page.form.choice("format", [each.value for each in FileFormat]))
    if not page.form.ok:
        return await _show(page, 422)
    personal = subject is Subject.MEMBERS and page.form.ticked("personal")
    claim = page.claim(page.merchant_id, ("subject", "format", "personal"))
    ask = AskExport(claim, page.user, page.here.id, subject, file_format, personal)
    answer = await page.house.committer.submit(ask)
    said = page.say(ASKED_BEFORE) if answer.replayed else ""
    return page.redirect(frame.place(page, "/exports"), said)


async def _download(page: Page) -> Response:
    require_owner(page.here, page.merchant_id)
    export, path = await take_file(page.house, page.user, page.here.id, page.path("export_id"))
    name = f"{page.here.symbol}-{export.subject}-{export.id[-6:]}{path.suffix}"
    answer = FileResponse(path, media_type=_MEDIA[FileFormat(export.format)], filename=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer
