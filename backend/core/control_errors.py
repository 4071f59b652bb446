"""Refusals around members' own keys and what they are asked to confirm."""

from __future__ import annotations

from backend.core.errors import Conflict, NotFound


class UnknownConfirmation(NotFound):
    code = "unknown_confirmation"


class ConfirmationOver(Conflict):
    code = "confirmation_over"


class ConfirmationAwaited(Conflict):
    code = "confirmation_awaited"


class PasskeyRefused(Conflict):
    code = "passkey_refused"


class UnknownKey(Conflict):
    code = "unknown_key"
