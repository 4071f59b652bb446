"""A purchase at the till: amount or basket, a live quote with its reasons, confirm, on chain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi.responses import Response

from backend.core.confirmations import ConfirmationState
from backend.core.engine.basket import LINES_MAX, QUANTITY_MAX, Line
from backend.core.errors import IdempotencyKeyReused, MereauError
from backend.core.identifiers import receipt_id
from backend.core.lifecycle import RedemptionState
from backend.core.money import Money
from backend.core.returned_parts import Asked
from backend.core.roles import Permission
from backend.core.staff_actions import Action
from backend.services.accept_purchase import AcceptPurchase, PurchaseTerms
from backend.services.ask_confirmation import new_ask
from backend.services.done_by import DoneBy
from backend.services.pay_with_points import (
    PaymentQuote,
    PaymentTerms,
    PayWithPoints,
    quote_payment,
)
from backend.services.quote_purchase import quote_purchase
from backend.services.read_operation import read_operation
from backend.services.read_sales import read_purchase, read_redemption
from backend.services.redeem import CloseRedemption
from backend.services.return_purchase import ReturnPurchase
from backend.services.signed_burn import UNSIGNED, look_at_consent, look_at_member
from backend.web.console import frame
from backend.web.console.till_member import (
    at_till,
    body_of,
    claim,
    encode,
    form_errors,
    ref,
    refuse,
    show,
)
from backend.web.console.till_receipt import purchase_receipt
from backend.web.kit.forms import NOT_A_NUMBER, NOT_AN_AMOUNT, REQUIRED, Form
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

UNDO_MS: Final = 10 * 60_000
"""How long a till may undo what it did; later it is a return."""
TOO_LATE: Final = marked("It is too late to undo this; make a return instead.")
UNDONE: Final = marked("Undone: the purchase went back, and its points with it.")
OTHER_FIGURES: Final = marked(
    "This sale was recorded already, with other figures. Look at the member's purchases first."
)
STORE_COOKIE: Final = "mereau_store"


def install(site: Site, place: str) -> None:
    site.get(f"{place}/m/{{member_id}}", _show, Permission.TILL)
    site.post(f"{place}/m/{{member_id}}/quote", _quote, Permission.TILL)
    site.post(f"{place}/m/{{member_id}}/sale", _sell, Permission.TILL)
    site.get(f"{place}/purchase/{{purchase_id}}", _done, Permission.TILL)
    site.post(f"{place}/purchase/{{purchase_id}}/undo", _undo, Permission.TILL)
    site.get(f"{place}/status/{{operation_id}}", _status, Permission.TILL)


@dataclass(frozen=True, slots=True)
class _Sale:
    """A sale as it stands in the form; `pay_minor` of it are to be paid with points."""

    amount_minor: int
    lines: tuple[Line, ...]
    receipt: str
    pay_minor: int | None
    store: str | None

    def said(self) -> list[object]:
        """Everything that makes it this sale and no other."""
        lines = [f"{x.sku}*{x.quantity}={x.amount_minor}" for x in self.lines]
        return [self.amount_minor, self.receipt, self.pay_minor, self.store, *lines]

    def terms(self, page: Page, member_id: str) -> PurchaseTerms:
        return PurchaseTerms(
            member=ref(page, member_id),
            receipt_id=self.receipt,
            occurred_at_ms=page.house.now_ms(),
            spent=Money(self.amount_minor, page.here.currency),
            store_id=self.store,
            channel="till",
            lines=self.lines,
        )


async def _show(page: Page) -> Response:
    member = await at_till(page, page.path("member_id"))
    return await show(page, "till/sale.html", member=member, **_nothing_quoted())


def _nothing_quoted() -> dict[str, Any]:
    return {"quote": None, "payment": None, "sale": None, "refusal": ""}


async def _quote(page: Page) -> Response:
    """What the form would earn as it stands; nothing is recorded."""
    member = await at_till(page, page.path("member_id"))
    sale = _read(page)
    values = _nothing_quoted()
    if page.form.ok and sale.amount_minor:
        payment = await _payment(page, member.id, sale.amount_minor)
        ticked = page.form.ticked("pay") and payment is not None and payment.most.points
        terms = sale.terms(page, member.id)
        if ticked and payment is not None:
            terms = replace(terms, paid_with_points_minor=payment.most.worth_minor)
        try:
            quote = await quote_purchase(page.house, page.merchant_id, terms)
            values |= {"quote": quote, "payment": payment, "sale": sale}
        except MereauError as refusal:
            values["refusal"] = page.tongue.problem(refusal)
    elif page.form.errors and page.form.raw("amount"):
        values["refusal"] = page.say(next(iter(page.form.errors.values())))
    return page.fragment(
        "console/till/sale.html", "quote", root=frame.place(page), member=member, **values
    )


async def _payment(page: Page, member_id: str, amount_minor: int) -> PaymentQuote | None:
    """How much of the basket points can pay; None where the program's rules do not offer it."""
    basket = Money(amount_minor, page.here.currency)
    terms = PaymentTerms(ref(page, member_id), basket)
    try:
        return await quote_payment(page.house, page.merchant_id, terms)
    except MereauError as refusal:
        if refusal.code == "payment_not_offered":
            return None
        raise


async def _sell(page: Page) -> Response:
    member_id, sale = page.path("member_id"), _read(page)
    if page.form.ok and not sale.amount_minor:
        page.form.refuse("amount", REQUIRED)
    if not page.form.ok:
        return form_errors(page)
    house, terms, signed = page.house, sale.terms(page, member_id), UNSIGNED
    redemption_id = None
    if sale.pay_minor:
        signed = await look_at_consent(house, page.merchant_id, terms.member, 0, None)
        paying = PaymentTerms(terms.member, terms.spent, sale.pay_minor)
        hold = PayWithPoints(
            claim(page, "pay", *sale.said()), paying, False,
            lambda done: encode({"id": done.redemption_id}), signed,
            new_ask(house, sale.store or page.user.merchant_name),
        )  # fmt: skip
        redemption_id = body_of((await house.committer.submit(hold)).body)["id"]
        held = await read_redemption(house, page.merchant_id, redemption_id)
        if held["asked"] == ConfirmationState.WAITING:
            return _ask_again(page, held)
        terms = replace(terms, paid_by_redemption=redemption_id)
    command = AcceptPurchase(
        claim(page, "sale", *sale.said()), terms, lambda done: encode({"id": done.purchase_id}),
        signed,
    )  # fmt: skip
    try:
        answer = await house.committer.submit(command)
    except IdempotencyKeyReused:
        return refuse(page, page.say(OTHER_FIGURES))
    except MereauError as refusal:
        if redemption_id is None:
            raise
        # The hold is of this form's key: another try needs another form.
        await _free(page, redemption_id)
        return page.redirect(
            frame.place(page, f"/till/m/{member_id}"), page.tongue.problem(refusal)
        )
    return page.redirect(frame.place(page, f"/till/purchase/{body_of(answer.body)['id']}"))


def _ask_again(page: Page, held: dict[str, Any]) -> Response:
    """The member is asked on their phone: the form is sent again, as it is, until they answered.
    It is the same hold and will be the same purchase, however often."""
    answer = page.fragment("console/till/sale_wait.html", "wait", root=frame.place(page), row=held)
    answer.headers["HX-Retarget"] = "#alerts"
    answer.headers["HX-Reswap"] = "innerHTML"
    return answer


async def _free(page: Page, redemption_id: str) -> None:
    """Gives the points of a sale that was refused back at once, not when their hold runs out."""
    row = await read_redemption(page.house, page.merchant_id, redemption_id)
    if row["state"] != RedemptionState.HELD:
        return
    command = CloseRedemption(
        claim(page, "free", redemption_id), redemption_id, page.here.id, False,
        lambda done: encode({"id": done.redemption_id}),
    )  # fmt: skip
    await page.house.committer.submit(command)


def _read(page: Page) -> _Sale:
    """The form; what is wrong with it is in the form's errors."""
    form, currency = page.form, page.here.currency
    lines = _lines(form, currency)
    if lines:
        amount_minor = sum(line.amount_minor for line in lines)
    else:
        amount_minor = form.amount_minor("amount", currency, required=False)
    receipt = form.text("receipt", max_length=128, required=False)
    if not receipt:
        # Of the form's own key, so that a form that is sent again names the same receipt.
        receipt = f"T-{(form.raw('key') or page.new_key())[-12:].upper()}"
    try:
        receipt_id(receipt)
    except MereauError as refusal:
        form.refuse("receipt", page.tongue.problem(refusal))
    pay_minor = None
    if form.ticked("pay") and form.raw("pay_minor").isdecimal():
        pay_minor = int(form.raw("pay_minor")[:15])
    store = page.request.cookies.get(STORE_COOKIE, "")[:64] or None
    return _Sale(amount_minor, lines, receipt, pay_minor, store)


def _lines(form: Form, currency: str) -> tuple[Line, ...]:
    """The basket: lines with a price; `price` is of one piece."""
    found: list[Line] = []
    columns = (form.all("sku"), form.all("quantity"), form.all("price"))
    for number, (sku, quantity, price) in enumerate(zip(*columns, strict=False)):
        if not price:
            if sku:
                form.refuse("price", NOT_AN_AMOUNT)
            continue
        one = Form({"quantity": [quantity or "1"], "price": [price]})
        pieces = one.integer("quantity", 1, QUANTITY_MAX)
        price_minor = one.amount_minor("price", currency)
        if one.errors or len(found) >= LINES_MAX or len(sku) > 64:
            form.refuse("price", next(iter(one.errors.values()), NOT_A_NUMBER))
            continue
        found.append(Line(str(number + 1), pieces * price_minor, pieces, sku=sku or None))
    return tuple(found)


async def _done(page: Page) -> Response:
    """What was accepted, why, and how far it is on its way to the chain."""
    house, merchant_id = page.house, page.merchant_id
    purchase = await read_purchase(house, merchant_id, page.path("purchase_id"))
    row = purchase.row
    member = await at_till(page, row["member_id"])
    operation = None
    if row["operation_id"] is not None:
        operation = await read_operation(house, merchant_id, row["operation_id"])
    receipt = await purchase_receipt(page, purchase, member)
    undoable = not purchase.returns and house.now_ms() - row["received_at_ms"] < UNDO_MS
    return await show(
        page, "till/purchase.html",
        purchase=purchase, member=member, operation=operation, receipt=receipt, undoable=undoable,
    )  # fmt: skip


async def _undo(page: Page) -> Response:
    """Takes the whole purchase back as a return; the purchase stays in the books, and so do its
    points and what took them back."""
    purchase_id = page.path("purchase_id")
    purchase = await read_purchase(page.house, page.merchant_id, purchase_id)
    if page.house.now_ms() - purchase.row["received_at_ms"] >= UNDO_MS:
        return refuse(page, page.say(TOO_LATE))
    signed = await look_at_member(page.house, page.merchant_id, purchase.row["member_id"])
    command = ReturnPurchase(
        claim(page, "undo", purchase_id), purchase_id, purchase.row["program_id"], Asked(),
        lambda done: encode({"id": done.return_id}), signed,
    )  # fmt: skip
    done = DoneBy(command, page.user, Action.PURCHASE_UNDONE, page.here.id, purchase_id)
    answer = await page.house.committer.submit(done)
    place = frame.place(page, f"/till/returned/{body_of(answer.body)['id']}")
    return page.redirect(place, page.say(UNDONE))


async def _status(page: Page) -> Response:
    """Where an operation is on its way; asks again until it is on chain."""
    operation = await read_operation(page.house, page.merchant_id, page.path("operation_id"))
    return page.fragment(
        "console/till/status_part.html", "status", root=frame.place(page), operation=operation
    )
