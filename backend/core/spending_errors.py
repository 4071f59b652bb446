"""The part of the error tree (backend/core/errors.py) that is about spending.

InvalidInput    RewardInvalid, VoucherInvalid, VoucherCodeInvalid
NotFound        UnknownReward, UnknownGrant, UnknownClaim, UnknownVoucher,
                UnknownVoucherUse, UnknownCharity
Conflict
    ├── RewardNotOffered, RewardSoldOut, RewardLimitReached, TierRequired, RewardNotEditable
    ├── RewardKeyTaken, GrantUsed, GrantWithoutReward
    ├── ClaimNotHeld, ClaimNotGranted, ClaimNotCancellable, RedemptionOfClaim
    ├── VoucherNotUsable, VoucherValueExceeded, VoucherUseClosed
    └── PaymentRefused, PaymentNotOffered, PaymentMismatch
"""

from __future__ import annotations

from backend.core.errors import Conflict, InvalidInput, NotFound


class RewardInvalid(InvalidInput):
    code = "reward_invalid"


class VoucherInvalid(InvalidInput):
    code = "voucher_invalid"


class VoucherCodeInvalid(InvalidInput):
    code = "voucher_code_invalid"


class UnknownReward(NotFound):
    code = "unknown_reward"


class UnknownGrant(NotFound):
    code = "unknown_grant"


class UnknownClaim(NotFound):
    code = "unknown_claim"


class UnknownVoucher(NotFound):
    code = "unknown_voucher"


class UnknownVoucherUse(NotFound):
    code = "unknown_voucher_use"


class UnknownCharity(NotFound):
    code = "unknown_charity"


class RewardNotOffered(Conflict):
    code = "reward_not_offered"


class RewardKeyTaken(Conflict):
    code = "reward_key_taken"


class GrantUsed(Conflict):
    code = "grant_used"


class GrantWithoutReward(Conflict):
    code = "grant_without_reward"


class RewardSoldOut(Conflict):
    code = "reward_sold_out"


class RewardLimitReached(Conflict):
    code = "reward_limit_reached"


class TierRequired(Conflict):
    code = "tier_required"


class RewardNotEditable(Conflict):
    code = "reward_not_editable"


class ClaimNotHeld(Conflict):
    code = "claim_not_held"


class ClaimNotGranted(Conflict):
    code = "claim_not_granted"


class ClaimNotCancellable(Conflict):
    code = "claim_not_cancellable"


class RedemptionOfClaim(Conflict):
    code = "redemption_of_claim"


class VoucherNotUsable(Conflict):
    code = "voucher_not_usable"


class VoucherValueExceeded(Conflict):
    code = "voucher_value_exceeded"


class VoucherUseClosed(Conflict):
    code = "voucher_use_closed"


class PaymentRefused(Conflict):
    code = "payment_refused"


class PaymentNotOffered(Conflict):
    code = "payment_not_offered"


class PaymentMismatch(Conflict):
    code = "payment_mismatch"
