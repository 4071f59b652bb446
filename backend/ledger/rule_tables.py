"""Tables of the loyalty engine's earning side: rules, what they remember, and what they defer.

Documents are canonical JSON. The rules that are in force for a program are named by
`program_totals.rules_version`, under the row lock that orders the program's writers.
"""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint, blob


class RuleVersion(SQLModel, table=True):
    """A version of a program's rules: `draft`, `published` (one at a time) or `retired`.

    Its document never changes; a change is another version, numbered from 1 without gaps.
    """

    __tablename__ = "rule_versions"
    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    version: int = Field(primary_key=True)
    state: str
    document: str
    rules_hash: str
    created_at_ms: int = Field(sa_column=bigint())
    published_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    retired_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class MemberStanding(SQLModel, table=True):
    """What a program remembers of a member; every member has one.

    `document` is None until a purchase or event is first judged by published rules: it is then
    derived from the purchases so far.
    `tier_id` is held from `tier_since_ms` until just before `tier_until_ms`, if nothing more
    happens; `tier_document` is what judging it again needs, and `tier_policy` the hash of the
    policy it was judged by, None for a member who never was. `badge_wanted` names the badge type
    of the tier; while `badge_due`, the chain does not show it yet. `badge_id` is the badge that
    was issued for a tier.
    """

    __tablename__ = "standings"
    __table_args__ = (
        Index("ix_standings_tier", "program_id", "tier_id"),
        Index("ix_standings_tier_until", "program_id", "tier_until_ms"),
        Index("ix_standings_tier_policy", "program_id", "tier_policy"),
        Index(
            "ix_standings_badge_due",
            "program_id",
            "member_id",
            sqlite_where=text("badge_due"),
            postgresql_where=text("badge_due"),
        ),
    )

    member_id: str = Field(primary_key=True, foreign_key="members.id")
    program_id: str = Field(foreign_key="programs.id")
    document: str | None = None
    tier_id: str | None = None
    tier_since_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    tier_until_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    tier_policy: str | None = None
    tier_document: str | None = None
    badge_wanted: str | None = None
    badge_id: str | None = None
    badge_due: bool = False


class MemberBirthday(SQLModel, table=True):
    """A member's month and day, sealed under their own data key, and a keyed digest of it, so
    that a day's birthdays can be found. It belongs to the vault, and goes when the member goes."""

    __tablename__ = "member_birthdays"
    __table_args__ = (Index("ix_member_birthdays_digest", "program_id", "digest"),)

    member_id: str = Field(primary_key=True, foreign_key="members.id")
    program_id: str = Field(foreign_key="programs.id")
    digest: str
    sealed_day: bytes = Field(sa_column=blob())


class CampaignUse(SQLModel, table=True):
    """How much of a campaign's budget of points is used; publishing rules makes the row.

    `members_reached` was counted by the worker when `counted_points` were used.
    """

    __tablename__ = "campaign_uses"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    campaign: str = Field(primary_key=True)
    used_points: int = Field(sa_column=bigint())
    members_reached: int | None = None
    counted_points: int | None = Field(default=None, sa_column=bigint(nullable=True))


class PendingPoints(SQLModel, table=True):
    """Points a rule gave that wait for a date or an event, whichever comes first.

    They are in no balance and not on chain. `state` is `pending`, `released` or `cancelled`;
    `cancelled_points` of `points` were taken back by returns before the release.
    `source_id` is the purchase or event that earned them.
    """

    __tablename__ = "pending_points"
    __table_args__ = (
        Index(
            "ix_pending_points_due",
            "program_id",
            "release_at_ms",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_pending_points_member", "member_id", "state"),
        Index("ix_pending_points_source", "source_id"),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id")
    source_id: str
    rule: str
    text: str
    points: int = Field(sa_column=bigint())
    cancelled_points: int = Field(default=0, sa_column=bigint(default=0))
    line_points: str | None = None
    campaign: str | None = None
    rules_hash: str
    state: str
    release_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    release_event: str | None = None
    created_at_ms: int = Field(sa_column=bigint())
    closed_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    operation_id: str | None = None


class PurchaseLine(SQLModel, table=True):
    """A line of a basket as it was judged: what of it counted and what it earned.

    `line_no` counts from 0 in the order of the basket, voided lines among them. `points` were
    credited at once, `pending_points` deferred. `basis_minor` is what the base rule counted.
    """

    __tablename__ = "purchase_lines"

    purchase_id: str = Field(primary_key=True, foreign_key="purchases.id")
    line_no: int = Field(primary_key=True)
    line_id: str
    sku: str | None = None
    category: str | None = None
    kind: str
    quantity: int
    amount_minor: int = Field(sa_column=bigint())
    basis_minor: int = Field(sa_column=bigint())
    points: int = Field(sa_column=bigint())
    pending_points: int = Field(sa_column=bigint())
    voided: bool = False


class MemberEvent(SQLModel, table=True):
    """Something a member did besides buying, or an occasion of theirs, and what it earned.

    `event_key` is unique per program for ever: `client:` and the caller's id, `once:` for what a
    member does once, `auto:` with occasion and member for what the calendar gives.
    """

    __tablename__ = "member_events"
    __table_args__ = (
        Index("ix_member_events_key", "program_id", "event_key", unique=True),
        Index("ix_member_events_member", "member_id", "id"),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id")
    event_key: str
    name: str
    attributes: str
    occurred_at_ms: int = Field(sa_column=bigint())
    received_at_ms: int = Field(sa_column=bigint())
    rules_version: int | None = None
    document: str | None = None
    points: int = Field(sa_column=bigint())
    pending_points: int = Field(sa_column=bigint())
    operation_id: str | None = None


class ReferralCode(SQLModel, table=True):
    """The code a member gives to friends; one per member, found by the code in its program."""

    __tablename__ = "referral_codes"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    code: str = Field(primary_key=True)
    member_id: str = Field(foreign_key="members.id", unique=True)


class Referral(SQLModel, table=True):
    """Who brought a member; `state` is `open` until the referee's first purchase that counts,
    then `rewarded`. A member is referred once, for ever."""

    __tablename__ = "referrals"
    __table_args__ = (Index("ix_referrals_referrer", "referrer_id"),)

    referee_id: str = Field(primary_key=True, foreign_key="members.id")
    program_id: str = Field(foreign_key="programs.id")
    referrer_id: str = Field(foreign_key="members.id")
    state: str
    created_at_ms: int = Field(sa_column=bigint())
    purchase_id: str | None = None
