"""Referrals: what both sides get when a member brings another, and when it is final."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from backend.core.engine.outcome import Credit, Release
from backend.core.engine.reading import NUMBER_MAX, Reading, whole
from backend.core.operations import POINTS_MAX

REFERRAL_RULE: Final = "referral"
DAYS_MAX: Final = 3660


@dataclass(frozen=True, slots=True)
class ReferralPolicy:
    """The section `referral` of a rules document.

    The referee's first purchase of at least `min_purchase_minor`, within `within_days` of the
    referral, gives both sides their points. They wait `final_after_days` for the purchase to be
    final, and go with it when it is returned before. A member is rewarded for at most
    `max_referrals` friends.
    """

    referrer_points: int
    referee_points: int
    min_purchase_minor: int = 0
    final_after_days: int = 14
    within_days: int = 90
    max_referrals: int = 20

    @classmethod
    def parse(cls, section: object) -> ReferralPolicy:
        """Raises RuleInvalid with a pointer into the section."""
        reading = Reading(section)
        reading.fields(
            "referrer_points",
            "referee_points",
            "min_purchase_minor",
            "final_after_days",
            "within_days",
            "max_referrals",
        )
        return cls(
            referrer_points=reading.get("referrer_points", whole(0, POINTS_MAX)),
            referee_points=reading.get("referee_points", whole(0, POINTS_MAX)),
            min_purchase_minor=reading.get("min_purchase_minor", whole(), 0),
            final_after_days=reading.get("final_after_days", whole(1, DAYS_MAX), 14),
            within_days=reading.get("within_days", whole(1, DAYS_MAX), 90),
            max_referrals=reading.get("max_referrals", whole(1, NUMBER_MAX), 20),
        )

    def counts(self, basis_minor: int, days_since: int) -> bool:
        """Whether a purchase that earned on so much, so many days after the referral, is the
        one that both wait for. A late purchase of the day before counts as of that day."""
        return basis_minor >= self.min_purchase_minor and days_since <= self.within_days

    def for_referee(self, day: date) -> Credit | None:
        """The newcomer's points for a purchase on `day`; None where there are none."""
        return self._credit(self.referee_points, "welcome from a friend", day)

    def for_referrer(self, day: date) -> Credit | None:
        """The points of the member who brought the newcomer; None where there are none."""
        return self._credit(self.referrer_points, "a friend's first purchase", day)

    def _credit(self, points: int, text: str, day: date) -> Credit | None:
        if not points:
            return None
        release = Release(on=day + timedelta(days=self.final_after_days))
        return Credit(REFERRAL_RULE, points, text, pending=release)


def same_person(first: Mapping[str, Sequence[str]], second: Mapping[str, Sequence[str]]) -> bool:
    """Whether two identities, values by kind, are one person's: a phone, card or external id of
    both, or e-mail addresses that differ only by what follows a plus."""
    for kind in ("phone", "card", "external_id"):
        if not set(first.get(kind, ())).isdisjoint(second.get(kind, ())):
            return True
    mailboxes = {_mailbox(email) for email in first.get("email", ())}
    return not mailboxes.isdisjoint(_mailbox(email) for email in second.get("email", ()))


def _mailbox(email: str) -> str:
    local, _, host = email.lower().partition("@")
    return f"{local.partition('+')[0]}@{host}"
