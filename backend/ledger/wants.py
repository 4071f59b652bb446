"""What commands need to have read before they decide, so that a group reads it in one go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Wants:
    """Keys to load; sets of several commands are united before anything is read.

    `rules_of` are programs whose rules will judge members, `versions_of` those of which every
    version is wanted. Pending points are wanted by id, by what earned them, or all that wait of a
    member. `returned` are receipts (program, number) whose purchase is to be returned.
    """

    programs: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    identifiers: set[tuple[str, str, str]] = field(default_factory=set)
    receipts: set[tuple[str, str]] = field(default_factory=set)
    purchases: set[str] = field(default_factory=set)
    redemptions: set[str] = field(default_factory=set)
    idempotency: set[tuple[str, str]] = field(default_factory=set)
    calls_of: set[str] = field(default_factory=set)
    addresses: set[tuple[str, str]] = field(default_factory=set)
    badges_of: set[str] = field(default_factory=set)
    rules_of: set[str] = field(default_factory=set)
    versions_of: set[str] = field(default_factory=set)
    pending: set[str] = field(default_factory=set)
    pending_of: set[str] = field(default_factory=set)
    pending_of_members: set[str] = field(default_factory=set)
    events: set[tuple[str, str]] = field(default_factory=set)
    codes: set[tuple[str, str]] = field(default_factory=set)
    codes_of: set[str] = field(default_factory=set)
    referrals_of: set[str] = field(default_factory=set)
    rewards: set[str] = field(default_factory=set)
    charities: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    vouchers: set[str] = field(default_factory=set)
    voucher_uses: set[str] = field(default_factory=set)
    identities: set[str] = field(default_factory=set)
    guests: set[str] = field(default_factory=set)
    former_partners: set[tuple[str, str]] = field(default_factory=set)
    returned: set[tuple[str, str]] = field(default_factory=set)
    subscriptions_of: set[str] = field(default_factory=set)
    club_receipts: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def united(cls, several: Iterable[Wants]) -> Wants:
        whole = cls()
        for wants in several:
            whole.programs |= wants.programs
            whole.members |= wants.members
            whole.identifiers |= wants.identifiers
            whole.receipts |= wants.receipts
            whole.purchases |= wants.purchases
            whole.redemptions |= wants.redemptions
            whole.idempotency |= wants.idempotency
            whole.calls_of |= wants.calls_of
            whole.addresses |= wants.addresses
            whole.badges_of |= wants.badges_of
            whole.rules_of |= wants.rules_of
            whole.versions_of |= wants.versions_of
            whole.pending |= wants.pending
            whole.pending_of |= wants.pending_of
            whole.pending_of_members |= wants.pending_of_members
            whole.events |= wants.events
            whole.codes |= wants.codes
            whole.codes_of |= wants.codes_of
            whole.referrals_of |= wants.referrals_of
            whole.rewards |= wants.rewards
            whole.charities |= wants.charities
            whole.grants |= wants.grants
            whole.claims |= wants.claims
            whole.vouchers |= wants.vouchers
            whole.voucher_uses |= wants.voucher_uses
            whole.identities |= wants.identities
            whole.guests |= wants.guests
            whole.former_partners |= wants.former_partners
            whole.returned |= wants.returned
            whole.subscriptions_of |= wants.subscriptions_of
            whole.club_receipts |= wants.club_receipts
        return whole
