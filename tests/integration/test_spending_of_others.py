"""Rewards and vouchers of others: of a coalition's tills, of merged and deactivated members."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, update

from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.life_tables import ProgramPartner
from backend.ledger.tables import Program
from tests.api_client import Shop, accepted, another_merchant, refused
from tests.integration.spending_kit import claim, gift_card, reward, use

pytest_plugins = ["tests.api_client"]
pytestmark = pytest.mark.parametrize("shared_shop", ["sqlite"], indirect=True)


@pytest.fixture
def partner(till: Shop) -> Shop:
    """The till of a merchant that takes part in the program of `till`."""
    other = another_merchant(till)
    programs, partners = table_of(Program), table_of(ProgramPartner)
    with writing(till.database.ledger) as connection:
        here = programs.c.id == till.program_id
        connection.execute(update(programs).where(here).values(coalition=True))
        row = {"merchant_id": other.merchant_id, "earn_points": 1, "earn_per_amount_minor": 100}
        row |= {"program_id": till.program_id, "joined_at_ms": till.clock()}
        connection.execute(insert(partners), row)
    other.program_id = till.program_id
    return other


def test_a_partners_till_gives_rewards_and_takes_vouchers(till: Shop, partner: Shop) -> None:
    member = till.enrol()
    till.buy(member, 10_000)
    coffee = reward(till, cancel_within_hours=1)
    shown = accepted(partner.get("/rewards", program_id=till.program_id))
    assert [each["id"] for each in shown["data"]] == [coffee]
    claimed = claim(partner, coffee, member)
    [redeemed] = partner.records("redemptions")
    assert redeemed["merchant_id"] == partner.merchant_id
    assert accepted(till.get(f"/claims/{claimed['id']}"))["status"] == "granted"
    accepted(partner.post(f"/claims/{claimed['id']}/cancel"))
    code = gift_card(till, 1000)["code"]
    spent = use(partner, code, amount_minor=400, redeem=True)
    accepted(partner.post(f"/voucher-uses/{spent['id']}/reverse", {"amount_minor": 100}))
    assert accepted(till.post("/vouchers/check", {"code": code}))["spent_units"] == 300


def test_what_a_partner_may_not(till: Shop, partner: Shop) -> None:
    member = till.enrol()
    till.buy(member, 10_000)
    coffee = reward(till)
    claimed = claim(till, coffee, member, capture=False)
    card = gift_card(till, 1000)
    reserved = use(till, card["code"], amount_minor=400)
    refused(partner.post(f"/rewards/{coffee}/archive"), 404, "unknown_reward")
    refused(partner.get(f"/claims/{claimed['id']}"), 404, "unknown_claim")
    refused(partner.post(f"/claims/{claimed['id']}/capture"), 404, "unknown_claim")
    path = f"/voucher-uses/{reserved['id']}/redeem"
    refused(partner.post(path), 404, "unknown_voucher_use")
    refused(partner.get(f"/vouchers/{card['id']}"), 404, "unknown_voucher")
    refused(partner.post(f"/vouchers/{card['id']}/void"), 404, "unknown_voucher")
    rival = another_merchant(till)
    refused(rival.post("/vouchers/check", {"code": card["code"]}), 404, "unknown_voucher")
    refused(rival.get("/rewards", program_id=till.program_id), 404, "unknown_program")


def test_who_was_merged_keeps_claims_and_their_limit_under_whom_they_became(till: Shop) -> None:
    source, target = till.enrol(), till.enrol()
    for member in (source, target):
        till.buy(member, 5000)
    once = reward(till, limit_per_member={"count": 1}, cancel_within_hours=1)
    claimed = claim(till, once, source)
    accepted(till.post(f"/members/{source}/merge", {"into_member_id": target}))
    again = {"member_id": target}
    refused(till.post(f"/rewards/{once}/claims", again), 409, "reward_limit_reached")
    shown = accepted(till.get(f"/members/{target}/claims"))["data"]
    assert [each["id"] for each in shown] == [claimed["id"]]
    use(till, claimed["voucher"]["code"])
    till.clock.forward(600)
    cancelled = accepted(till.post(f"/claims/{claimed['id']}/cancel"))
    assert cancelled["restored_points"] == 10
    assert till.balance(target) == (100, 0)
    claim(till, once, target)


def test_a_deactivated_member_claims_nothing(till: Shop) -> None:
    member = till.enrol()
    till.buy(member, 5000)
    coffee = reward(till)
    held = claim(till, coffee, member, capture=False)
    accepted(till.post(f"/members/{member}/deactivate"))
    body = {"member_id": member}
    refused(till.post(f"/rewards/{coffee}/claims", body), 409, "member_deactivated")
    refused(till.post(f"/claims/{held['id']}/capture"), 409, "member_deactivated")
    assert accepted(till.post(f"/claims/{held['id']}/cancel"))["status"] == "cancelled"
