"""The error tree of the core.

    MereauError
    ├── InvalidInput        the request itself can never be right
    │   ├── AmountOutOfRange, CurrencyMismatch, CurrencyUnknown
    │   ├── ReceiptIdInvalid, IdentifierInvalid, TimestampInvalid, PointsOutOfRange, RuleInvalid
    │   ├── BasketInvalid
    │   ├── EventReserved, ExpiryInvalid, TimezoneUnknown, LimitInvalid, NoticeInvalid, TermsInvalid
    │   ├── ReturnInvalid, ReceiptRequired
    │   └── IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused
    ├── NotFound            UnknownProgram, UnknownMember, UnknownPurchase, UnknownRedemption,
    │                       UnknownOperation, UnknownCall, UnknownReturn, UnknownRules,
    │                       UnknownReferralCode
    └── Conflict            right in form, refused by the state of things
        ├── ReceiptAlreadyRecorded, MemberAlreadyEnrolled, PurchaseAlreadyReturned
        ├── ReturnExceedsPurchase, ReceiptUnknown, ReturnOfAnotherMember, RefundExceedsRedemption
        ├── InsufficientPoints, RedemptionNotHeld, RedemptionNotCaptured, OperationNotSettled
        ├── SignatureRequired, SignatureInvalid, SignatureExpired, ConsentInFlight
        ├── RulesNotDraft, RulesRetired, EventAlreadyRecorded, ReferralRefused
        └── AddressInUse, ProgramNotOnChain, ProgramClosed, PasskeysUnsupported
    └── ChainSilent         the chain has to be asked and does not answer; the same may work later

Every class has a stable `code` that merchants program against; `facts` are extra members of
the answer and never contain what the caller sent as personal data.
"""

from __future__ import annotations

from typing import ClassVar


class MereauError(Exception):
    """A refusal with a stable code; nothing was written.

    `of_pages` refusals are said by pages only: no call of the API is answered so.
    """

    code: ClassVar[str] = "error"
    of_pages: ClassVar[bool] = False

    def __init__(self, message: str, **facts: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class InvalidInput(MereauError):
    code = "invalid_request"


class AmountOutOfRange(InvalidInput):
    code = "amount_out_of_range"


class CurrencyUnknown(InvalidInput):
    code = "currency_unknown"


class CurrencyMismatch(InvalidInput):
    code = "currency_mismatch"


class ReceiptIdInvalid(InvalidInput):
    code = "receipt_id_invalid"


class IdentifierInvalid(InvalidInput):
    code = "identifier_invalid"


class TimestampInvalid(InvalidInput):
    code = "timestamp_invalid"


class PointsOutOfRange(InvalidInput):
    code = "points_out_of_range"


class RuleInvalid(InvalidInput):
    code = "rule_invalid"


class BasketInvalid(InvalidInput):
    code = "basket_invalid"


class ExpiryInvalid(InvalidInput):
    code = "expiry_invalid"


class TimezoneUnknown(InvalidInput):
    code = "timezone_unknown"


class LimitInvalid(InvalidInput):
    code = "limit_invalid"


class NoticeInvalid(InvalidInput):
    code = "notice_invalid"


class TermsInvalid(InvalidInput):
    code = "terms_invalid"


class EventReserved(InvalidInput):
    code = "event_reserved"


class IdempotencyKeyMissing(InvalidInput):
    code = "idempotency_key_missing"


class IdempotencyKeyInvalid(InvalidInput):
    code = "idempotency_key_invalid"


class IdempotencyKeyReused(InvalidInput):
    code = "idempotency_key_reused"


class BadgeTypeUnknown(InvalidInput):
    code = "badge_type_unknown"


class ReturnInvalid(InvalidInput):
    code = "return_invalid"


class ReceiptRequired(InvalidInput):
    code = "receipt_required"


class NotFound(MereauError):
    code = "not_found"


class UnknownProgram(NotFound):
    code = "unknown_program"


class UnknownMember(NotFound):
    code = "unknown_member"


class UnknownPurchase(NotFound):
    code = "unknown_purchase"


class UnknownRedemption(NotFound):
    code = "unknown_redemption"


class UnknownOperation(NotFound):
    code = "unknown_operation"


class UnknownCall(NotFound):
    code = "unknown_call"


class UnknownRules(NotFound):
    code = "unknown_rules"


class UnknownReferralCode(NotFound):
    code = "unknown_referral_code"


class UnknownBadge(NotFound):
    code = "unknown_badge"


class UnknownReturn(NotFound):
    code = "unknown_return"


class ChainSilent(MereauError):
    code = "chain_unavailable"


class Conflict(MereauError):
    code = "conflict"


class ReceiptAlreadyRecorded(Conflict):
    code = "receipt_already_recorded"


class MemberAlreadyEnrolled(Conflict):
    code = "member_already_enrolled"


class PurchaseAlreadyReturned(Conflict):
    code = "purchase_already_returned"


class ReturnExceedsPurchase(Conflict):
    code = "return_exceeds_purchase"


class ReceiptUnknown(Conflict):
    code = "receipt_unknown"


class ReturnOfAnotherMember(Conflict):
    code = "return_of_another_member"


class RefundExceedsRedemption(Conflict):
    code = "refund_exceeds_redemption"


class InsufficientPoints(Conflict):
    code = "insufficient_points"


class RedemptionNotHeld(Conflict):
    code = "redemption_not_held"


class RedemptionNotCaptured(Conflict):
    code = "redemption_not_captured"


class OperationNotSettled(Conflict):
    code = "operation_not_settled"


class SignatureRequired(Conflict):
    code = "signature_required"


class SignatureInvalid(Conflict):
    code = "signature_invalid"


class SignatureExpired(Conflict):
    code = "signature_expired"


class ConsentInFlight(Conflict):
    code = "consent_in_flight"


class AddressInUse(Conflict):
    code = "address_in_use"


class ProgramNotOnChain(Conflict):
    code = "program_not_on_chain"


class ProgramClosed(Conflict):
    code = "program_closed"


class PasskeysUnsupported(Conflict):
    code = "passkeys_unsupported"


class RulesNotDraft(Conflict):
    code = "rules_not_draft"


class RulesRetired(Conflict):
    code = "rules_retired"


class EventAlreadyRecorded(Conflict):
    code = "event_already_recorded"


class ReferralRefused(Conflict):
    code = "referral_refused"


class BadgeAlreadyHeld(Conflict):
    code = "badge_already_held"


class BadgeNotHeld(Conflict):
    code = "badge_not_held"


class BadgesNotDeployed(Conflict):
    code = "badges_not_deployed"
