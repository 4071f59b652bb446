"""Create the tables: generated from them, so it is as long as they are many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_requests",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_api_requests_merchant", "api_requests", ["merchant_id", "id"], unique=False)
    op.create_table(
        "api_requests_dropped",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("calls", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "idempotency",
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_for", sa.String(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "key"),
    )
    op.create_table(
        "inbox_messages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_inbox_messages_message_id"), "inbox_messages", ["message_id"], unique=False
    )
    op.create_table(
        "merchants",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "one_time_codes",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("person_digest", sa.String(), nullable=False),
        sa.Column("code_digest", sa.String(), nullable=False),
        sa.Column("sealed_context", sa.LargeBinary(), nullable=True),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("token_sha256"),
    )
    op.create_index(
        "ix_one_time_codes_person",
        "one_time_codes",
        ["person_digest", "created_at_ms"],
        unique=False,
    )
    op.create_table(
        "outbox",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("entry_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.String(), nullable=True),
        sa.Column("word_index", sa.Integer(), nullable=True),
        sa.Column("parked_reason", sa.String(), nullable=True),
        sa.Column("lapsed_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("program_id", "entry_no"),
    )
    op.create_index("ix_outbox_batch", "outbox", ["batch_id", "word_index"], unique=False)
    op.create_index(
        "ix_outbox_parked",
        "outbox",
        ["program_id"],
        unique=False,
        sqlite_where=sa.text("parked_reason IS NOT NULL"),
        postgresql_where=sa.text("parked_reason IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["program_id", "entry_no"],
        unique=False,
        sqlite_where=sa.text("batch_id IS NULL AND parked_reason IS NULL"),
        postgresql_where=sa.text("batch_id IS NULL AND parked_reason IS NULL"),
    )
    op.create_table(
        "passkey_challenges",
        sa.Column("challenge_sha256", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("challenge_sha256"),
    )
    op.create_index(
        "ix_passkey_challenges_end", "passkey_challenges", ["expires_at_ms"], unique=False
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("rp_id", sa.String(), nullable=False),
        sa.Column("public_x", sa.String(), nullable=False),
        sa.Column("public_y", sa.String(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("credential_id"),
    )
    op.create_table(
        "redemptions_noted",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "settlement_txs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=True),
        sa.Column("to_address", sa.String(), nullable=False),
        sa.Column("calldata", sa.LargeBinary(), nullable=False),
        sa.Column("gas_limit", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sealed_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("included_block", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("included_block_hash", sa.String(), nullable=True),
        sa.Column("included_tx_hash", sa.String(), nullable=True),
        sa.Column("included_at_s", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("succeeded", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_settlement_txs_lane_nonce", "settlement_txs", ["lane", "nonce"], unique=True
    )
    op.create_index(op.f("ix_settlement_txs_state"), "settlement_txs", ["state"], unique=False)
    op.create_table(
        "web_sessions",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("token_sha256"),
    )
    op.create_index(op.f("ix_web_sessions_subject"), "web_sessions", ["subject"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("key_sha256", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revoked_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("last_used_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_sha256"),
    )
    op.create_index(op.f("ix_api_keys_merchant_id"), "api_keys", ["merchant_id"], unique=False)
    op.create_table(
        "programs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("earn_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("earn_per_amount_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hold_ttl_seconds", sa.Integer(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_address", sa.String(), nullable=True),
        sa.Column("period_months", sa.SmallInteger(), nullable=False),
        sa.Column("validity_periods", sa.SmallInteger(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("utc_offset_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("signed_only", sa.Boolean(), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("supply_cap_points", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("mint_per_day_points", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("debit_per_day_points", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("terms_uri", sa.String(), nullable=True),
        sa.Column("terms_hash", sa.String(), nullable=True),
        sa.Column("card_check", sa.String(), nullable=False),
        sa.Column("guest_claim_days", sa.Integer(), nullable=False),
        sa.Column("coalition", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("contract_address"),
    )
    op.create_index(op.f("ix_programs_merchant_id"), "programs", ["merchant_id"], unique=False)
    op.create_table(
        "staff_users",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("invite_sha256", sa.String(), nullable=True),
        sa.Column("invite_expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("disabled_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("invite_sha256"),
    )
    op.create_index(
        op.f("ix_staff_users_merchant_id"), "staff_users", ["merchant_id"], unique=False
    )
    op.create_table(
        "tx_attempts",
        sa.Column("tx_hash", sa.String(), nullable=False),
        sa.Column("settlement_tx_id", sa.String(), nullable=False),
        sa.Column("attempt_no", sa.Integer(), nullable=False),
        sa.Column("raw_transaction", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee_wei", sa.String(), nullable=False),
        sa.Column("priority_fee_wei", sa.String(), nullable=False),
        sa.Column("persisted_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("broadcast_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["settlement_tx_id"],
            ["settlement_txs.id"],
        ),
        sa.PrimaryKeyConstraint("tx_hash"),
    )
    op.create_index(
        "ix_tx_attempts_settlement", "tx_attempts", ["settlement_tx_id", "attempt_no"], unique=True
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("event_types", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("failing_since_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("disabled_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_webhook_endpoints_merchant_id"), "webhook_endpoints", ["merchant_id"], unique=False
    )
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.String(), nullable=False),
        sa.Column("dispatched", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_webhook_events_merchant",
        "webhook_events",
        ["merchant_id", "order_no", "id"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_events_waiting",
        "webhook_events",
        ["order_no"],
        unique=False,
        sqlite_where=sa.text("NOT dispatched"),
        postgresql_where=sa.text("NOT dispatched"),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("settlement_tx_id", sa.String(), nullable=False),
        sa.Column("receipts_root", sa.String(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("word_count", sa.Integer(), nullable=False),
        sa.Column("minted_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("burned_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("voided_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["settlement_tx_id"],
            ["settlement_txs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_batches_program_seq",
        "batches",
        ["program_id", "seq"],
        unique=True,
        sqlite_where=sa.text("voided_at_ms IS NULL"),
        postgresql_where=sa.text("voided_at_ms IS NULL"),
    )
    op.create_index(
        op.f("ix_batches_settlement_tx_id"), "batches", ["settlement_tx_id"], unique=False
    )
    op.create_table(
        "campaign_uses",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("used_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("members_reached", sa.Integer(), nullable=True),
        sa.Column("counted_points", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "campaign"),
    )
    op.create_table(
        "charities",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("registration", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("receipt_count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("donated_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_charities_program_id"), "charities", ["program_id"], unique=False)
    op.create_table(
        "cohort_cells",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("cohort_month", sa.Integer(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "cohort_month", "month"),
    )
    op.create_table(
        "console_settings",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("approval_above_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("receipt_head", sa.String(), nullable=False),
        sa.Column("receipt_foot", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id"),
    )
    op.create_table(
        "daily_figures",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("purchases", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("minted_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("redeemed_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("returned_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expired_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "day"),
    )
    op.create_table(
        "expiring_told",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("period", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_member", sa.String(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "period"),
    )
    op.create_table(
        "exports",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("entry_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("activity_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rows_total", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rows_done", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("done_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by"],
            ["staff_users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_exports_program", "exports", ["program_id", "id"], unique=False)
    op.create_index(op.f("ix_exports_state"), "exports", ["state"], unique=False)
    op.create_table(
        "figure_marks",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("entry_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("activity_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id"),
    )
    op.create_table(
        "figure_settings",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("cost_points", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("cost_minor", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("used_bp", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id"),
    )
    op.create_table(
        "journal",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("entry_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("debit_account", sa.String(), nullable=False),
        sa.Column("credit_account", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("age", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("details", sa.String(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "entry_no"),
        sa.UniqueConstraint("operation_id"),
    )
    op.create_index(op.f("ix_journal_member_id"), "journal", ["member_id"], unique=False)
    op.create_table(
        "limit_warnings",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("limit_name", sa.String(), nullable=False),
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "limit_name", "day"),
    )
    op.create_table(
        "member_days",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "day", "member_id"),
    )
    op.create_index("ix_member_days_member", "member_days", ["member_id", "day"], unique=False)
    op.create_table(
        "members",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.Column("enrolled_by", sa.String(), nullable=True),
        sa.Column("erased_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_members_created", "members", ["program_id", "created_at_ms", "state"], unique=False
    )
    op.create_index(op.f("ix_members_merged_into"), "members", ["merged_into"], unique=False)
    op.create_index("ix_members_program", "members", ["program_id", "id"], unique=False)
    op.create_index("ix_members_program_address", "members", ["program_id", "address"], unique=True)
    op.create_table(
        "operation_origins",
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("operation_id"),
    )
    op.create_index(
        "ix_operation_origins_merchant",
        "operation_origins",
        ["program_id", "merchant_id"],
        unique=False,
    )
    op.create_table(
        "program_on_chain",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("holds", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id"),
    )
    op.create_table(
        "program_partners",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("earn_points", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("earn_per_amount_minor", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("joined_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("left_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "merchant_id"),
    )
    op.create_index(
        op.f("ix_program_partners_merchant_id"), "program_partners", ["merchant_id"], unique=False
    )
    op.create_table(
        "program_totals",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("minted_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("redeemed_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("returned_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expired_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("head_hash", sa.String(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=True),
        sa.Column("rules_hash", sa.String(), nullable=True),
        sa.Column("waiting_returns", sa.Integer(), nullable=False),
        sa.Column("activity_count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tells", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id"),
    )
    op.create_table(
        "proof_packs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("block_hash", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("clean", sa.Boolean(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by"],
            ["staff_users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_proof_packs_program", "proof_packs", ["program_id", "id"], unique=False)
    op.create_index(op.f("ix_proof_packs_state"), "proof_packs", ["state"], unique=False)
    op.create_table(
        "rule_simulations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("against", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done_count", sa.Integer(), nullable=False),
        sa.Column("total_count", sa.Integer(), nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("result", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_rule_simulations_open",
        "rule_simulations",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('asked', 'running')"),
        postgresql_where=sa.text("state IN ('asked', 'running')"),
    )
    op.create_index(
        "ix_rule_simulations_program", "rule_simulations", ["program_id", "id"], unique=False
    )
    op.create_table(
        "rule_versions",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("rules_hash", sa.String(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("published_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("retired_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "version"),
    )
    op.create_table(
        "staff_actions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["staff_users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_staff_actions_merchant", "staff_actions", ["merchant_id", "id"], unique=False
    )
    op.create_table(
        "verdicts",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("as_of_block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("checked_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("difference", sa.String(), nullable=True),
        sa.Column("differs_since_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id"),
    )
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("endpoint_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["webhook_events.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_webhook_attempts_endpoint", "webhook_attempts", ["endpoint_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_webhook_attempts_event_id"), "webhook_attempts", ["event_id"], unique=False
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("endpoint_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("order_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("next_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["webhook_events.id"],
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "event_id"),
    )
    op.create_index(
        "ix_webhook_deliveries_pending",
        "webhook_deliveries",
        ["endpoint_id", "order_no"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "adjustments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("asked_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("operation_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by"],
            ["staff_users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["staff_users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_adjustments_member", "adjustments", ["member_id", "id"], unique=False)
    op.create_index("ix_adjustments_program", "adjustments", ["program_id", "id"], unique=False)
    op.create_table(
        "balances",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("lot_0", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot_1", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot_2", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot_3", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot_4", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pending_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("debt_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("member_id"),
    )
    op.create_index(op.f("ix_balances_program_id"), "balances", ["program_id"], unique=False)
    op.create_table(
        "chain_calls",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.Column("entry_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("arguments", sa.String(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("settlement_tx_id", sa.String(), nullable=True),
        sa.Column("parked_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["settlement_tx_id"],
            ["settlement_txs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_chain_calls_entry", "chain_calls", ["program_id", "entry_no"], unique=True)
    op.create_index(
        "ix_chain_calls_kind", "chain_calls", ["program_id", "kind", "id"], unique=False
    )
    op.create_index("ix_chain_calls_member", "chain_calls", ["member_id", "id"], unique=False)
    op.create_index("ix_chain_calls_tx", "chain_calls", ["settlement_tx_id"], unique=False)
    op.create_table(
        "member_birthdays",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("sealed_day", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("member_id"),
    )
    op.create_index(
        "ix_member_birthdays_digest", "member_birthdays", ["program_id", "digest"], unique=False
    )
    op.create_table(
        "member_changes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("other_member_id", sa.String(), nullable=True),
        sa.Column("changed_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_member_changes_member", "member_changes", ["member_id", "id"], unique=False)
    op.create_table(
        "member_choices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("chosen_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_member_choices_member", "member_choices", ["member_id", "purpose", "id"], unique=False
    )
    op.create_table(
        "member_debts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operation_id", sa.String(), nullable=True),
        sa.Column("recorded_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_member_debts_member_id"), "member_debts", ["member_id"], unique=False)
    op.create_table(
        "member_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("event_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("attributes", sa.String(), nullable=False),
        sa.Column("occurred_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("received_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=True),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pending_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operation_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_member_events_key", "member_events", ["program_id", "event_key"], unique=True
    )
    op.create_index("ix_member_events_member", "member_events", ["member_id", "id"], unique=False)
    op.create_table(
        "member_identifiers",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "kind", "digest"),
    )
    op.create_index(
        op.f("ix_member_identifiers_member_id"), "member_identifiers", ["member_id"], unique=False
    )
    op.create_table(
        "member_keys",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("passkey_id", sa.String(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["passkey_id"],
            ["passkeys.id"],
        ),
        sa.PrimaryKeyConstraint("member_id", "address"),
    )
    op.create_table(
        "member_vault",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_identity", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.PrimaryKeyConstraint("member_id"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.Column("person_digest", sa.String(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_messages_due", "messages", ["state", "due_at_ms"], unique=False)
    op.create_index(op.f("ix_messages_member_id"), "messages", ["member_id"], unique=False)
    op.create_index(op.f("ix_messages_person_digest"), "messages", ["person_digest"], unique=False)
    op.create_table(
        "passkey_members",
        sa.Column("passkey_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["passkey_id"],
            ["passkeys.id"],
        ),
        sa.PrimaryKeyConstraint("passkey_id", "member_id"),
    )
    op.create_index(
        op.f("ix_passkey_members_member_id"), "passkey_members", ["member_id"], unique=False
    )
    op.create_table(
        "pending_points",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cancelled_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line_points", sa.String(), nullable=True),
        sa.Column("campaign", sa.String(), nullable=True),
        sa.Column("rules_hash", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("release_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("release_event", sa.String(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("operation_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_pending_points_due",
        "pending_points",
        ["program_id", "release_at_ms"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_pending_points_member", "pending_points", ["member_id", "state"], unique=False
    )
    op.create_index("ix_pending_points_source", "pending_points", ["source_id"], unique=False)
    op.create_table(
        "purchases",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.Column("receipt_id", sa.String(), nullable=False),
        sa.Column("occurred_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("received_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("store_id", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("operation_id", sa.String(), nullable=True),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("pending_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=True),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("activity_no", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_purchases_activity", "purchases", ["program_id", "activity_no"], unique=False
    )
    op.create_index("ix_purchases_member", "purchases", ["member_id", "id"], unique=False)
    op.create_index("ix_purchases_receipt", "purchases", ["program_id", "receipt_id"], unique=True)
    op.create_table(
        "redemptions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("operation_id", sa.String(), nullable=True),
        sa.Column("lapsed_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("refunded_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_redemptions_member_state", "redemptions", ["member_id", "state"], unique=False
    )
    op.create_table(
        "referral_codes",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "code"),
        sa.UniqueConstraint("member_id"),
    )
    op.create_table(
        "referrals",
        sa.Column("referee_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("referrer_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purchase_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["referee_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["referrer_id"],
            ["members.id"],
        ),
        sa.PrimaryKeyConstraint("referee_id"),
    )
    op.create_index("ix_referrals_referrer", "referrals", ["referrer_id"], unique=False)
    op.create_table(
        "reward_grants",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("reward", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("claimed_count", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cancelled_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reward_grants_member", "reward_grants", ["member_id", "id"], unique=False)
    op.create_index("ix_reward_grants_source", "reward_grants", ["source_id"], unique=False)
    op.create_table(
        "rewards",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("charity_id", sa.String(), nullable=True),
        sa.Column("taken_count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["charity_id"],
            ["charities.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_rewards_key",
        "rewards",
        ["program_id", "key"],
        unique=True,
        sqlite_where=sa.text("state <> 'archived'"),
        postgresql_where=sa.text("state <> 'archived'"),
    )
    op.create_index(op.f("ix_rewards_program_id"), "rewards", ["program_id"], unique=False)
    op.create_table(
        "standings",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("tier_id", sa.String(), nullable=True),
        sa.Column("tier_since_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("tier_until_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("tier_policy", sa.String(), nullable=True),
        sa.Column("tier_document", sa.String(), nullable=True),
        sa.Column("badge_wanted", sa.String(), nullable=True),
        sa.Column("badge_id", sa.String(), nullable=True),
        sa.Column("badge_due", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("member_id"),
    )
    op.create_index(
        "ix_standings_badge_due",
        "standings",
        ["program_id", "member_id"],
        unique=False,
        sqlite_where=sa.text("badge_due"),
        postgresql_where=sa.text("badge_due"),
    )
    op.create_index("ix_standings_tier", "standings", ["program_id", "tier_id"], unique=False)
    op.create_index(
        "ix_standings_tier_policy", "standings", ["program_id", "tier_policy"], unique=False
    )
    op.create_index(
        "ix_standings_tier_until", "standings", ["program_id", "tier_until_ms"], unique=False
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("started_on", sa.String(), nullable=False),
        sa.Column("paid_months", sa.Integer(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("renews_on", sa.String(), nullable=False),
        sa.Column("ends_on", sa.String(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cancelled_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("rewarded_months", sa.Integer(), nullable=False),
        sa.Column("reward_due_on", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_subscriptions_member", "subscriptions", ["member_id", "id"], unique=False)
    op.create_index(
        "ix_subscriptions_reward_due",
        "subscriptions",
        ["program_id", "reward_due_on"],
        unique=False,
    )
    op.create_table(
        "tier_changes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("change_no", sa.Integer(), nullable=False),
        sa.Column("tier_before", sa.String(), nullable=True),
        sa.Column("tier_after", sa.String(), nullable=True),
        sa.Column("happened_on", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=True),
        sa.Column("recorded_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_tier_changes_member", "tier_changes", ["member_id", "change_no"], unique=True
    )
    op.create_index("ix_tier_changes_program", "tier_changes", ["program_id", "id"], unique=False)
    op.create_table(
        "waiting_returns",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("receipt_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.Column("received_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_waiting_returns_receipt",
        "waiting_returns",
        ["program_id", "receipt_id", "id"],
        unique=False,
    )
    op.create_table(
        "confirmations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("redemption_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("till", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("redemption_ref", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("answered_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"],
            ["redemptions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_confirmations_member", "confirmations", ["member_id", "id"], unique=False)
    op.create_index("ix_confirmations_redemption", "confirmations", ["redemption_id"], unique=True)
    op.create_table(
        "guest_purchases",
        sa.Column("purchase_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("claim_digest", sa.String(), nullable=False),
        sa.Column("claimable_until_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("terms", sa.String(), nullable=False),
        sa.Column("claimed_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("cancelled_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["purchase_id"],
            ["purchases.id"],
        ),
        sa.PrimaryKeyConstraint("purchase_id"),
    )
    op.create_index(
        "ix_guest_purchases_claim", "guest_purchases", ["program_id", "claim_digest"], unique=True
    )
    op.create_table(
        "point_payments",
        sa.Column("redemption_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("basket_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worth_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rate_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rate_worth_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purchase_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["purchase_id"],
            ["purchases.id"],
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"],
            ["redemptions.id"],
        ),
        sa.PrimaryKeyConstraint("redemption_id"),
        sa.UniqueConstraint("purchase_id"),
    )
    op.create_table(
        "purchase_lines",
        sa.Column("purchase_id", sa.String(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("basis_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pending_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["purchase_id"],
            ["purchases.id"],
        ),
        sa.PrimaryKeyConstraint("purchase_id", "line_no"),
    )
    op.create_table(
        "purchase_returns",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("purchase_id", sa.String(), nullable=False),
        sa.Column("return_no", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("occurred_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("units", sa.String(), nullable=False),
        sa.Column("loose_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("points_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gift_card_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cancelled_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("debt_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("forgiven_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("restored_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expired_points", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operation_id", sa.String(), nullable=True),
        sa.Column("activity_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["purchase_id"],
            ["purchases.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_purchase_returns_activity",
        "purchase_returns",
        ["program_id", "activity_no"],
        unique=False,
    )
    op.create_index(
        op.f("ix_purchase_returns_member_id"), "purchase_returns", ["member_id"], unique=False
    )
    op.create_index(
        "ix_purchase_returns_purchase",
        "purchase_returns",
        ["purchase_id", "return_no"],
        unique=True,
    )
    op.create_table(
        "reward_claims",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("reward_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("redemption_id", sa.String(), nullable=True),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.Column("step_id", sa.String(), nullable=False),
        sa.Column("cash_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("voucher_id", sa.String(), nullable=True),
        sa.Column("receipt_no", sa.Integer(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("granted_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("closed_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["reward_grants.id"],
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"],
            ["redemptions.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reward_id"],
            ["rewards.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("redemption_id"),
    )
    op.create_index(op.f("ix_reward_claims_grant_id"), "reward_claims", ["grant_id"], unique=False)
    op.create_index(
        "ix_reward_claims_held",
        "reward_claims",
        ["reward_id", "expires_at_ms"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index("ix_reward_claims_member", "reward_claims", ["member_id", "id"], unique=False)
    op.create_index(
        "ix_reward_claims_reward_member", "reward_claims", ["reward_id", "member_id"], unique=False
    )
    op.create_table(
        "subscription_terms",
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("receipt_id", sa.String(), nullable=False),
        sa.Column("subscription_id", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("from_on", sa.String(), nullable=False),
        sa.Column("until_on", sa.String(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
        ),
        sa.PrimaryKeyConstraint("program_id", "receipt_id"),
    )
    op.create_index(
        "ix_subscription_terms_of",
        "subscription_terms",
        ["subscription_id", "recorded_at_ms"],
        unique=False,
    )
    op.create_table(
        "vouchers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=True),
        sa.Column("claim_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("capacity_units", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("spent_units", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("benefit", sa.String(), nullable=False),
        sa.Column("code_digest", sa.String(), nullable=False),
        sa.Column("sealed_code", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["reward_claims.id"],
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("claim_id"),
        sa.UniqueConstraint("code_digest"),
    )
    op.create_index("ix_vouchers_member", "vouchers", ["member_id", "id"], unique=False)
    op.create_index(op.f("ix_vouchers_program_id"), "vouchers", ["program_id"], unique=False)
    op.create_table(
        "voucher_uses",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("voucher_id", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("units", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("redeemed_units", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reversed_units", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
        ),
        sa.ForeignKeyConstraint(
            ["program_id"],
            ["programs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["voucher_id"],
            ["vouchers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_voucher_uses_reserved",
        "voucher_uses",
        ["voucher_id", "expires_at_ms"],
        unique=False,
        sqlite_where=sa.text("state = 'reserved'"),
        postgresql_where=sa.text("state = 'reserved'"),
    )
    op.create_index("ix_voucher_uses_voucher", "voucher_uses", ["voucher_id", "id"], unique=False)
