"""The whole ledger's metadata: importing it here is what registers every table."""

from __future__ import annotations

from backend.ledger import (
    call_tables,
    debt_tables,
    figure_tables,
    life_tables,
    payment_tables,
    people_tables,
    return_tables,
    reward_tables,
    rule_tables,
    settlement_tables,
    staff_action_tables,
    tables,
    tier_tables,
    verdict_tables,
    voucher_tables,
)
from backend.ledger.columns import metadata

TABLE_MODULES = (
    tables,
    rule_tables,
    reward_tables,
    voucher_tables,
    payment_tables,
    life_tables,
    return_tables,
    debt_tables,
    tier_tables,
    settlement_tables,
    call_tables,
    verdict_tables,
    people_tables,
    staff_action_tables,
    figure_tables,
)

__all__ = ["TABLE_MODULES", "metadata"]
