"""A till asks, the member answers: held meanwhile, then burned by their signature or free again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from backend.core.control_errors import ConfirmationOver, UnknownConfirmation
from backend.core.errors import MereauError, SignatureInvalid
from backend.ledger.confirmations import ConfirmationRecord
from backend.services.confirm_redemption import confirm_redemption, refuse_redemption
from backend.services.consent import Consent
from backend.services.house import House
from backend.services.read_confirmations import consent_of, read_confirmation, read_confirmations
from tests.anvil import Anvil
from tests.api_client import HOLD_SECONDS, accepted, refused
from tests.conftest import LedgerDatabase
from tests.earning_kit import publish
from tests.integration.front_kit import Front, open_front
from tests.integration.spending_kit import claim, reward
from tests.ledger_audit import audit
from tests.member_keys import Wallet

pytest_plugins = ["tests.integration.settle_fixtures"]

WALLET = Wallet(bytes(31) + b"\x17")
OTHER = Wallet(bytes(31) + b"\x18")


@pytest.fixture
def front(ledger_database: LedgerDatabase, shared_anvil: Anvil) -> Iterator[Front]:
    with open_front(ledger_database, shared_anvil) as opened:
        yield opened
        opened.look()
        audit(ledger_database.ledger)


@pytest.fixture
def member(front: Front) -> str:
    """A member with 100 points whose wallet alone may spend them."""
    member_id = front.till.enrol()
    front.till.buy(member_id, 10_000)
    front.settle()
    front.rebind(member_id, address=WALLET.address)
    asked = front.asked(member_id, action="set_signed_only", signed_only="true")
    body = {"signed_only": True, "consent": WALLET.sign(asked)}
    assert front.till.post(f"/members/{member_id}/signed-only", body).status_code == 202
    front.settle()
    front.look()
    return member_id


Work = Callable[[House], Coroutine[Any, Any, Any]]


def on_the_card(house: House, *work: Work) -> list[Any]:
    """What services do for the card, all at once; refusals are among the answers."""

    async def together() -> list[Any]:
        return await asyncio.gather(*[each(house) for each in work], return_exceptions=True)

    return asyncio.run(together())


def confirming(member: str, confirmation_id: str, consent: Consent) -> Work:
    return lambda house: confirm_redemption(house, [member], confirmation_id, consent)


def refusing(member: str, confirmation_id: str) -> Work:
    return lambda house: refuse_redemption(house, [member], confirmation_id)


def reading(member: str, confirmation_id: str) -> Work:
    return lambda house: read_confirmation(house, [member], confirmation_id)


def listing(member: str) -> Work:
    return lambda house: read_confirmations(house, [member])


def signed(front: Front, member: str, confirmation_id: str, wallet: Wallet = WALLET) -> Consent:
    """The wallet's signature over what the card shows."""

    async def ask(house: House) -> Any:
        return await consent_of(house, await read_confirmation(house, [member], confirmation_id))

    [asked] = on_the_card(front.till.house, ask)
    assert not isinstance(asked, Exception), asked
    document = {
        "typed_data": asked.typed_data.document(),
        "deadline": asked.deadline_s,
        "redemption_ref": asked.redemption_ref,
    }
    assert asked.typed_data.message["amount"] == 30
    return Consent(asked.deadline_s, bytes.fromhex(wallet.sign(document)["signature"][2:]))


def waiting(front: Front, member: str, **terms: Any) -> dict[str, Any]:
    """A redemption of 30 points that waits for its member."""
    done = front.till.redeem(member, 30, capture=True, confirm="member", **terms)
    assert done["status"] == "awaiting_member"
    return done


def test_a_redemption_waits_and_is_burned_once_by_the_members_signature(
    front: Front, member: str
) -> None:
    house = front.till.house
    body = front.till.redemption(
        member, 30, capture=True, confirm="member", till="Till 2", note="A coffee"
    )
    done = accepted(front.till.post("/redemptions", body, key="asked"))
    assert (done["status"], done["operation_ids"]) == ("awaiting_member", [])
    asked_id = done["confirmation"]["id"]
    assert done["confirmation"]["status"] == "waiting"
    assert done["confirmation"]["url"].endswith(f"/card/confirm/{asked_id}")
    assert front.till.post("/redemptions", body, key="asked").json() == done
    assert front.till.balance(member) == (70, 30)
    answer = front.till.post(f"/redemptions/{done['id']}/capture")
    refused(answer, 409, "confirmation_awaited")
    [[shown]] = on_the_card(house, listing(member))
    assert (shown.id, shown.till, shown.note) == (asked_id, "Till 2", "A coffee")
    assert (shown.merchant_name, shown.points) == ("Martin", 30)
    by_another = signed(front, member, asked_id, OTHER)
    [answer] = on_the_card(house, confirming(member, asked_id, by_another))
    assert isinstance(answer, SignatureInvalid)
    consent = signed(front, member, asked_id)
    answers = on_the_card(house, *[confirming(member, asked_id, consent)] * 4)
    assert [answer.state for answer in answers] == ["confirmed"] * 4
    read = accepted(front.till.get(f"/redemptions/{done['id']}"))
    assert (read["status"], read["confirmation"]["status"]) == ("captured", "confirmed")
    [operation_id] = read["operation_ids"]
    [answer] = on_the_card(house, confirming(member, asked_id, consent))
    assert answer.state == "confirmed"
    front.settle()
    assert front.points(WALLET.address) == 70
    assert front.till.balance(member) == (70, 0)
    status = accepted(front.till.get(f"/operations/{operation_id}"))
    assert (status["status"], status["batch"]) == ("included", None)
    # Who needs no signature is not asked.
    member_id = front.till.enrol()
    front.till.buy(member_id, 10_000)
    done = front.till.redeem(member_id, 30, capture=True, confirm="member")
    assert (done["status"], done["confirmation"]) == ("captured", None)
    body = front.till.redemption(member_id, 10, note="A coffee")
    refused(front.till.post("/redemptions", body), 422, "invalid_request")
    front.settle()


def test_an_answer_is_given_once_and_in_time(front: Front, member: str) -> None:
    """Refused, too late by the clock, taken back by the till, or not theirs: nothing moves."""
    house = front.till.house
    for end in ("refused", "expired", "cancelled"):
        done = waiting(front, member)
        asked_id = done["confirmation"]["id"]
        consent = signed(front, member, asked_id)
        somebody = front.till.enrol()
        answers = on_the_card(
            house,
            reading(somebody, asked_id),
            confirming(somebody, asked_id, consent),
            refusing(somebody, asked_id),
            listing(somebody),
        )
        assert [type(answer) for answer in answers] == [*[UnknownConfirmation] * 3, list]
        assert answers[-1] == []
        if end == "refused":
            refusals = on_the_card(house, *[refusing(member, asked_id)] * 2)
            assert [answer.state for answer in refusals] == ["refused", "refused"]
        elif end == "expired":
            front.till.clock.forward(HOLD_SECONDS)
        else:
            accepted(front.till.post(f"/redemptions/{done['id']}/cancel"))
        before = front.till.snapshot()
        [answer] = on_the_card(house, confirming(member, asked_id, consent))
        assert isinstance(answer, ConfirmationOver)
        assert answer.facts == {"state": end}
        assert front.till.snapshot() == before
        read = accepted(front.till.get(f"/redemptions/{done['id']}"))
        status = "expired" if end == "expired" else "cancelled"
        assert (read["status"], read["confirmation"]["status"]) == (status, end)
        assert front.till.balance(member) == (100, 0)
    asked_id = waiting(front, member)["confirmation"]["id"]
    consent = signed(front, member, asked_id)
    answers = on_the_card(house, refusing(member, asked_id), confirming(member, asked_id, consent))
    won = [each for each in answers if isinstance(each, ConfirmationRecord)]
    lost = [each for each in answers if isinstance(each, MereauError)]
    assert (len(won), len(lost)) == (1, 1), answers
    front.settle()
    left = 70 if won[0].state == "confirmed" else 100
    assert front.points(WALLET.address) == left
    assert front.till.balance(member) == (left, 0)


def test_rewards_and_payments_wait_as_well(front: Front, member: str) -> None:
    publish(front.till, spend={"points": 100, "worth_minor": 100})
    coffee = reward(front.till, steps=[{"points": 30}], stock=1)
    claimed = claim(front.till, coffee, member, confirm="member")
    assert (claimed["status"], claimed["confirmation"]["status"]) == ("held", "waiting")
    refused(front.till.post(f"/claims/{claimed['id']}/capture"), 409, "confirmation_awaited")
    asked_id = claimed["confirmation"]["id"]
    consent = signed(front, member, asked_id)
    [done] = on_the_card(front.till.house, confirming(member, asked_id, consent))
    assert (done.state, done.claim_id) == ("confirmed", claimed["id"])
    read = accepted(front.till.get(f"/claims/{claimed['id']}"))
    assert (read["status"], read["voucher"]["usable"]) == ("granted", True)
    front.settle()
    body = {
        "program_id": front.till.program_id,
        "member_id": member,
        "currency": "EUR",
        "basket_minor": 4_000,
        "amount_minor": 30,
        "confirm": "member",
    }
    paid = accepted(front.till.post("/redemptions/payments", body))
    assert paid["status"] == "awaiting_member"
    purchase = front.till.purchase(member, 4_000, paid_by_redemption=paid["id"])
    refused(front.till.post("/purchases", purchase), 409, "confirmation_awaited")
    asked_id = paid["confirmation"]["id"]
    consent = signed(front, member, asked_id)
    [done] = on_the_card(front.till.house, confirming(member, asked_id, consent))
    assert (done.worth_minor, done.basket_minor) == (30, 4_000)
    front.till.buy(member, 4_000, paid_by_redemption=paid["id"])
    front.settle()
    again = claim(front.till, reward(front.till), member, confirm="member")
    asked_id = again["confirmation"]["id"]
    on_the_card(front.till.house, refusing(member, asked_id))
    assert accepted(front.till.get(f"/claims/{again['id']}"))["status"] == "cancelled"
