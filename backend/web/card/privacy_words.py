"""What is agreed to, in words. A change of meaning takes a new version in `core.privacy`."""

from __future__ import annotations

from typing import Final

from backend.core.privacy import ChoicePurpose
from backend.web.kit.languages import marked

CHOICES: Final = {
    ChoicePurpose.EMAIL_NEWS: marked("News and offers by e-mail"),
    ChoicePurpose.SMS_NEWS: marked("News and offers by SMS"),
    ChoicePurpose.PERSONAL_OFFERS: marked("Offers chosen by what I buy"),
    ChoicePurpose.STATISTICS: marked("My purchases in statistics that do not name me"),
}
