"""Vouchers at the till: check, reserve, use, release, and take a use back."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi.responses import Response

from backend.core.errors import MereauError
from backend.core.ids import is_id
from backend.core.roles import Permission
from backend.core.spending_errors import UnknownVoucher, UnknownVoucherUse
from backend.core.voucher_codes import shown
from backend.core.vouchers import VoucherKind
from backend.ledger.spending_loads import VoucherRecord
from backend.ledger.vouchers import VoucherPlace
from backend.services.check_voucher import VoucherRead, check_voucher
from backend.services.close_voucher_use import CloseVoucherUse, Step
from backend.services.read_voucher_use import read_voucher_use
from backend.services.reserve_voucher import ReserveVoucher
from backend.web.console import frame
from backend.web.console.till_member import body_of, claim, encode, form_errors, show
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

REASONS: Final = {
    "void": marked("This voucher was cancelled."),
    "not_yet_valid": marked("This voucher is not valid yet."),
    "expired": marked("This voucher has expired."),
    "used_up": marked("Nothing is left on this voucher."),
}
TITLES: Final = {
    "reserved": marked("Reserved"),
    "redeemed": marked("Used"),
    "released": marked("Released"),
    "reversed": marked("Given back"),
    "expired": marked("The reservation ran out"),
}
GIFT_CARD: Final = marked("Gift card")


def install(site: Site, place: str) -> None:
    site.get(f"{place}/voucher", _ask, Permission.TILL)
    site.post(f"{place}/voucher", _check, Permission.TILL)
    site.post(f"{place}/voucher/use", _use, Permission.TILL)
    site.get(f"{place}/voucher/use/{{use_id}}", _show_use, Permission.TILL)
    site.post(f"{place}/voucher/use/{{use_id}}", _close, Permission.TILL)


async def _ask(page: Page) -> Response:
    return await show(page, "till/voucher.html", voucher=None)


async def _check(page: Page) -> Response:
    code = page.form.text("code", max_length=64)
    if not page.form.ok:
        return await show(page, "till/voucher.html", 422, voucher=None)
    try:
        found = await _found(page, code)
    except MereauError as refusal:
        page.form.refuse("code", page.tongue.problem(refusal))
        return await show(page, "till/voucher.html", 409, voucher=None)
    return await show(
        page, "till/voucher.html", voucher=found.voucher, reason=found.reason,
        code=shown(found.code), benefit=benefit_of(page, found.voucher), reasons=REASONS,
    )  # fmt: skip


async def _found(page: Page, code: str) -> VoucherRead:
    """The voucher, of the page's program."""
    found = await check_voucher(page.house, page.merchant_id, code)
    if found.voucher.program_id != page.here.id:
        raise UnknownVoucher("There is no such voucher.")
    return found


def benefit_of(page: Page, voucher: VoucherRecord) -> str:
    """What the voucher is good for, in the language of the page."""
    benefit = json.loads(voucher.benefit)
    title = benefit.get("title")
    if isinstance(title, dict):
        return str(title.get(page.tongue.language) or next(iter(title.values()), ""))
    return str(title or page.say(GIFT_CARD))


async def _use(page: Page) -> Response:
    """Reserves a use for this basket, or uses it at once."""
    code = page.form.text("code", max_length=64)
    way = page.form.choice("way", ("redeem", "reserve"))
    if not page.form.ok:
        return form_errors(page)
    found = await _found(page, code)
    units = None
    if found.voucher.kind == VoucherKind.VALUE:
        units = page.form.amount_minor("amount", found.voucher.currency)
        if page.form.errors:
            return form_errors(page)
    command = ReserveVoucher(
        claim(page, "use", found.voucher.id, units, way), _place(found.voucher), units,
        way == "redeem", None, lambda done: encode({"id": done.use["id"]}),
    )  # fmt: skip
    answer = await page.house.committer.submit(command)
    return page.redirect(frame.place(page, f"/till/voucher/use/{body_of(answer.body)['id']}"))


async def _read(page: Page) -> tuple[dict[str, Any], VoucherRecord]:
    use_id = page.path("use_id")
    found = None
    if is_id("use", use_id):
        found = await read_voucher_use(page.house, page.merchant_id, use_id)
    if found is None or found[1].program_id != page.here.id:
        raise UnknownVoucherUse("There is no such use of a voucher.")
    return found


async def _show_use(page: Page) -> Response:
    use, voucher = await _read(page)
    return await show(
        page, "till/voucher_use.html", use=use, voucher=voucher, titles=TITLES,
        benefit=benefit_of(page, voucher),
    )  # fmt: skip


async def _close(page: Page) -> Response:
    use, voucher = await _read(page)
    step = Step(page.form.choice("way", [each.value for each in Step]))
    if not page.form.ok:
        return form_errors(page)
    command = CloseVoucherUse(
        claim(page, step.value), _place(voucher), use["id"], step, None,
        lambda done: encode({"id": done.use["id"]}),
    )  # fmt: skip
    await page.house.committer.submit(command)
    return page.redirect(frame.place(page, f"/till/voucher/use/{use['id']}"))


def _place(voucher: VoucherRecord) -> VoucherPlace:
    return VoucherPlace(voucher.id, voucher.program_id, voucher.claim_id)
