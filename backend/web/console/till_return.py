"""Returns at the till: find the receipt, take all of it back, some lines, or an amount."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.core.engine.basket import QUANTITY_MAX
from backend.core.errors import UnknownPurchase
from backend.core.returned_parts import Asked, LineAsked
from backend.core.roles import Permission
from backend.ledger.programs import purchase_of_receipt
from backend.ledger.sales import operation_of_return
from backend.services.read_operation import read_operation
from backend.services.read_return import read_return
from backend.services.read_sales import PurchaseRead, read_purchase
from backend.services.return_purchase import ReturnPurchase
from backend.services.signed_burn import look_at_member
from backend.web.console import frame
from backend.web.console.till_member import (
    at_till,
    body_of,
    claim,
    encode,
    form_errors,
    refuse,
    show,
)
from backend.web.console.till_receipt import columns, framed, standing
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

UNKNOWN: Final = marked("No purchase with this receipt is known.")
NOTHING: Final = marked("Say of which lines how many pieces come back.")
RETURNED: Final = marked("Returned")
TAKEN_BACK: Final = marked("Points taken back")
GIVEN_BACK: Final = marked("Points given back")


def install(site: Site, place: str) -> None:
    site.get(f"{place}/return", _ask, Permission.TILL)
    site.post(f"{place}/return", _find, Permission.TILL)
    site.get(f"{place}/return/{{purchase_id}}", _show, Permission.TILL)
    site.post(f"{place}/return/{{purchase_id}}", _return, Permission.TILL)
    site.get(f"{place}/returned/{{return_id}}", _done, Permission.TILL)


async def _ask(page: Page) -> Response:
    return await show(page, "till/return_find.html")


async def _find(page: Page) -> Response:
    receipt = page.form.text("receipt", max_length=128)
    if not page.form.ok:
        return await show(page, "till/return_find.html", 422)
    purchase_id = await page.house.ledger.run(
        lambda connection: purchase_of_receipt(connection, page.here.id, receipt)
    )
    if purchase_id is None:
        page.form.refuse("receipt", UNKNOWN)
        return await show(page, "till/return_find.html", 404)
    return page.redirect(frame.place(page, f"/till/return/{purchase_id}"))


async def _purchase(page: Page) -> PurchaseRead:
    """The purchase of the address, in the page's program."""
    purchase = await read_purchase(page.house, page.merchant_id, page.path("purchase_id"))
    if purchase.row["program_id"] != page.here.id:
        raise UnknownPurchase("There is no such purchase.")
    return purchase


async def _show(page: Page) -> Response:
    purchase = await _purchase(page)
    lines = [line for line in purchase.lines if not line["voided"]]
    return await show(page, "till/return.html", purchase=purchase, lines=lines)


async def _return(page: Page) -> Response:
    purchase = await _purchase(page)
    asked = _asked(page, purchase)
    if not page.form.ok:
        return form_errors(page)
    if asked is None:
        return refuse(page, page.say(NOTHING))
    purchase_id = purchase.row["id"]
    signed = await look_at_member(page.house, page.merchant_id, purchase.row["member_id"])
    command = ReturnPurchase(
        claim(page, "return", asked.to_document()), purchase_id, purchase.row["program_id"], asked,
        lambda done: encode({"id": done.return_id}), signed,
    )  # fmt: skip
    answer = await page.house.committer.submit(command)
    return page.redirect(frame.place(page, f"/till/returned/{body_of(answer.body)['id']}"))


def _asked(page: Page, purchase: PurchaseRead) -> Asked | None:
    """What the form says goes back; None for no line at all."""
    way = page.form.choice("way", ("whole", "lines", "amount"))
    if way == "amount":
        amount_minor = page.form.amount_minor("amount", purchase.row["currency"])
        return Asked(amount_minor=amount_minor) if page.form.ok and amount_minor else None
    if way == "whole":
        return Asked()
    lines = []
    for line in purchase.lines:
        number = line["line_no"]
        pieces = page.form.integer(f"line-{number}", 0, QUANTITY_MAX, default=0)
        if pieces:
            lines.append(LineAsked(line_no=number, quantity=pieces))
    return Asked(lines=tuple(lines)) if lines else None


async def _done(page: Page) -> Response:
    house, merchant_id = page.house, page.merchant_id
    record = await read_return(house, merchant_id, page.path("return_id"))
    if record.purchase_id is None or record.went_back is None or record.clawed is None:
        raise UnknownPurchase("There is no such purchase.")
    purchase = await read_purchase(house, merchant_id, record.purchase_id)
    member = await at_till(page, purchase.row["member_id"])
    operation_id = await _operation_of(page, record.id)
    operation = await read_operation(house, merchant_id, operation_id) if operation_id else None
    currency, went = purchase.row["currency"], record.went_back
    restored = went.restored_points - record.expired_points
    lines = columns(page.say(RETURNED), page.tongue.money(went.value_minor, currency))
    lines += columns(page.say(TAKEN_BACK), f"-{page.tongue.number(record.clawed.taken_points)}")
    if restored:
        lines += columns(page.say(GIVEN_BACK), f"+{page.tongue.number(restored)}")
    receipt = await framed(page, [*lines, *standing(page, member)], record.received_at_ms)
    return await show(
        page, "till/returned.html", member=member, operation=operation, went=went,
        clawed=record.clawed, expired_points=record.expired_points, currency=currency,
        receipt=receipt,
    )  # fmt: skip


async def _operation_of(page: Page, return_id: str) -> str | None:
    """What took the points back, if any were there to take."""
    return await page.house.ledger.run(
        lambda connection: operation_of_return(connection, return_id)
    )
