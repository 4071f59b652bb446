"""Many at once: through the application, and through two processes on one database."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from tests.api_client import Shop, open_shop
from tests.conftest import open_database
from tests.earning_kit import fixed, publish
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


def together(*asked: tuple[Shop, str, Any, str]) -> list[Response]:
    """Sends requests (shop, path, body, key) all at once; the answers in their order."""

    async def send() -> list[Response]:
        clients: dict[int, AsyncClient] = {}
        waiting: list[Coroutine[Any, Any, Response]] = []
        for shop, path, body, key in asked:
            if id(shop) not in clients:
                transport = ASGITransport(app=shop.app)
                clients[id(shop)] = AsyncClient(transport=transport, base_url="http://till")
            headers = {"Authorization": f"Bearer {shop.secret}", "Idempotency-Key": key}
            waiting.append(clients[id(shop)].post(f"/v1{path}", json=body, headers=headers))
        answers = await asyncio.gather(*waiting)
        for client in clients.values():
            await client.aclose()
        return answers

    return asyncio.run(asyncio.wait_for(send(), 60))


def test_fifty_duplicates_at_once_are_one_purchase(till: Shop) -> None:
    member = till.enrol()
    body = till.purchase(member)
    answers = together(*[(till, "/purchases", body, "same")] * 50)
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert Counter("idempotency-replayed" in a.headers for a in answers) == {True: 49, False: 1}
    assert till.balance(member) == (10, 0)
    assert len(till.records("journal")) == 1


@pytest.mark.parametrize("capture", [False, True])
def test_of_fifty_redemptions_at_once_those_that_are_covered_succeed(
    till: Shop, capture: bool
) -> None:
    member = till.enrol()
    till.buy(member, 10_500)
    asked = [till.redemption(member, 10, capture=capture) for _ in range(50)]
    answers = together(*[(till, "/redemptions", b, f"r{n}") for n, b in enumerate(asked)])
    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 40}
    refusals = {a.json()["code"] for a in answers if a.status_code == 409}
    assert refusals == {"insufficient_points"}
    assert till.balance(member) == ((5, 0) if capture else (5, 100))
    audit(till.database.ledger)


def test_fifty_captures_of_one_hold_burn_once(till: Shop) -> None:
    member = till.enrol()
    till.buy(member)
    path = f"/redemptions/{till.redeem(member, 10)['id']}/capture"
    answers = together(*[(till, path, None, f"c{n}") for n in range(50)])
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
    assert till.balance(member) == (0, 0)
    audit(till.database.ledger)


def test_duplicates_at_two_processes_are_one_purchase(till: Shop, second: Shop) -> None:
    member = till.enrol()
    body = till.purchase(member)
    tills = [till, second] * 20
    answers = together(*[(one, "/purchases", body, "same") for one in tills])
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert till.balance(member) == second.balance(member) == (10, 0)


def test_one_receipt_under_many_keys_at_two_processes_is_one_purchase(
    till: Shop, second: Shop
) -> None:
    body = till.purchase(till.enrol())
    tills = [till, second] * 20
    answers = together(*[(one, "/purchases", body, f"k{n}") for n, one in enumerate(tills)])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 39}
    audit(till.database.ledger)


def test_one_customer_enrolled_at_two_processes_is_one_member(till: Shop, second: Shop) -> None:
    body = {"program_id": till.program_id, "phone": "+33612345678"}
    tills = [till, second] * 10
    answers = together(*[(one, "/members", body, f"k{n}") for n, one in enumerate(tills)])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    [enrolled] = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert {problem["member_id"] for problem in refusals} == {enrolled}


def test_two_processes_with_mixed_traffic_keep_the_books(till: Shop, second: Shop) -> None:
    members = [till.enrol() for _ in range(4)]
    for member in members:
        till.buy(member, 3000)
    chance = random.Random(7)
    asked: list[tuple[Shop, str, Any, str]] = []
    for number in range(200):
        one, member = chance.choice([till, second]), chance.choice(members)
        if chance.random() < 0.4:
            body = one.purchase(member, chance.randrange(0, 2000))
            asked.append((one, "/purchases", body, f"mixed-{number}"))
        else:
            body = one.redemption(member, chance.randrange(1, 30), capture=chance.random() < 0.5)
            asked.append((one, "/redemptions", body, f"mixed-{number}"))
    asked += chance.sample(asked, 50)
    answers = together(*asked)
    assert {answer.status_code for answer in answers} <= {201, 409}
    by_key: dict[str, set[bytes]] = {}
    for (_, _, _, key), answer in zip(asked, answers, strict=True):
        if answer.status_code == 201:
            by_key.setdefault(key, set()).add(answer.content)
    assert all(len(bodies) == 1 for bodies in by_key.values())
    audit(till.database.ledger)
    for member in members:
        available, held = till.balance(member)
        assert available >= 0
        assert (available, held) == second.balance(member)


def test_programs_created_under_one_key_at_two_processes_are_one(till: Shop, second: Shop) -> None:
    """No row of a program orders these two: the idempotency record's own key does."""
    body = {
        "name": "Once", "symbol": "ONCE", "currency": "EUR",
        "earning": {"points": 1, "per_amount_minor": 100},
    }  # fmt: skip
    answers = together(*[(one, "/programs", body, "same") for one in [till, second] * 10])
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    names = [row["name"] for row in till.records("programs")]
    assert names.count("Once") == 1


def test_two_processes_on_many_programs_do_not_wait_for_each_other_for_ever(
    till: Shop, second: Shop
) -> None:
    """Each takes the programs of a group in one order, whatever the order of the requests."""
    programs = [till.program_id, *[till.open_program(name=f"P{n}") for n in range(3)]]
    members = {program: till.enrol(program) for program in programs}
    asked: list[tuple[Shop, str, Any, str]] = []
    for number in range(100):
        for one, program in ((till, programs[number % 4]), (second, programs[-1 - number % 4])):
            body = one.purchase(members[program], program_id=program)
            asked.append((one, "/purchases", body, f"{program}-{number}-{id(one)}"))
    answers = together(*asked)
    assert Counter(answer.status_code for answer in answers) == {201: 200}
    audit(till.database.ledger)


def test_two_processes_share_what_rules_remember_and_a_campaigns_budget(
    till: Shop, second: Shop
) -> None:
    """Each reads the other's standing and budget under the program's lock."""
    stamps = {"id": "card", "earn": {"kind": "stamps", "per": "purchase", "card": 5, "points": 50}}
    gift = fixed("gift", 7, campaign="spring")
    publish(till, stamps, gift, campaigns=[{"id": "spring", "budget_points": 100}])
    member, event = till.enrol(), "only-once"
    asked = []
    for number in range(20):
        at = (till, second)[number % 2]
        asked.append((at, "/purchases", till.purchase(member), f"stamp-{number}"))
    review = {
        "program_id": till.program_id,
        "member_id": member,
        "event_id": event,
        "name": "review",
        "occurred_at": "2026-01-01T00:00:00Z",
    }
    asked += [((till, second)[n % 2], "/events", review, f"review-{n}") for n in range(4)]
    statuses = Counter(answer.status_code for answer in together(*asked))
    assert statuses == {201: 21, 409: 3}
    assert till.balance(member) == (4 * 50 + 100, 0)
    [use] = till.records("campaign_uses")
    assert use["used_points"] == 100
    audit(till.database.ledger)
