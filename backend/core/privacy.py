"""What a member may agree to, purpose by purpose (GDPR Art. 6, 7); without a word, nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

WORDING: Final = "2026-1"
"""The version of the sentences that are agreed to; a change of meaning is a new version."""


class ChoicePurpose(StrEnum):
    """What personal data may be used for beyond the card itself."""

    EMAIL_NEWS = "email_news"
    SMS_NEWS = "sms_news"
    PERSONAL_OFFERS = "personal_offers"
    STATISTICS = "statistics"
