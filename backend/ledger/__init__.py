"""The ledger in SQL: tables, journal, outbox, members, idempotency, and reads of the mirror."""
