"""Sign in one of a merchant's people by e-mail address and password (Argon2id, RFC 9106)."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from backend.core.people_errors import PasswordTooShort, SignInRefused
from backend.ledger.people import StaffRecord, user_by_email
from backend.services.house import House

PASSWORD_LENGTH_MIN: Final = 12
PASSWORD_LENGTH_MAX: Final = 200
_hasher = PasswordHasher()
# Somebody unknown costs as much time as a wrong password: an answer says nothing of who exists.
_nobodys_hash = _hasher.hash("nobody's password")


def hash_password(password: str) -> str:
    """What is kept of a password; raises PasswordTooShort."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise PasswordTooShort(f"A password has at least {PASSWORD_LENGTH_MIN} characters.")
    return _hasher.hash(password)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


async def check_password(house: House, email: str, password: str) -> StaffRecord:
    """The user with this address and password. Raises SignInRefused, and never says which is
    wrong."""
    email = email.strip().lower()
    user = await house.ledger.run(lambda connection: user_by_email(connection, email))
    known = user.password_hash if user is not None else None
    right = await asyncio.to_thread(_matches, known or _nobodys_hash, password)
    if user is None or known is None or not right or user.disabled_at_ms is not None:
        raise SignInRefused("Address and password do not belong together.")
    return user
