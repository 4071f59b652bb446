"""Refusals around members' own keys and what they are asked to confirm."""

from __future__ import annotations

from backend.core.errors import Conflict, NotFound


class UnknownConfirmation(NotFound):
    code = "unknown_confirmation"
    of_pages = True


class ConfirmationOver(Conflict):
    code = "confirmation_over"
    of_pages = True


class ConfirmationAwaited(Conflict):
    code = "confirmation_awaited"


class PasskeyRefused(Conflict):
    code = "passkey_refused"
    of_pages = True


class KeyUnreadable(Conflict):
    code = "key_unreadable"
    of_pages = True
