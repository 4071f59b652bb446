"""kill -9 of real processes at every point where something is half done."""

from __future__ import annotations

import pytest
import urllib3

from tests.chaos.failpoints import POINTS
from tests.chaos.kit import Answer, Site, new_key


def test_a_settler_killed_anywhere_settles_everything_once(house: Site) -> None:
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    house.expect_settled()
    for number, point in enumerate(POINTS["settle"]):
        house.arm("settle", point)
        house.buy("ada", 10 + number)
        house.buy(f"bob{number}", 3)
        house.until(f"killed {point}", lambda: house.died("settle"))
        assert house.struck("settle", point)
        house.start("settle")
        house.expect_settled()


def test_an_indexer_killed_anywhere_mirrors_everything_once(house: Site) -> None:
    house.start("serve", "settle", "index")
    for number, point in enumerate(POINTS["index"]):
        house.arm("index", point)
        house.buy("ada", 10 + number)
        house.until(f"killed {point}", lambda: house.died("index"))
        house.start("index")
        house.expect_settled()


@pytest.mark.parametrize("point", POINTS["serve"])
def test_a_till_killed_at_its_commit_answers_a_retry_once(house: Site, point: str) -> None:
    house.start("serve", "settle", "index")
    house.buy("ada", 5)
    body, key = house.purchase("ada", 7), new_key()
    house.arm("serve", point)
    with pytest.raises(urllib3.exceptions.HTTPError):
        house.ask("POST", "/v1/purchases", body, key)
    house.until("it is dead", lambda: house.died("serve"), mine=False)
    house.start("serve")
    answers = [house.ask("POST", "/v1/purchases", body, key) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert len({answer.body for answer in answers}) == 1
    again: Answer = house.ask("POST", "/v1/purchases", body, new_key())
    assert (again.status, again.json["code"]) == (409, "receipt_already_recorded")
    house.expected["ada"] += 7
    house.expect_settled()
