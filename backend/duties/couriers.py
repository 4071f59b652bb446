"""Carry a message out of the house: e-mail over SMTP, SMS through a gateway's HTTP call."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, parseaddr
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import msgspec
import urllib3

from backend.core.contact import Content

TIMEOUT_SECONDS: Final = 15.0
_SUBMISSION_PORT: Final = 587
_TLS_PORT: Final = 465
_TEMPORARY_STATUSES: Final = frozenset({408, 425, 429})


class NotNow(Exception):
    """The message was not taken, and may be later. The text is a short reason, of no person."""


class Never(Exception):
    """The message will not be taken, however often it is tried."""


class Courier(Protocol):
    def send(self, message_id: str, content: Content) -> None:
        """Raises NotNow or Never."""


@dataclass(frozen=True, slots=True)
class SmtpCourier:
    """`smtp://` speaks TLS where the server offers it, and must where there is a password;
    `smtps://` from the first byte (RFC 8314)."""

    url: str
    sender: str
    now_ms: Callable[[], int]

    def send(self, message_id: str, content: Content) -> None:
        try:
            mail = self._mail(message_id, content)
            with self._connected() as server:
                server.send_message(mail)
        except (smtplib.SMTPNotSupportedError, smtplib.SMTPRecipientsRefused) as refusal:
            raise _refused(refusal) from None
        except smtplib.SMTPResponseException as refusal:
            # Wrong credentials are the operator's to mend, so the message waits for it.
            lasting = refusal.smtp_code >= 500 and not isinstance(
                refusal, smtplib.SMTPAuthenticationError
            )
            raise (Never if lasting else NotNow)(f"smtp {refusal.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as failure:
            raise NotNow(type(failure).__name__) from None
        except ValueError:
            # An address that no header can carry.
            raise Never("address") from None

    def _mail(self, message_id: str, content: Content) -> EmailMessage:
        mail = EmailMessage(policy=SMTP_POLICY)
        name, address = parseaddr(self.sender)
        mail["From"] = Address(name, addr_spec=address)
        mail["To"] = Address(addr_spec=content.to)
        mail["Subject"] = content.subject
        mail["Date"] = formatdate(self.now_ms() // 1000)
        # The same message sent twice, because an answer was lost, is one message to its reader.
        mail["Message-ID"] = f"<{message_id}@{address.partition('@')[2] or 'localhost'}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(content.text)
        if content.html:
            mail.add_alternative(content.html, subtype="html")
        return mail

    def _connected(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, secure = parts.hostname or "localhost", ssl.create_default_context()
        if parts.scheme == "smtps":
            port = parts.port or _TLS_PORT
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=TIMEOUT_SECONDS, context=secure
            )
        else:
            port = parts.port or _SUBMISSION_PORT
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        try:
            server.ehlo()
            offered = server.has_extn("starttls")
            if parts.scheme == "smtp" and parts.username and not offered:
                # A password does not travel in clear; the operator has to mend it.
                raise NotNow("no TLS")
            if parts.scheme == "smtp" and offered:
                server.starttls(context=secure)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            server.close()
            raise
        return server


@dataclass(frozen=True, slots=True)
class SmsCourier:
    """A gateway that takes `{"id", "to", "text"}` and answers 2xx for what it will deliver."""

    url: str
    token: str | None = None

    def send(self, message_id: str, content: Content) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": message_id}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        body = msgspec.json.encode({"id": message_id, "to": content.to, "text": content.text})
        try:
            answer = urllib3.request(
                "POST",
                self.url,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=TIMEOUT_SECONDS,
            )
        except urllib3.exceptions.HTTPError as failure:
            raise NotNow(type(failure).__name__) from None
        if 200 <= answer.status < 300:
            return
        lasting = 400 <= answer.status < 500 and answer.status not in _TEMPORARY_STATUSES
        # A wrong token is the operator's to mend.
        raise (Never if lasting and answer.status not in {401, 403} else NotNow)(
            f"gateway {answer.status}"
        )


def _refused(refusal: smtplib.SMTPException) -> Exception:
    if isinstance(refusal, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in refusal.recipients.values()]
        lasting = bool(codes) and min(codes) >= 500
        return (Never if lasting else NotNow)(f"recipient {min(codes, default=0)}")
    return Never("not supported")
