"""The whole ledger's metadata: importing it here is what registers every table."""

from __future__ import annotations

from backend.ledger import (
    adjustment_tables,
    call_tables,
    control_tables,
    debt_tables,
    export_tables,
    figure_tables,
    life_tables,
    message_tables,
    pack_tables,
    payment_tables,
    people_tables,
    privacy_tables,
    request_tables,
    return_tables,
    reward_tables,
    rule_tables,
    settlement_tables,
    simulation_tables,
    staff_action_tables,
    tables,
    tier_tables,
    verdict_tables,
    voucher_tables,
    webhook_tables,
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
    simulation_tables,
    call_tables,
    verdict_tables,
    people_tables,
    pack_tables,
    message_tables,
    privacy_tables,
    staff_action_tables,
    export_tables,
    request_tables,
    figure_tables,
    control_tables,
    adjustment_tables,
    webhook_tables,
)

__all__ = ["TABLE_MODULES", "metadata"]
