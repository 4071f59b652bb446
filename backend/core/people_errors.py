"""Refusals around signing in, and around a merchant's people and keys."""

from __future__ import annotations

from backend.core.errors import Conflict, InvalidInput, NotFound


class SignInRefused(Conflict):
    code = "sign_in_refused"
    of_pages = True


class PasswordTooShort(InvalidInput):
    code = "password_too_short"
    of_pages = True


class TooManyCodes(Conflict):
    code = "too_many_codes"
    of_pages = True


class CodeWrong(Conflict):
    code = "code_wrong"
    of_pages = True


class CodeOver(Conflict):
    code = "code_over"
    of_pages = True


class EmailTaken(Conflict):
    code = "email_taken"
    of_pages = True


class EmailInvalid(InvalidInput):
    code = "email_invalid"
    of_pages = True


class UnknownUser(NotFound):
    code = "unknown_user"
    of_pages = True


class UnknownKey(NotFound):
    code = "unknown_key"
    of_pages = True


class UnknownRequest(NotFound):
    code = "unknown_request"
    of_pages = True


class InvitationInvalid(Conflict):
    code = "invitation_invalid"
    of_pages = True


class LastOwner(Conflict):
    code = "last_owner"
    of_pages = True


class PasswordWrong(Conflict):
    code = "password_wrong"
    of_pages = True
