"""Refusals around signing in."""

from __future__ import annotations

from backend.core.errors import Conflict, InvalidInput


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
