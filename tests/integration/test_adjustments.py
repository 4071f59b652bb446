"""Points given and taken by hand: exactly once, never more than there are, and on chain."""

from __future__ import annotations

from typing import Any

import pytest

from backend.core.adjustments import AdjustmentReason
from backend.core.errors import MereauError
from backend.core.roles import Role
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord, user_by_email
from backend.services.adjust_points import AdjustPoints, DecideAdjustment
from tests.anvil import Anvil
from tests.api_client import Shop, accepted, refused
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import open_front
from tests.ledger_audit import audit
from tests.pages_kit import Pages

pytest_plugins = ["tests.pages_kit", "tests.integration.settle_fixtures"]

GIFT: dict[str, Any] = {"points": 50, "reason": "goodwill", "note": "Waited an hour for the bread."}


def test_an_adjustment_counts_once_and_says_why(pages: Pages) -> None:
    shop = pages.shop
    member_id = shop.enrol()
    path = f"/members/{member_id}/adjustments"
    first, again = (shop.post(path, GIFT, key="gift") for _ in range(2))
    assert accepted(first) == accepted(again)
    assert first.json()["status"] == "posted"
    assert shop.balance(member_id) == (50, 0)
    other = shop.post(path, GIFT | {"points": 60}, key="gift")
    refused(other, 422, "idempotency_key_reused")
    entry = accepted(shop.get(f"/members/{member_id}/history"))["data"][0]
    assert (entry["kind"], entry["points"]) == ("adjust_credit", 50)
    assert entry["reasons"] == [{"rule": "adjustment:goodwill", "points": 50, "text": "goodwill"}]
    assert str(GIFT["note"]) not in str(shop.records("journal"))
    accepted(shop.post(path, GIFT | {"points": -20, "reason": "misuse"}))
    assert shop.balance(member_id) == (30, 0)
    audit(shop.database.ledger)


def test_what_cannot_be_is_refused_and_writes_nothing(pages: Pages) -> None:
    shop = pages.shop
    member_id = shop.enrol()
    path = f"/members/{member_id}/adjustments"
    before = shop.snapshot()
    refused(shop.post(path, GIFT | {"points": -1}), 409, "insufficient_points")
    refused(shop.post(path, GIFT | {"points": 0}), 422, "adjustment_invalid")
    refused(shop.post(path, GIFT | {"note": "   "}), 422, "adjustment_invalid")
    refused(shop.post(path, GIFT | {"points": 2**40}), 422, "adjustment_invalid")
    refused(shop.get("/adjustments/adj_none"), 404, "unknown_adjustment")
    assert shop.snapshot() == before


def test_members_who_sign_themselves_lose_no_points_by_hand(pages: Pages) -> None:
    shop = pages.shop
    program_id = shop.open_program(signed_only=True)
    member_id = shop.enrol(program_id)
    path = f"/members/{member_id}/adjustments"
    accepted(shop.post(path, GIFT))
    refused(shop.post(path, GIFT | {"points": -10}), 409, "signature_required")


def test_more_than_the_bound_waits_for_somebody_else_and_is_decided_once(pages: Pages) -> None:
    shop = pages.shop
    member_id = shop.enrol()
    asked = accepted(shop.post(f"/members/{member_id}/adjustments", GIFT | {"points": 501}))
    assert (asked["status"], asked["operation_id"]) == ("waiting", None)
    assert shop.balance(member_id) == (0, 0)
    cashier, owner, manager = (_user(pages, r) for r in (Role.CASHIER, Role.OWNER, Role.MANAGER))
    # All in one group: what the first decides, the others have to see.
    decisions = [_decision(shop, asked["id"], member_id, by) for by in (cashier, owner, manager)]
    outcomes = shop.house.committer.execute(decisions)
    said = [each.body if isinstance(each, Answer) else _code(each) for each in outcomes]
    assert said == ["approval_by_another", b"posted", "adjustment_decided"]
    assert shop.balance(member_id) == (501, 0)
    read = accepted(shop.get(f"/adjustments/{asked['id']}"))
    assert read["status"] == "posted"
    assert read["operation_id"] is not None
    audit(shop.database.ledger)


def test_who_asked_never_decides(pages: Pages) -> None:
    shop, owner = pages.shop, _user(pages, Role.OWNER)
    member_id = shop.enrol()
    claim = Claim(shop.merchant_id, "asks", "asks")
    asking = AdjustPoints(
        claim, owner, shop.program_id, member_id, 600, AdjustmentReason.CONTEST, "First prize.",
        lambda done: done.row["id"].encode(),
    )  # fmt: skip
    (asked,) = shop.house.committer.execute([asking])
    assert isinstance(asked, Answer)
    adjustment_id = asked.body.decode()
    own, other = (
        _decision(shop, adjustment_id, member_id, by, approve=False)
        for by in (owner, _user(pages, Role.OWNER))
    )
    (refusal,) = shop.house.committer.execute([own])
    assert _code(refusal) == "approval_by_another"
    (refused_it,) = shop.house.committer.execute([other])
    assert isinstance(refused_it, Answer)
    assert accepted(shop.get(f"/adjustments/{adjustment_id}"))["status"] == "refused"
    assert shop.balance(member_id) == (0, 0)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_adjustments_settle_and_reconcile(
    ledger_database: LedgerDatabase, shared_anvil: Anvil
) -> None:
    with open_front(ledger_database, shared_anvil) as front:
        till = front.till
        member_id = till.enrol()
        till.buy(member_id, 2000)
        for points in (30, -45):
            body = GIFT | {"points": points}
            accepted(till.post(f"/members/{member_id}/adjustments", body))
        front.settle()
        front.look()
        assert front.points(front.address(member_id)) == 5
        assert till.balance(member_id) == (5, 0)


def _user(pages: Pages, role: Role) -> StaffRecord:
    email = pages.add_user(role)
    with pages.shop.database.ledger.connect() as connection:
        found = user_by_email(connection, email)
    assert found is not None
    return found


def _decision(
    shop: Shop, adjustment_id: str, member_id: str, by: StaffRecord, *, approve: bool = True
) -> DecideAdjustment:
    claim = Claim(shop.merchant_id, by.id, by.id)
    return DecideAdjustment(
        claim, by, adjustment_id, shop.program_id, member_id, approve,
        lambda done: done.row["state"].encode(),
    )  # fmt: skip


def _code(outcome: object) -> str:
    assert isinstance(outcome, MereauError), outcome
    return outcome.code
