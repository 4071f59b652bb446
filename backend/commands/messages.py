"""The duty that sends messages, built for an environment."""

from __future__ import annotations

from backend import wiring
from backend.core.contact import Channel
from backend.duties.couriers import Courier, SmsCourier, SmtpCourier
from backend.duties.inbox import Inbox, start_mail, start_sms
from backend.duties.messages import SendMessages
from backend.settings import Settings
from backend.wiring import Databases


def open_messages(settings: Settings, databases: Databases) -> SendMessages:
    """Over the servers that are set, or over receivers of its own on a development system.

    Raises SettingError.
    """
    vault, clock = wiring.open_vault(settings), wiring.open_clock(settings, databases)
    mail_url = settings.smtp_url.get_secret_value() if settings.smtp_url else None
    sms_url = settings.sms_url.get_secret_value() if settings.sms_url else None
    if settings.shows_inbox:
        inbox = Inbox(databases.ledger, vault, clock, wiring.new_id)
        mail_url, sms_url = start_mail(inbox), sms_url or start_sms(inbox)
    couriers: dict[Channel, Courier] = {}
    if mail_url is not None:
        couriers[Channel.EMAIL] = SmtpCourier(mail_url, settings.mail_from, clock)
    if sms_url is not None:
        token = settings.sms_token.get_secret_value() if settings.sms_token else None
        couriers[Channel.SMS] = SmsCourier(sms_url, token)
    return SendMessages(databases.ledger, vault, clock, couriers)
