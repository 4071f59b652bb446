"""What a till prints for the member: plain text of 40 columns, in the language of the page."""

from __future__ import annotations

from textwrap import wrap
from typing import Final

from backend.services.console_settings import read_settings
from backend.services.read_sales import PurchaseRead
from backend.web.console.till_member import AtTill
from backend.web.kit.languages import marked
from backend.web.kit.page import Page

COLUMNS: Final = 40
EARNED: Final = marked("Points earned")
PENDING: Final = marked("Points to come")
BALANCE: Final = marked("Points available")
PAID: Final = marked("Total")
RECEIPT: Final = marked("Receipt")
THANKS: Final = marked("Thank you, and see you soon!")
LEGAL: Final = marked("Points are personal and cannot be transferred or sold.")
TERMS: Final = marked("Terms: %(uri)s")


def columns(left: str, right: str) -> list[str]:
    """A label and a value, at the two ends of a line, or on two where they do not fit."""
    room = COLUMNS - len(right) - 1
    if len(left) <= room:
        return [f"{left}{right:>{COLUMNS - len(left)}}"]
    return [*wrap(left, COLUMNS), f"{right:>{COLUMNS}}"]


async def purchase_receipt(page: Page, purchase: PurchaseRead, member: AtTill) -> str:
    """Points earned with their reasons, the balance, thanks, and the legal line."""
    say, number, row = page.say, page.tongue.number, purchase.row
    lines = [
        *columns(say(RECEIPT), row["receipt_id"]),
        *columns(say(PAID), page.tongue.money(row["amount_minor"], row["currency"])),
        "",
        *columns(say(EARNED), f"+{number(row['points'])}"),
    ]
    for reason in purchase.reasons:
        lines += columns(f"  {reason.text}"[: COLUMNS * 2], f"{reason.points:+}")
    if row["pending_points"]:
        lines += columns(say(PENDING), f"+{number(row['pending_points'])}")
    return await framed(page, [*lines, *standing(page, member)], row["received_at_ms"])


def standing(page: Page, member: AtTill) -> list[str]:
    """The member's balance now."""
    return columns(page.say(BALANCE), page.tongue.number(member.balance.available_points))


async def framed(page: Page, lines: list[str], at_ms: int) -> str:
    """The lines between what the merchant writes above and below every receipt."""
    settings = await read_settings(page.house, page.here.id)
    head = settings.receipt_head or page.here.name
    foot = settings.receipt_foot or page.say(THANKS)
    ends = [*_wrapped(foot), *_wrapped(page.say(LEGAL))]
    if page.here.terms_uri:
        ends += _wrapped(page.say(TERMS, uri=page.here.terms_uri))
    rule = "-" * COLUMNS
    when = page.tongue.time(at_ms)
    return "\n".join([*_wrapped(head), when, rule, *lines, rule, *ends])


def _wrapped(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in wrap(line, COLUMNS) or [""]]
