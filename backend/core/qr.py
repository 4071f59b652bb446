"""What a QR code at the till says: a member, or a card, and that it was us who issued it.

    MEREAU:1:<M|C>:<program>:<subject>:<expires>:<mac>

All characters are of the alphanumeric mode of ISO/IEC 18004, so the code stays small. `M` names a
member by id until a moment (Unix seconds), `C` a card for as long as the card lives (0). The mac
is keyed, 128 bits: nobody can make a code, or turn one into another.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.core.life_errors import QrInvalid

MAC_BYTES: Final = 16
TEXT_MAX: Final = 200
_TOKEN: Final = re.compile(
    r"(MEREAU:1:([MC]):([0-9A-Z]{26}):([0-9A-Z]{4,64}):(0|[1-9][0-9]{0,11})):([A-Z2-7]{26})"
)

Mac = Callable[[bytes], bytes]
"""The first 16 bytes of a keyed digest."""


class QrKind(StrEnum):
    MEMBER = "M"
    CARD = "C"


@dataclass(frozen=True, slots=True)
class QrToken:
    """`subject` is the member's id, or a card number in normal form."""

    kind: QrKind
    program_id: str
    subject: str
    expires_at_s: int = 0

    def encode(self, mac: Mac) -> str:
        """The text of the QR code."""
        subject = self.subject.partition("_")[2] if self.kind is QrKind.MEMBER else self.subject
        program = self.program_id.partition("_")[2]
        head = f"MEREAU:1:{self.kind}:{program}:{subject}:{self.expires_at_s}".upper()
        return f"{head}:{_text(mac(head.encode()))}"


def read_qr(text: str, program_id: str, mac: Mac) -> QrToken:
    """What a scanned text says; raises QrInvalid for one that we did not issue for the program."""
    found = _TOKEN.fullmatch(text.strip().upper()) if len(text) <= TEXT_MAX else None
    if found is None:
        raise QrInvalid("This is not a member's QR code.")
    head, kind, program, subject, expires_at_s, given = found.groups()
    if not hmac.compare_digest(_text(mac(head.encode())), given):
        raise QrInvalid("This QR code was not issued by this system.")
    if f"prg_{program.lower()}" != program_id:
        raise QrInvalid("This QR code is of another program.")
    if kind == QrKind.MEMBER:
        subject = f"mem_{subject.lower()}"
    return QrToken(QrKind(kind), program_id, subject, int(expires_at_s))


def _text(mac: bytes) -> str:
    return base64.b32encode(mac).decode().rstrip("=")
