"""Receivers of a development system: an SMTP server and an SMS gateway on this machine only.

What they get is kept sealed, and shown at /dev/inbox.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine

from backend.core.contact import Channel, Content
from backend.ledger.engine import writing
from backend.ledger.messages import receive
from backend.ledger.vault import Vault

LOOPBACK: Final = "127.0.0.1"
_BODY_MAX: Final = 100_000
_START_SECONDS: Final = 10.0


class _Sms(msgspec.Struct):
    id: str
    to: str
    text: str


@dataclass(slots=True)
class Inbox:
    """Keeps what the two receivers get."""

    engine: Engine
    vault: Vault
    now_ms: Callable[[], int]
    new_id: Callable[[str], str]

    def keep(self, message_id: str, channel: Channel, content: Content) -> None:
        now_ms = self.now_ms()
        with writing(self.engine) as connection:
            receive(
                connection, self.vault, self.new_id("inb"), message_id, channel, content, now_ms
            )


class _Mails:
    """What aiosmtpd asks."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    # The name is aiosmtpd's.
    async def handle_DATA(  # noqa: N802 - the library calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        raw = envelope.original_content or b""
        mail = message_from_bytes(raw, _class=EmailMessage, policy=default_policy)
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        content = Content(
            to=", ".join(envelope.rcpt_tos),
            subject=str(mail["Subject"] or ""),
            text=text.get_content() if text is not None else "",
            html=html.get_content() if html is not None else "",
        )
        message_id = str(mail["Message-ID"] or "").strip("<>").partition("@")[0]
        self._inbox.keep(message_id, Channel.EMAIL, content)
        return "250 kept"


def start_mail(inbox: Inbox) -> str:
    """Starts the SMTP server on a free port; its URL. It ends with the process."""
    # The wire's own log would hold addresses and codes.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    loop, mails = asyncio.new_event_loop(), _Mails(inbox)

    def answer() -> SMTP:
        return SMTP(mails, hostname=LOOPBACK, enable_SMTPUTF8=True, loop=loop)

    threading.Thread(target=loop.run_forever, name="mail-inbox", daemon=True).start()
    starting = asyncio.run_coroutine_threadsafe(loop.create_server(answer, LOOPBACK, 0), loop)
    server = starting.result(_START_SECONDS)
    return f"smtp://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"


def start_sms(inbox: Inbox) -> str:
    """Starts the SMS gateway on a free port; its URL. It ends with the process."""

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            try:
                sms = msgspec.json.decode(self.rfile.read(min(length, _BODY_MAX)), type=_Sms)
            except msgspec.DecodeError:
                self.send_error(400)
                return
            inbox.keep(sms.id, Channel.SMS, Content(sms.to, sms.text))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: a request names a person."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Gateway)
    threading.Thread(target=server.serve_forever, name="sms-inbox", daemon=True).start()
    return f"http://{LOOPBACK}:{server.server_address[1]}/"
