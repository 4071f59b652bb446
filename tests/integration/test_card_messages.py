"""Messages: sent over SMTP and HTTP, tried again, given up in the end, counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from backend.commands.embedded_chain import free_port
from backend.commands.messages import open_messages
from backend.core.contact import DAY_MS, Channel, Content, retry_after_ms
from backend.duties.couriers import Courier, NotNow, SmsCourier, SmtpCourier
from backend.ledger.message_tables import Message
from backend.services.send_message import send_message
from backend.settings import Settings
from backend.wiring import open_databases
from tests.card_kit import SENDER, Cards
from tests.ledger_audit import records_of

pytest_plugins = ["tests.pages_kit", "tests.card_kit"]
one_database = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@dataclass
class Moody:
    """A mail server's answers, the first of which are given; then it takes everything."""

    answers: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802, the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if address.startswith("gone"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.heard.append((envelope.original_content or b"").decode())
        return self.answers.pop(0) if self.answers else "250 taken"


@contextmanager
def mail_server(mood: Moody) -> Iterator[str]:
    """Its URL while it runs."""
    port = free_port("127.0.0.1")
    controller = Controller(mood, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@contextmanager
def gateway(statuses: list[int], heard: list[tuple[str, bytes]]) -> Iterator[str]:
    """An SMS gateway that answers with these statuses, and 200 once there are no more."""

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.headers["Authorization"], body))
            self.send_response(statuses.pop(0) if statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/sms"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def queue(cards: Cards, channel: Channel, to: str) -> None:
    house = cards.pages.shop.house
    cards.clock.forward(1)
    content = Content(to, "Bonjour !", "Un été", "<p>Bonjour !</p>")
    asyncio.run(send_message(house, channel, content, None))


def states(cards: Cards) -> list[tuple[str, int, str | None]]:
    rows = records_of(cards.pages.shop.database.ledger, str(Message.__tablename__))
    rows.sort(key=lambda row: row["id"])
    return [(row["state"], row["attempts"], row["failure"]) for row in rows]


def test_what_is_not_taken_is_tried_again_later_and_later(cards: Cards) -> None:
    mood = Moody(["451 later", "421 busy"])
    with mail_server(mood) as url:
        couriers: dict[Channel, Courier] = {Channel.EMAIL: SmtpCourier(url, SENDER, cards.clock)}
        cards.sender.couriers = couriers
        queue(cards, Channel.EMAIL, "zoe@example.org")
        assert cards.sender.step() == 1
        assert states(cards) == [("waiting", 1, "smtp 451")]
        assert cards.sender.step() == 0
        for attempts in (1, 2):
            cards.clock.forward(retry_after_ms(attempts) // 1000 - 1)
            assert cards.sender.step() == 0
            cards.clock.forward(1)
            assert cards.sender.step() == 1
    assert states(cards) == [("sent", 3, None)]
    assert "no-reply@shop.example" in mood.heard[0]
    assert (
        len({line for each in mood.heard for line in each.splitlines() if "Message-ID" in line})
        == 1
    )
    metrics = cards.pages.shop.client.get("/metrics").text
    assert 'mereau_messages{state="sent"} 1.0' in metrics


@one_database
def test_what_never_will_be_taken_is_given_up(cards: Cards) -> None:
    with mail_server(Moody()) as url:
        cards.sender.couriers = {Channel.EMAIL: SmtpCourier(url, SENDER, cards.clock)}
        queue(cards, Channel.EMAIL, "gone@example.org")
        cards.sender.step()
        assert states(cards) == [("failed", 1, "recipient 550")]
    queue(cards, Channel.EMAIL, "zoe@example.org")
    cards.sender.step()
    assert states(cards)[1][:2] == ("waiting", 1)
    cards.clock.forward(DAY_MS // 1000)
    cards.sender.step()
    assert states(cards)[1] == ("failed", 2, "expired")
    rows = records_of(cards.pages.shop.database.ledger, str(Message.__tablename__))
    assert [row["sealed_content"] for row in rows] == [None, None]
    assert 'mereau_messages{state="failed"} 2.0' in cards.pages.shop.client.get("/metrics").text


@one_database
def test_an_sms_gateway_is_asked_with_its_token_until_it_takes_the_message(cards: Cards) -> None:
    heard: list[tuple[str, bytes]] = []
    with gateway([503, 429, 202, 400], heard) as url:
        cards.sender.couriers = {Channel.SMS: SmsCourier(url, "secret")}
        queue(cards, Channel.SMS, "+33612345678")
        while states(cards)[0][0] == "waiting":
            assert cards.sender.step() == 1
            cards.clock.forward(60)
        queue(cards, Channel.SMS, "+33600000000")
        cards.sender.step()
    assert states(cards) == [("sent", 3, None), ("failed", 1, "gateway 400")]
    assert heard[0][0] == "Bearer secret"
    assert msgspec.json.decode(heard[0][1])["to"] == "+33612345678"


@one_database
def test_a_password_is_never_sent_in_clear(cards: Cards) -> None:
    mood = Moody()
    with mail_server(mood) as url:
        address = url.removeprefix("smtp://")
        courier = SmtpCourier(f"smtp://user:password@{address}", SENDER, cards.clock)
        with pytest.raises(NotNow):
            courier.send("msg_1", Content("zoe@example.org", "text"))
    assert not mood.heard


def test_a_house_with_a_mail_server_keeps_no_inbox(tmp_path: Path) -> None:
    data: dict[str, Any] = {"_env_file": None, "data": tmp_path}
    assert Settings(**data).shows_inbox
    # As `mereau up` tells its own processes.
    own = data | {"rpc_url": "http://127.0.0.1:8545", "own_chain": True}
    assert Settings(**own).shows_inbox
    outsides: tuple[dict[str, Any], ...] = (
        {"smtp_url": "smtps://u:p@mail.example"},
        {"smtp_url": "smtp://mail.example", "dev_inbox": True},
        {"rpc_url": "http://node.example"},
        {"host": "0.0.0.0"},  # noqa: S104, nothing listens
    )
    for outside in outsides:
        settings = Settings(**data, **outside)
        assert not settings.shows_inbox
        assert settings.channels == ({Channel.EMAIL} if "smtp_url" in outside else set())
    set_up = Settings(**data | {"smtp_url": "smtps://u:p@mail.example"})
    sender = open_messages(set_up, open_databases(set_up))
    assert list(sender.couriers) == [Channel.EMAIL]
    with pytest.raises(ValueError, match="not the URL of a server") as refused:
        Settings(**data | {"smtp_url": "http://u:topsecret@mail.example"})
    assert "topsecret" not in str(refused.value)
