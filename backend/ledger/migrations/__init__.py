"""The ledger's migrations, forward only. Run by `backend.ledger.schema.upgrade`."""
