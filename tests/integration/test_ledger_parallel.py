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
from tests.ledger_audit import audit, records_of

pytest_plugins = ["tests.api_client"]


@pytest.fixture
def second(shop: Shop) -> Iterator[Shop]:
    """The same merchant's till at another process: engines and a writer of its own."""
    theirs = open_database(shop.database.kind, shop.database.ledger_url, shop.database.mirror_url)
    with open_shop(theirs, shop.clock, seed="second") as opened:
        opened.secret, opened.merchant_id = shop.secret, shop.merchant_id
        opened.program_id = shop.program_id
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


def test_fifty_duplicates_at_once_are_one_purchase(shop: Shop) -> None:
    member = shop.enrol()
    body = shop.purchase(member)
    answers = together(*[(shop, "/purchases", body, "same")] * 50)
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert Counter("idempotency-replayed" in a.headers for a in answers) == {True: 49, False: 1}
    assert shop.balance(member) == (10, 0)
    assert len(records_of(shop.database.ledger, "journal")) == 1


@pytest.mark.parametrize("capture", [False, True])
def test_of_fifty_redemptions_at_once_those_that_are_covered_succeed(
    shop: Shop, capture: bool
) -> None:
    member = shop.enrol()
    shop.buy(member, 10_500)
    asked = [shop.redemption(member, 10, capture=capture) for _ in range(50)]
    answers = together(*[(shop, "/redemptions", b, f"r{n}") for n, b in enumerate(asked)])
    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 40}
    refusals = {a.json()["code"] for a in answers if a.status_code == 409}
    assert refusals == {"insufficient_points"}
    assert shop.balance(member) == ((5, 0) if capture else (5, 100))
    audit(shop.database.ledger)


def test_fifty_captures_of_one_hold_burn_once(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member)
    path = f"/redemptions/{shop.redeem(member, 10)['id']}/capture"
    answers = together(*[(shop, path, None, f"c{n}") for n in range(50)])
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
    assert shop.balance(member) == (0, 0)
    audit(shop.database.ledger)


def test_duplicates_at_two_processes_are_one_purchase(shop: Shop, second: Shop) -> None:
    member = shop.enrol()
    body = shop.purchase(member)
    tills = [shop, second] * 20
    answers = together(*[(till, "/purchases", body, "same") for till in tills])
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert shop.balance(member) == second.balance(member) == (10, 0)


def test_one_receipt_under_many_keys_at_two_processes_is_one_purchase(
    shop: Shop, second: Shop
) -> None:
    body = shop.purchase(shop.enrol())
    tills = [shop, second] * 20
    answers = together(*[(till, "/purchases", body, f"k{n}") for n, till in enumerate(tills)])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 39}
    audit(shop.database.ledger)


def test_one_customer_enrolled_at_two_processes_is_one_member(shop: Shop, second: Shop) -> None:
    body = {"program_id": shop.program_id, "phone": "+33612345678"}
    tills = [shop, second] * 10
    answers = together(*[(till, "/members", body, f"k{n}") for n, till in enumerate(tills)])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    [enrolled] = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert {problem["member_id"] for problem in refusals} == {enrolled}


def test_two_processes_with_mixed_traffic_keep_the_books(shop: Shop, second: Shop) -> None:
    members = [shop.enrol() for _ in range(4)]
    for member in members:
        shop.buy(member, 3000)
    chance = random.Random(7)
    asked: list[tuple[Shop, str, Any, str]] = []
    for number in range(200):
        till, member = chance.choice([shop, second]), chance.choice(members)
        if chance.random() < 0.4:
            body = till.purchase(member, chance.randrange(0, 2000))
            asked.append((till, "/purchases", body, f"mixed-{number}"))
        else:
            body = till.redemption(member, chance.randrange(1, 30), capture=chance.random() < 0.5)
            asked.append((till, "/redemptions", body, f"mixed-{number}"))
    asked += chance.sample(asked, 50)
    answers = together(*asked)
    assert {answer.status_code for answer in answers} <= {201, 409}
    by_key: dict[str, set[bytes]] = {}
    for (_, _, _, key), answer in zip(asked, answers, strict=True):
        if answer.status_code == 201:
            by_key.setdefault(key, set()).add(answer.content)
    assert all(len(bodies) == 1 for bodies in by_key.values())
    audit(shop.database.ledger)
    for member in members:
        available, held = shop.balance(member)
        assert available >= 0
        assert (available, held) == second.balance(member)


def test_programs_created_under_one_key_at_two_processes_are_one(shop: Shop, second: Shop) -> None:
    """No row of a program orders these two: the idempotency record's own key does."""
    body = {
        "name": "Once", "symbol": "ONCE", "currency": "EUR",
        "earning": {"points": 1, "per_amount_minor": 100},
    }  # fmt: skip
    answers = together(*[(till, "/programs", body, "same") for till in [shop, second] * 10])
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    names = [row["name"] for row in records_of(shop.database.ledger, "programs")]
    assert names.count("Once") == 1


def test_two_processes_on_many_programs_do_not_wait_for_each_other_for_ever(
    shop: Shop, second: Shop
) -> None:
    """Each takes the programs of a group in one order, whatever the order of the requests."""
    programs = [shop.program_id, *[shop.open_program(name=f"P{n}") for n in range(3)]]
    members = {program: shop.enrol(program) for program in programs}
    asked: list[tuple[Shop, str, Any, str]] = []
    for number in range(100):
        for till, program in ((shop, programs[number % 4]), (second, programs[-1 - number % 4])):
            body = till.purchase(members[program], program_id=program)
            asked.append((till, "/purchases", body, f"{program}-{number}-{id(till)}"))
    answers = together(*asked)
    assert Counter(answer.status_code for answer in answers) == {201: 200}
    audit(shop.database.ledger)
