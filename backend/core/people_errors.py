"""Refusals around signing in, and around a merchant's people and keys."""

from __future__ import annotations

from backend.core.errors import Conflict, InvalidInput, NotFound


class SignInRefused(Conflict):
    code = "sign_in_refused"


class PasswordTooShort(InvalidInput):
    code = "password_too_short"


class TooManyCodes(Conflict):
    code = "too_many_codes"


class CodeWrong(Conflict):
    code = "code_wrong"


class CodeOver(Conflict):
    code = "code_over"


class EmailTaken(Conflict):
    code = "email_taken"


class EmailInvalid(InvalidInput):
    code = "email_invalid"


class UnknownUser(NotFound):
    code = "unknown_user"


class UnknownKey(NotFound):
    code = "unknown_key"


class UnknownRequest(NotFound):
    code = "unknown_request"


class InvitationInvalid(Conflict):
    code = "invitation_invalid"


class LastOwner(Conflict):
    code = "last_owner"


class PasswordWrong(Conflict):
    code = "password_wrong"
