"""Two accounts of one person become one: points with their ages, cards, histories."""

from __future__ import annotations

from backend.services.release_points import ReleaseSweep
from tests.api_client import Shop, accepted, another_merchant, refused
from tests.earning_kit import BASE, fixed, pending, publish
from tests.integration import tier_kit as tiers
from tests.integration.test_earning_referral import brought, code_of, refer
from tests.integration.test_lives import PHONE, bought_by, identify
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
DAY = 24 * 3600
EXPIRY = {"period_months": 1, "validity_periods": 2, "timezone": "Europe/Paris"}


def merge(till: Shop, source: str, target: str) -> dict[str, object]:
    return accepted(till.post(f"/members/{source}/merge", {"into_member_id": target}))


def lots(till: Shop, member: str) -> list[tuple[int, str]]:
    read = accepted(till.get(f"/members/{member}/balance"))
    return [(lot["points"], lot["last_day"]) for lot in read["expiring"]]


def test_case_13_duplicates_become_one_with_every_lot_as_old_as_it_was(till: Shop) -> None:
    """FEATURES §6 case 13: lots with expiry, redirects, both histories readable."""
    till.program_id = till.open_program(expiry=EXPIRY)
    source = till.enrol(phone=PHONE, card="OLD1")
    target = till.enrol(email="ana@example.org", card="NEW1")
    old = till.buy(source, 4000)
    till.clock.forward(40 * DAY)
    till.buy(source, 1000)
    till.buy(target, 500)
    before = lots(till, source)
    assert [points for points, _ in before] == [40, 10]
    answer = till.post(f"/members/{source}/merge", {"into_member_id": target}, key="merge")
    done = accepted(answer)
    assert (done["moved_points"], done["merged_into"]) == (50, target)
    assert len(done["operation_ids"]) == 3
    assert till.balance(source) == (0, 0)
    assert lots(till, target) == [(40, before[0][1]), (15, before[1][1])]
    for known_by in ({"phone": PHONE}, {"card": "OLD1"}, {"card": "NEW1"}):
        assert bought_by(till, **known_by) == target
    both = accepted(till.get(f"/members/{target}"))["identifiers"]
    assert sorted(both["card"]) == ["NEW1", "OLD1"]
    gone = accepted(till.get(f"/members/{source}"))
    assert (gone["state"], gone["merged_into"], gone["phone"]) == ("merged", target, None)
    redirected = refused(till.post("/purchases", till.purchase(source)), 409, "member_merged")
    assert redirected["merged_into"] == target
    kinds = [e["kind"] for e in accepted(till.get(f"/members/{source}/history"))["data"]]
    assert kinds == ["adjust_debit", "accrue", "accrue"]
    operation = accepted(till.get(f"/operations/{done['operation_ids'][1]}"))
    assert (operation["member_id"], operation["points"]) == (target, 40)
    assert till.post(f"/members/{source}/merge", {"into_member_id": target}, key="merge").content \
        == answer.content  # fmt: skip
    # What the source bought goes back from the one who has its points now.
    returned = accepted(till.post(f"/purchases/{old['id']}/returns"))
    assert returned["points"] == {"taken_back": 40, "unrecovered": 0}
    steps = accepted(till.get(f"/members/{target}/changes"))["data"]
    assert [(step["kind"], step["other_member_id"]) for step in steps] == [("merged_from", source)]
    supply = accepted(till.get(f"/programs/{till.program_id}/supply"))
    assert (supply["minted"], supply["redeemed"], supply["returned"]) == (85, 0, 40)
    audit(till.database.ledger)


def test_a_redemption_of_the_source_is_refunded_to_who_they_became(till: Shop) -> None:
    source, target = till.enrol(), till.enrol()
    till.buy(source, 5000)
    spent = till.redeem(source, 20, capture=True)
    merge(till, source, target)
    third = till.enrol()
    merge(till, target, third)
    assert accepted(till.get(f"/members/{source}"))["merged_into"] == third
    accepted(till.post(f"/redemptions/{spent['id']}/refund"))
    assert till.balance(third) == (50, 0)
    audit(till.database.ledger)


def test_what_cannot_be_merged(till: Shop) -> None:
    source, target = till.enrol(), till.enrol()
    till.buy(source, 5000)
    path = f"/members/{source}/merge"
    refused(till.post(path, {"into_member_id": source}), 409, "merge_impossible")
    elsewhere = till.enrol(till.open_program(name="Other"))
    refused(till.post(path, {"into_member_id": elsewhere}), 404, "unknown_member")
    theirs = another_merchant(till).enrol()
    refused(till.post(path, {"into_member_id": theirs}), 404, "unknown_member")
    held = till.redeem(source, 10)
    refused(till.post(path, {"into_member_id": target}), 409, "member_has_holds")
    till.post(f"/redemptions/{held['id']}/cancel")
    accepted(till.post(f"/members/{target}/close", {}))
    refused(till.post(path, {"into_member_id": target}), 409, "member_closed")
    assert till.balance(source) == (50, 0)


def test_erasing_who_was_merged_erases_both_names(till: Shop) -> None:
    source, target = till.enrol(phone=PHONE), till.enrol(card="C111")
    till.buy(source, 1000)
    merge(till, source, target)
    accepted(till.post(f"/members/{target}/erase", {"forfeit_points": True}))
    assert accepted(till.get(f"/members/{source}"))["erased"]
    refused(till.post("/purchases", identify(till, phone=PHONE)), 404, "unknown_member")
    audit(till.database.ledger)


def test_one_welcome_for_one_person(till: Shop) -> None:
    """FEATURES §6 case 13: no double welcome bonus."""
    publish(till, BASE, fixed("welcome", 20, on="signup"))
    source, target = till.enrol(), till.enrol()
    assert (till.balance(source), till.balance(target)) == ((20, 0), (20, 0))
    till.buy(source, 1000)
    done = merge(till, source, target)
    assert (done["moved_points"], done["second_welcome_points"]) == (30, 20)
    assert till.balance(target) == (30, 0)
    audit(till.database.ledger)


def test_a_second_welcome_that_still_waits_never_comes(till: Shop) -> None:
    publish(till, fixed("welcome", 20, on="signup", pending={"days": 10}))
    source, target = till.enrol(), till.enrol()
    assert pending(till, source) == pending(till, target) == 20
    done = merge(till, source, target)
    assert (done["moved_points"], done["second_welcome_points"]) == (0, 0)
    assert (pending(till, source), pending(till, target)) == (0, 20)
    audit(till.database.ledger)


def test_stamps_of_two_cards_fill_one(till: Shop) -> None:
    stamps = {"kind": "stamps", "card": 5, "per": "purchase", "points": 50}
    publish(till, {"id": "card", "title": "Card", "earn": stamps})
    source, target = till.enrol(), till.enrol()
    for member in (source, source, target, target):
        assert till.buy(member)["points"]["earned"] == 0
    merge(till, source, target)
    assert till.buy(target)["points"]["earned"] == 50


def test_the_better_tier_is_kept(till: Shop) -> None:
    tiers.publish(till, tiers.document())
    now = "2026-01-01T00:00:00Z"
    silver, bronze = till.enrol(), till.enrol()
    till.buy(silver, 30_000, occurred_at=now)
    till.buy(bronze, 5_000, occurred_at=now)
    assert (tiers.tier_id(till, silver), tiers.tier_id(till, bronze)) == ("silver", "bronze")
    merge(till, silver, bronze)
    assert tiers.tier_id(till, bronze) == "silver"
    # What both spent counts together: 15,000 more make 50,000.
    till.buy(bronze, 15_000, occurred_at=now)
    assert tiers.tier_id(till, bronze) == "gold"
    fresh = till.enrol()
    merge(till, bronze, fresh)
    assert tiers.tier_id(till, fresh) == "gold"
    audit(till.database.ledger)


def test_only_their_signature_moves_the_points_of_who_signs(till: Shop) -> None:
    till.program_id = till.open_program(signed_only=True)
    source, target = till.enrol(), till.enrol()
    till.buy(source, 1000)
    body = {"into_member_id": target}
    refused(till.post(f"/members/{source}/merge", body), 409, "signature_required")
    done = accepted(till.post(f"/members/{source}/erase", {}))
    assert (done["forfeited_points"], done["kept_points"]) == (0, 10)
    audit(till.database.ledger)


def test_who_brought_a_friend_is_rewarded_under_the_id_they_have_now(till: Shop) -> None:
    ada, friend = brought(till)
    now = till.enrol()
    merge(till, ada, now)
    till.buy(friend, 3000)
    assert (pending(till, ada), pending(till, now)) == (0, 500)
    newcomer = till.enrol()
    told = accepted(refer(till, newcomer, code_of(till, now)))
    assert told["referrer_id"] == now


def test_nobody_brought_themselves(till: Shop) -> None:
    """Two accounts of one person, one of which referred the other."""
    ada, twin = brought(till)
    merge(till, ada, twin)
    till.buy(twin, 3000)
    assert (pending(till, ada), pending(till, twin)) == (0, 0)
    audit(till.database.ledger)


def test_a_friend_of_somebody_erased_shops_as_ever(till: Shop) -> None:
    ada, friend = brought(till)
    accepted(till.post(f"/members/{ada}/erase", {}))
    assert till.buy(friend, 3000)["points"]["earned"] == 30
    till.clock.forward(15 * DAY)
    house = till.house
    ReleaseSweep(till.database.ledger, till.clock, house.new_id, house.vault).step()
    assert till.balance(friend) == (230, 0)
    assert till.balance(ada) == (0, 0)
    audit(till.database.ledger)
