"""Members at their card: joined and signed in by codes that travel over real SMTP and HTTP.

Use it with `pytest_plugins = ["tests.pages_kit", "tests.card_kit"]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from backend.core.contact import Channel
from backend.duties.couriers import Courier, SmsCourier, SmtpCourier
from backend.duties.inbox import Inbox, start_mail, start_sms
from backend.duties.messages import SendMessages
from backend.ledger.messages import Received, inbox
from tests.api_client import Clock
from tests.conftest import LedgerDatabase
from tests.pages_kit import Pages, open_pages, send

SENDER = "Méreau <no-reply@shop.example>"


@dataclass
class Cards:
    """The pages with a post office: what is due is sent when somebody asks for what came."""

    pages: Pages
    sender: SendMessages

    @property
    def clock(self) -> Clock:
        return self.pages.shop.clock

    def received(self) -> list[Received]:
        """Sends what is due; all that ever came, newest first."""
        self.clock.forward(1)
        while self.sender.step():
            pass
        house = self.pages.shop.house
        return house.ledger.run_here(lambda connection: inbox(connection, house.vault, 100))

    def code(self, address: str) -> str:
        """The newest code that came to an address."""
        text = next(each.content.text for each in self.received() if each.content.to == address)
        found = re.search(r"\b[0-9]{6}\b", text)
        assert found, text
        return found[0]

    def join(
        self, address: str, name: str = "Zoé", program_id: str = "", **ticks: str
    ) -> httpx2.Client:
        """Somebody who scanned the poster, with their card."""
        client = self.pages.visitor()
        path = f"/card/join/{program_id or self.pages.shop.program_id}"
        asked = send(client, path, {"name": name, "address": address, **ticks})
        assert asked.headers.get("location") == "/card/code", asked.text
        self.enter(client, address)
        return client

    def sign_in(self, address: str, language: str = "en") -> httpx2.Client:
        """Somebody who has a card already."""
        client = self.pages.visitor(language)
        asked = send(client, "/card/sign-in", {"address": address})
        assert asked.headers.get("location") == "/card/code", asked.text
        self.enter(client, address)
        return client

    def enter(self, client: httpx2.Client, address: str) -> None:
        """Types the code that came."""
        answer = send(client, "/card/code", {"code": self.code(address)})
        assert answer.headers.get("location", "").startswith("/card"), answer.text

    def member_id(self, client: httpx2.Client) -> str:
        """Whose card a client looks at."""
        return str(client.cookies["mereau_card"])


def post_office(pages: Pages) -> SendMessages:
    """The worker's duty, over receivers of its own on this machine."""
    house, database = pages.shop.house, pages.shop.database
    kept = Inbox(database.ledger, house.vault, house.now_ms, house.new_id)
    couriers: dict[Channel, Courier] = {
        Channel.EMAIL: SmtpCourier(start_mail(kept), SENDER, house.now_ms),
        Channel.SMS: SmsCourier(start_sms(kept)),
    }
    return SendMessages(database.ledger, house.vault, house.now_ms, couriers)


@pytest.fixture
def cards(ledger_database: LedgerDatabase) -> Iterator[Cards]:
    """On each database in turn."""
    with open_pages(ledger_database) as pages:
        yield Cards(pages, post_office(pages))
