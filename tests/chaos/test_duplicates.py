"""Fifty of the same at once, over real HTTP: one effect, one answer."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.chaos.kit import Answer, Site, new_key

PARALLEL = 50


def one_answer(answers: list[Answer]) -> dict[str, Any]:
    """What all of them say; 409 is allowed to those that came while the first was under way."""
    told = [answer for answer in answers if answer.status != 409]
    assert {answer.json["code"] for answer in answers if answer.status == 409} <= {"in_progress"}
    assert told
    assert {answer.status for answer in told} <= {200, 201}
    assert len({(answer.status, answer.body) for answer in told}) == 1
    return told[0].json


def fifty(house: Site, path: str, body: Any) -> list[Answer]:
    return house.at_once([(path, body, new_key())] * PARALLEL)


def test_fifty_of_one_purchase_one_redemption_one_capture(house: Site) -> None:
    house.start("serve", "settle", "index")
    member = house.enrol("ada")["ada"]
    bought = one_answer(fifty(house, "/v1/purchases", house.purchase("ada", 40)))
    assert bought["balance"]["available"] == 40
    held = {"program_id": house.program_id, "member_id": member, "points": 15}
    hold = one_answer(fifty(house, "/v1/redemptions", held))
    assert hold["balance"] == {"available": 25, "pending": 0, "held": 15}
    captured = one_answer(fifty(house, f"/v1/redemptions/{hold['id']}/capture", None))
    assert captured["status"] == "captured"
    spent = one_answer(fifty(house, "/v1/redemptions", {**held, "points": 5, "capture": True}))
    assert spent["balance"] == {"available": 20, "pending": 0, "held": 0}
    house.expected["ada"] = 20
    house.expect_settled()
    supply = house.supply()
    assert (supply["minted"], supply["redeemed"]) == (40, 20)


def test_fifty_keys_for_one_receipt_and_for_one_capture_have_one_effect(house: Site) -> None:
    house.start("serve")
    member = house.enrol("ada")["ada"]
    body = house.purchase("ada", 10)
    answers = house.at_once([("/v1/purchases", body, new_key()) for _ in range(PARALLEL)])
    assert Counter(answer.status for answer in answers) == {201: 1, 409: PARALLEL - 1}
    hold = house.ask(
        "POST",
        "/v1/redemptions",
        {"program_id": house.program_id, "member_id": member, "points": 4},
        new_key(),
    ).json
    path = f"/v1/redemptions/{hold['id']}/capture"
    answers = house.at_once([(path, None, new_key()) for _ in range(PARALLEL)])
    assert Counter(answer.status for answer in answers) == {200: 1, 409: PARALLEL - 1}
    balance = house.ask("GET", f"/v1/members/{member}/balance").json
    assert (balance["available"], balance["held"]) == (6, 0)


def test_of_fifty_redemptions_ten_fit_the_balance(house: Site) -> None:
    house.start("serve", "settle", "index")
    house.buy("ada", 10 * 7 + 6)
    member = house.ask("GET", f"/v1/members?program_id={house.program_id}&external_id=ada").json
    body = {"program_id": house.program_id, "member_id": member["data"][0]["id"], "points": 7}
    body["capture"] = True
    answers = house.at_once([("/v1/redemptions", body, new_key()) for _ in range(PARALLEL)])
    assert Counter(answer.status for answer in answers) == {201: 10, 409: PARALLEL - 10}
    refusals = [answer.json["code"] for answer in answers if answer.status == 409]
    assert set(refusals) == {"insufficient_points"}
    house.expected["ada"] = 6
    house.expect_settled()
