"""Refusals about the life of a member: who they are known as, and what state they are in.

InvalidInput   CardCheckInvalid, QrInvalid, PeriodInvalid
NotFound       UnknownClaim, UnknownIdentifier, UnknownMerchant
Conflict       CardBlocked, QrExpired, MemberDeactivated, MemberClosed, MemberMerged,
               MemberHasHolds, MergeImpossible, PointsLeft, PurchaseUnclaimed,
               PurchaseAlreadyClaimed, ClaimExpired, PartnerExists
"""

from __future__ import annotations

from backend.core.errors import Conflict, InvalidInput, NotFound


class CardCheckInvalid(InvalidInput):
    code = "card_check_invalid"


class QrInvalid(InvalidInput):
    code = "qr_invalid"


class PeriodInvalid(InvalidInput):
    code = "period_invalid"


class UnknownMerchant(NotFound):
    code = "unknown_merchant"


class UnknownIdentifier(NotFound):
    code = "unknown_identifier"


class CardBlocked(Conflict):
    code = "card_blocked"


class QrExpired(Conflict):
    code = "qr_expired"


class MemberDeactivated(Conflict):
    code = "member_deactivated"


class MemberClosed(Conflict):
    code = "member_closed"


class MemberMerged(Conflict):
    code = "member_merged"


class MemberHasHolds(Conflict):
    code = "member_has_holds"


class MergeImpossible(Conflict):
    code = "merge_impossible"


class PointsLeft(Conflict):
    code = "points_left"


class PurchaseUnclaimed(Conflict):
    code = "purchase_unclaimed"


class UnknownGuestPurchase(NotFound):
    code = "unknown_guest_purchase"


class PurchaseAlreadyClaimed(Conflict):
    code = "purchase_already_claimed"


class ClaimExpired(Conflict):
    code = "claim_expired"
