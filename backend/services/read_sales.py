"""Read purchases and redemptions with their reasons, and how far they got."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from backend.core.errors import UnknownPurchase, UnknownRedemption
from backend.core.ids import is_id
from backend.core.lifecycle import RedemptionState, redemption_state
from backend.core.returned_parts import Figures
from backend.core.rules import Reason
from backend.ledger import sales
from backend.ledger.operations import operation_of
from backend.ledger.returns import ReturnRecord
from backend.services.ask_confirmation import Asked
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.read_return import read_returns

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PurchaseRead:
    """A purchase, its lines, why it earned what it did; `left` was not returned yet, nothing is
    known of it for a guest's purchase that nobody claimed."""

    row: Row
    lines: list[Row]
    reasons: tuple[Reason, ...]
    grants: tuple[str, ...]
    returns: list[ReturnRecord]
    left: Figures | None


async def read_purchase(house: House, merchant_id: str, purchase_id: str) -> PurchaseRead:
    """Raises UnknownPurchase, also when it is somebody else's."""

    def read(connection: Connection) -> tuple[Row, list[Row], tuple[Reason, ...]] | None:
        row = sales.purchase_by_id(connection, merchant_id, purchase_id)
        if row is None:
            return None
        lines = sales.lines_of(connection, purchase_id)
        return row, lines, reasons_of(connection, merchant_id, row)

    found = await house.ledger.run(read) if is_id("pur", purchase_id) else None
    if found is None:
        raise UnknownPurchase("There is no such purchase.")
    row, lines, reasons = found
    document = json.loads(row["document"]) if row["document"] else {}
    grants = tuple(grant["text"] for grant in document.get("grants", ()))
    if row["member_id"] is None:
        return PurchaseRead(row, lines, reasons, grants, [], None)
    back = await read_returns(house, merchant_id, purchase_id)
    return PurchaseRead(row, lines, reasons, grants, back.records, back.remaining)


def reasons_of(connection: Connection, merchant_id: str, purchase: Row) -> tuple[Reason, ...]:
    """Why, credit by credit: as the purchase has them, or else as its receipt says."""
    if purchase["document"]:
        given = json.loads(purchase["document"]).get("credits", ())
        return tuple(Reason(each["rule"], each["points"], each["text"]) for each in given)
    if purchase["operation_id"] is None:
        return ()
    record = operation_of(connection, merchant_id, purchase["operation_id"])
    return tuple(Reason(*each) for each in json.loads(record.details)["reasons"]) if record else ()


async def read_redemption(house: House, merchant_id: str, redemption_id: str) -> Row:
    """The redemption with `worth_minor` of what it paid, `claim_id` of what it bought, its state
    as of now, and `asked`: how the question to its member stands, None where there was none.
    Raises UnknownRedemption."""
    found = None
    if is_id("red", redemption_id):
        found = await house.ledger.run(
            lambda connection: sales.redemption_by_id(connection, merchant_id, redemption_id)
        )
    if found is None:
        raise UnknownRedemption("There is no such redemption.")
    return as_of(found, house.now_ms())


def as_of(redemption: Row, now_ms: int) -> Row:
    """The redemption's row with the state it has now."""
    stored = RedemptionState(redemption["state"])
    asked = Asked.of(redemption, now_ms)
    return {
        **redemption,
        "state": redemption_state(stored, redemption["expires_at_ms"], now_ms).value,
        "asked": None if asked is None else asked.state.value,
    }


async def page_of(
    house: House, merchant_id: str, member_id: str, kind: str, limit: int, before_id: str | None
) -> tuple[list[Row], bool]:
    """A page of the member's `purchases`, `redemptions` or `returns`, the newest first, and
    whether there are older ones. Raises UnknownMember."""
    record = await member_record(house, merchant_id, member_id)
    reads = {
        "purchases": sales.purchases_of_member,
        "redemptions": sales.redemptions_of_member,
        "returns": sales.returns_of_member,
    }
    found = await house.ledger.run(
        lambda connection: reads[kind](connection, merchant_id, record.id, limit + 1, before_id)
    )
    if kind == "redemptions":
        found = [as_of(row, house.now_ms()) for row in found]
    return found[:limit], len(found) > limit
