"""The ledger's tables.

Times are UTC in milliseconds since 1970 (`_at_ms`), hashes and addresses are lower-case hex with
0x, ids carry their prefix. The journal is append-only: triggers refuse UPDATE and DELETE.
"""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from backend.ledger.columns import bigint, blob, smallint


class Merchant(SQLModel, table=True):
    __tablename__ = "merchants"

    id: str = Field(primary_key=True)
    name: str
    created_at_ms: int = Field(sa_column=bigint())


class ApiKey(SQLModel, table=True):
    """A merchant's key; only its SHA-256 is kept. `last_used_at_ms` is right to a minute."""

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchants.id", index=True)
    key_sha256: str = Field(unique=True)
    hint: str
    label: str
    created_at_ms: int = Field(sa_column=bigint())
    revoked_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    last_used_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class Program(SQLModel, table=True):
    """A loyalty program; `contract_address` is set once its clone is final enough to settle to.

    What its contract is created with stands from `period_months` on. A limit of None is none;
    `terms_hash` is 0x hex of 32 bytes.
    A coalition has partners (`ProgramPartner`).
    """

    __tablename__ = "programs"

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchants.id", index=True)
    name: str
    symbol: str
    currency: str
    earn_points: int = Field(sa_column=bigint())
    earn_per_amount_minor: int = Field(sa_column=bigint())
    hold_ttl_seconds: int
    created_at_ms: int = Field(sa_column=bigint())
    contract_address: str | None = Field(default=None, unique=True)
    period_months: int = Field(sa_column=smallint())
    validity_periods: int = Field(sa_column=smallint())
    timezone: str
    utc_offset_minutes: int = Field(sa_column=smallint())
    signed_only: bool
    notice_days: int
    supply_cap_points: int | None = Field(default=None, sa_column=bigint(nullable=True))
    mint_per_day_points: int | None = Field(default=None, sa_column=bigint(nullable=True))
    debit_per_day_points: int | None = Field(default=None, sa_column=bigint(nullable=True))
    terms_uri: str | None = None
    terms_hash: str | None = None
    card_check: str = "none"
    guest_claim_days: int = 30
    coalition: bool = False


class ProgramTotals(SQLModel, table=True):
    """Running sums and the journal's head; its row lock orders the writers of a program.

    `rules_version` names the published rules, if there are any: a purchase that waited for the
    lock is judged by those of the moment it gets it. `waiting_returns` counts the returns whose
    purchase is yet to come. `activity_count` numbers members' purchases and returns, without gaps.
    `tells` where the merchant has a webhook that is on: only then are events written.
    """

    __tablename__ = "program_totals"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    minted_points: int = Field(sa_column=bigint())
    redeemed_points: int = Field(sa_column=bigint())
    returned_points: int = Field(sa_column=bigint())
    expired_points: int = Field(sa_column=bigint())
    entry_count: int = Field(sa_column=bigint())
    head_hash: str
    rules_version: int | None = None
    rules_hash: str | None = None
    waiting_returns: int = 0
    activity_count: int = Field(default=0, sa_column=bigint(default=0))
    tells: bool = False


class Member(SQLModel, table=True):
    """A pseudonymous member: the id in the journal, the address on chain, nothing personal.

    `state` is a MembershipState; a merged member lives on as `merged_into`, which is never merged
    itself. `enrolled_by` is the merchant who knows the person.
    """

    __tablename__ = "members"
    __table_args__ = (
        Index("ix_members_program_address", "program_id", "address", unique=True),
        Index("ix_members_program", "program_id", "id"),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    address: str
    created_at_ms: int = Field(sa_column=bigint())
    state: str = "active"
    merged_into: str | None = Field(default=None, index=True)
    enrolled_by: str | None = None
    erased_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))


class MemberVault(SQLModel, table=True):
    """Everything personal, sealed under the member's own data key; erasing deletes the row."""

    __tablename__ = "member_vault"

    member_id: str = Field(primary_key=True, foreign_key="members.id")
    wrapped_key: bytes = Field(sa_column=blob())
    sealed_identity: bytes = Field(sa_column=blob())


class MemberIdentifier(SQLModel, table=True):
    """A keyed digest per identifier, so that a phone number can be found but not read.

    One without a member is a card that was lost: it is refused for ever, and says of nobody.
    """

    __tablename__ = "member_identifiers"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    kind: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    member_id: str | None = Field(default=None, foreign_key="members.id", index=True)


class Balance(SQLModel, table=True):
    """A member's points as the journal has them; holds are not deducted.

    `lot_0 … lot_4` are those that can be spent, by age in periods as of `period`, the newest
    first: the member word as it will be once all that is accepted has settled. `points` also has
    those that expired while a hold kept them (`Redemption.lapsed_points`). `pending_points` are
    in neither: the sum of those that still wait. `debt_points` are owed (`MemberDebt`).
    """

    __tablename__ = "balances"

    member_id: str = Field(primary_key=True, foreign_key="members.id")
    program_id: str = Field(foreign_key="programs.id", index=True)
    points: int = Field(sa_column=bigint())
    period: int = 0
    lot_0: int = Field(default=0, sa_column=bigint(default=0))
    lot_1: int = Field(default=0, sa_column=bigint(default=0))
    lot_2: int = Field(default=0, sa_column=bigint(default=0))
    lot_3: int = Field(default=0, sa_column=bigint(default=0))
    lot_4: int = Field(default=0, sa_column=bigint(default=0))
    pending_points: int = Field(default=0, sa_column=bigint(default=0))
    debt_points: int = Field(default=0, sa_column=bigint(default=0))


class Purchase(SQLModel, table=True):
    """A purchase as it was judged, for ever.

    `points` were credited at once, `pending_points` deferred. `rules_version` is None where the
    program's own terms were all there was; `document` (canonical JSON) has the basket's parts,
    the credits by rule and what was paid with points. `merchant_id` is whose till it was.
    `member_id` is None while it is a guest's (`GuestPurchase`).
    """

    __tablename__ = "purchases"
    __table_args__ = (
        Index("ix_purchases_receipt", "program_id", "receipt_id", unique=True),
        Index("ix_purchases_member", "member_id", "id"),
    )

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    member_id: str | None = Field(default=None, foreign_key="members.id")
    receipt_id: str
    occurred_at_ms: int = Field(sa_column=bigint())
    received_at_ms: int = Field(sa_column=bigint())
    currency: str
    amount_minor: int = Field(sa_column=bigint())
    points: int = Field(sa_column=bigint())
    store_id: str | None = None
    channel: str | None = None
    operation_id: str | None = None
    merchant_id: str = Field(foreign_key="merchants.id")
    pending_points: int = Field(default=0, sa_column=bigint(default=0))
    rules_version: int | None = None
    document: str | None = None
    activity_no: int | None = Field(default=None, sa_column=bigint(nullable=True))


class Redemption(SQLModel, table=True):
    """Points held for a member and, once captured, burned. A hold past its time counts as gone.

    `lapsed_points` expired while they were held: the hold keeps them, its capture needs so many
    fewer, and they are gone with it when it ends otherwise. Refunds have given back (or found
    expired) `refunded_points` of a captured one. `merchant_id` is whose till it was.
    """

    __tablename__ = "redemptions"
    __table_args__ = (Index("ix_redemptions_member_state", "member_id", "state"),)

    id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="programs.id")
    member_id: str = Field(foreign_key="members.id")
    points: int = Field(sa_column=bigint())
    state: str
    created_at_ms: int = Field(sa_column=bigint())
    expires_at_ms: int = Field(sa_column=bigint())
    closed_at_ms: int | None = Field(default=None, sa_column=bigint(nullable=True))
    operation_id: str | None = None
    lapsed_points: int = Field(default=0, sa_column=bigint(default=0))
    refunded_points: int = Field(default=0, sa_column=bigint(default=0))
    merchant_id: str | None = None


class JournalEntry(SQLModel, table=True):
    """One operation as a double entry: `points` leave `debit_account` for `credit_account`.

    Entries are numbered from 1 without gaps per program and chained: `entry_hash` covers the
    entry and the hash before it. `kind` is the batch word's kind; `commitment` (hex without
    0x) hides `details`.
    """

    __tablename__ = "journal"

    program_id: str = Field(primary_key=True, foreign_key="programs.id")
    entry_no: int = Field(sa_column=bigint(primary_key=True))
    operation_id: str = Field(unique=True)
    kind: int = Field(sa_column=smallint())
    member_id: str = Field(index=True)
    debit_account: str
    credit_account: str
    points: int = Field(sa_column=bigint())
    age: int = Field(sa_column=smallint())
    reason: int
    source_id: str
    details: str
    commitment: str
    recorded_at_ms: int = Field(sa_column=bigint())
    entry_hash: str


class OutboxEntry(SQLModel, table=True):
    """Where a journal entry stands on its way to the chain: waiting, in a batch, or parked.

    An entry that needs no word has no row. The word takes the entry's points without
    `lapsed_points`, and restores them into `age`.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_waiting",
            "program_id",
            "entry_no",
            sqlite_where=text("batch_id IS NULL AND parked_reason IS NULL"),
            postgresql_where=text("batch_id IS NULL AND parked_reason IS NULL"),
        ),
        Index("ix_outbox_batch", "batch_id", "word_index"),
    )

    program_id: str = Field(primary_key=True)
    entry_no: int = Field(sa_column=bigint(primary_key=True))
    batch_id: str | None = None
    word_index: int | None = None
    parked_reason: str | None = None
    lapsed_points: int = Field(default=0, sa_column=bigint(default=0))
    age: int | None = None


class IdempotencyRecord(SQLModel, table=True):
    """The first answer to a merchant's key, given again for ever.

    An answer that names a person is sealed under that member's key, and goes when the member goes;
    one with a voucher's code is sealed for the `vault`.
    """

    __tablename__ = "idempotency"

    merchant_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    status_code: int
    body: bytes = Field(sa_column=blob())
    sealed_for: str | None = None
    created_at_ms: int = Field(sa_column=bigint())
