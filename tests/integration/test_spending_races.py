"""Many at once on the same points, the last pieces and the same voucher: FEATURES §6, case 7."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api_client import Shop, accepted, open_shop
from tests.conftest import open_database
from tests.integration.spending_kit import claim, gift_card, reward, use
from tests.integration.test_ledger_parallel import together
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]


@pytest.fixture
def second(till: Shop) -> Iterator[Shop]:
    """The same merchant's till at another process: engines and a writer of its own."""
    theirs = open_database(till.database.kind, till.database.ledger_url, till.database.mirror_url)
    with open_shop(theirs, till.clock, seed=till.fresh_seed()) as opened:
        opened.secret, opened.merchant_id = till.secret, till.merchant_id
        opened.program_id = till.program_id
        opened.numbers = iter(range(1_000_000, 2_000_000))
        yield opened
    theirs.dispose()


def fifty(path: str, bodies: list[Any], *tills: Shop) -> Counter[tuple[int, str | None]]:
    """Status and code of fifty requests at once, from all tills in turn."""
    asked = [
        (tills[number % len(tills)], path, bodies[number % len(bodies)], f"{path}-{number}")
        for number in range(50)
    ]
    return Counter((each.status_code, each.json().get("code")) for each in together(*asked))


def test_case_7_fifty_claims_of_the_last_ten_pieces_at_two_tills_are_ten(
    till: Shop, second: Shop
) -> None:
    members = [till.enrol() for _ in range(50)]
    for member in members:
        till.buy(member, 1000)
    last = reward(till, stock=10)
    bodies = [{"member_id": member} for member in members]
    answers = fifty(f"/rewards/{last}/claims", bodies, till, second)
    sold_out = answers.pop((409, "reward_sold_out"))
    # A voucher's code is in the body, so that a granted claim has a `code` nowhere else.
    assert answers == {(201, None): 10}
    assert sold_out == 40
    assert accepted(till.get(f"/rewards/{last}"))["left"] == 0
    assert sum(till.balance(member)[0] for member in members) == 400
    audit(till.database.ledger)


def test_case_7_a_double_click_on_a_reward_of_one_per_member_is_one_claim(
    till: Shop, second: Shop
) -> None:
    member = till.enrol()
    till.buy(member, 100_000)
    once = reward(till, limit_per_member={"count": 1})
    held = {"member_id": member, "capture": False}
    answers = fifty(f"/rewards/{once}/claims", [{"member_id": member}, held], till, second)
    assert answers == {(201, None): 1, (409, "reward_limit_reached"): 49}
    audit(till.database.ledger)


def test_case_7_fifty_uses_of_one_voucher_at_two_tills_are_one(till: Shop, second: Shop) -> None:
    member = till.enrol()
    till.buy(member, 1000)
    code = claim(till, reward(till), member)["voucher"]["code"]
    answers = fifty("/voucher-uses", [{"code": code, "redeem": True}, {"code": code}], till, second)
    assert answers == {(201, None): 1, (409, "voucher_not_usable"): 49}


def test_case_7_fifty_parts_of_a_gift_card_never_pass_its_value(till: Shop, second: Shop) -> None:
    code = gift_card(till, 1000)["code"]
    body = {"code": code, "amount_minor": 130, "redeem": True}
    answers = fifty("/voucher-uses", [body], till, second)
    assert answers == {(201, None): 7, (409, "voucher_value_exceeded"): 43}
    assert use(till, code)["units"] == 90


def test_case_7_fifty_captures_of_one_claim_give_one_voucher(till: Shop, second: Shop) -> None:
    member = till.enrol()
    till.buy(member, 1000)
    held = claim(till, reward(till, stock=1), member, capture=False)
    answers = fifty(f"/claims/{held['id']}/capture", [None], till, second)
    assert answers == {(200, None): 1, (409, "claim_not_held"): 49}
    assert len(till.records("vouchers")) == 1
    audit(till.database.ledger)
