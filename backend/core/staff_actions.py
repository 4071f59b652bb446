"""What a merchant's people do that the trail remembers."""

from __future__ import annotations

from enum import Enum


class Action(Enum):
    """One kind of act. The value is stored for ever; pages have a sentence for each."""

    USER_INVITED = "user.invited"
    USER_INVITED_AGAIN = "user.invited_again"
    USER_JOINED = "user.joined"
    USER_ROLE_CHANGED = "user.role_changed"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    PASSWORD_CHANGED = "user.password_changed"  # noqa: S105 - the name of an act, no password
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_DELETED = "webhook.deleted"
    EXPORT_ASKED = "export.asked"
    EXPORT_DOWNLOADED = "export.downloaded"
    ADJUSTMENT_ASKED = "adjustment.asked"
    ADJUSTMENT_MADE = "adjustment.made"
    ADJUSTMENT_APPROVED = "adjustment.approved"
    ADJUSTMENT_REFUSED = "adjustment.refused"
    PURCHASE_UNDONE = "purchase.undone"
    MEMBER_CHANGED = "member.changed"
    MEMBER_MERGED = "member.merged"
    MEMBER_ERASED = "member.erased"
    CARD_REPLACED = "card.replaced"
    RULES_PUBLISHED = "rules.published"
    RULES_WITHDRAWN = "rules.withdrawn"
    CAMPAIGN_PUBLISHED = "campaign.published"
    CAMPAIGN_ENDED = "campaign.ended"
    REWARD_CREATED = "reward.created"
    REWARD_CHANGED = "reward.changed"
    PROGRAM_CREATED = "program.created"
    PROGRAM_CHANGED = "program.changed"
    PROGRAM_PAUSED = "program.paused"
    PROGRAM_RESUMED = "program.resumed"
    PROGRAM_CLOSED = "program.closed"
