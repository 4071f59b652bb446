"""What happens to members and their points, in words."""

from __future__ import annotations

from typing import Final

from backend.core.operations import Kind
from backend.web.kit.languages import marked

VIEWS: Final = {
    "movements": marked("Movements"),
    "purchases": marked("Purchases"),
    "redemptions": marked("Redemptions"),
    "rewards": marked("Rewards and vouchers"),
    "returns": marked("Returns"),
    "adjustments": marked("Adjustments"),
    "tiers": marked("Tiers"),
    "life": marked("Cards and life"),
}
KINDS: Final = {
    Kind.ACCRUE: marked("Earned by a purchase"),
    Kind.BONUS: marked("Bonus"),
    Kind.REDEEM: marked("Redeemed"),
    Kind.RETURN: marked("Taken back with a return"),
    Kind.RESTORE: marked("Given back"),
    Kind.ADJUST_CREDIT: marked("Given by hand"),
    Kind.ADJUST_DEBIT: marked("Taken by hand"),
    Kind.LAPSE: marked("Expired"),
    Kind.LAPSE_UNDONE: marked("Expiry undone"),
    Kind.REDEEM_UNDONE: marked("Redemption undone"),
}
CHANGES: Final = {
    "identifiers_added": marked("Identifier added"),
    "identifiers_replaced": marked("Identifiers replaced"),
    "card_replaced": marked("Lost card replaced"),
    "merged_into": marked("Merged into another member"),
    "merged_from": marked("Another member merged into this one"),
    "deactivated": marked("Deactivated"),
    "reactivated": marked("Reactivated"),
    "closed": marked("Closed"),
    "erased": marked("Personal data erased"),
}
REDEMPTION_STATES: Final = {
    "held": marked("Held"),
    "captured": marked("Redeemed"),
    "cancelled": marked("Cancelled"),
    "refunded": marked("Given back"),
    "expired": marked("Hold ran out"),
}
CLAIM_STATES: Final = {
    "held": marked("Held"),
    "granted": marked("To be handed over"),
    "fulfilled": marked("Handed over"),
    "cancelled": marked("Cancelled"),
    "expired": marked("Hold ran out"),
}
TIER_REASONS: Final = {
    "entry": marked("On joining"),
    "earned": marked("Earned"),
    "lapsed": marked("No longer enough"),
    "granted": marked("Granted"),
    "grant_ended": marked("Grant ended"),
    "corrected": marked("Corrected after a late purchase or a return"),
    "rules_changed": marked("The rules changed"),
}
