"""Messages to people, and one-time codes: what they are made of and how often they are tried."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

CODE_DIGITS: Final = 6
CODE_MS: Final = 10 * 60_000
CODE_TRIES: Final = 5
CODES_PER_SPAN: Final = 3
CODES_PER_DAY: Final = 10
"""Of one address: ten codes of five tries make fifty guesses a day among a million."""
DAY_MS: Final = 86_400_000

_RETRY_FIRST_MS: Final = 5_000
_RETRY_MOST_MS: Final = 3_600_000


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"
    SMS = "sms"


class MessageState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Content:
    """A message ready to be sent. An SMS is its text alone."""

    to: str
    text: str
    subject: str = ""
    html: str = ""


def retry_after_ms(attempts: int) -> int:
    """How long to wait after so many failed attempts: five seconds, then three times longer each
    time, an hour at most."""
    wait_ms = _RETRY_FIRST_MS
    for _ in range(min(attempts - 1, 9)):
        wait_ms *= 3
    return min(_RETRY_MOST_MS, wait_ms)


def code_of(entropy: bytes) -> str:
    """Six digits of 16 random bytes; the remainder's bias is below one in 10^32."""
    return f"{int.from_bytes(entropy, 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"
