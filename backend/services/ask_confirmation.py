"""Ask a member to confirm a redemption: where only they can say yes, points are held meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.confirmations import ConfirmationState, confirmation_state
from backend.core.control_errors import ConfirmationAwaited
from backend.core.lifecycle import RedemptionState, redemption_state
from backend.ledger.control_tables import Confirmation
from backend.ledger.unit_of_work import UnitOfWork
from backend.services.house import House
from backend.services.signed_burn import SignedBurn

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks and what for, as the member reads it; `redemption_ref` is what they will sign."""

    redemption_ref: str
    till: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that a redemption waits for, or waited for, and how it stands."""

    id: str
    state: ConfirmationState

    @classmethod
    def of(cls, row: Mapping[str, Any], now_ms: int) -> Asked | None:
        """None for a redemption that nobody had to confirm."""
        if row.get("confirmation_id") is None:
            return None
        held = redemption_state(RedemptionState(row["state"]), row["expires_at_ms"], now_ms)
        stored = ConfirmationState(row["confirmation_state"])
        return cls(row["confirmation_id"], confirmation_state(stored, held, row["lapsed_points"]))


def new_ask(house: House, till: str | None = None, note: str | None = None) -> Ask:
    """A question with a reference of its own."""
    return Ask(f"0x{house.entropy(32).hex()}", till, note)


def ask_confirmation(work: UnitOfWork, ask: Ask | None, row: Row) -> None:
    """Stages the question about a hold that was just staged; nothing without one."""
    if ask is None:
        return
    asked: Row = {
        "id": work.new_id("cfm"),
        "redemption_id": row["id"],
        "program_id": row["program_id"],
        "member_id": row["member_id"],
        "merchant_id": row["merchant_id"],
        "till": ask.till,
        "note": ask.note,
        "redemption_ref": ask.redemption_ref,
        "state": ConfirmationState.WAITING.value,
        "created_at_ms": work.now_ms,
        "answered_at_ms": None,
    }
    work.stage(Confirmation, asked)
    row["confirmation_id"], row["confirmation_state"] = asked["id"], asked["state"]


def require_answered(row: Mapping[str, Any], signed: SignedBurn) -> None:
    """Raises ConfirmationAwaited for a hold that waits for its member, without their signature."""
    if row.get("confirmation_state") == ConfirmationState.WAITING and not signed.arguments:
        raise ConfirmationAwaited(
            "The member has not confirmed it yet.", confirmation_id=row["confirmation_id"]
        )
