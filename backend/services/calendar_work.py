"""What a house does by itself as time goes by: every sweep, in the order they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Engine

from backend.ledger.vault import Vault
from backend.services.animate import AnimationSweep
from backend.services.release_points import ReleaseSweep
from backend.services.reward_subscriptions import SubscriptionSweep
from backend.services.sweep_tiers import TierSweep
from backend.services.tell_expiring import ExpiringSweep


class Sweep(Protocol):
    """Something that is due again and again."""

    def step(self) -> int:
        """Does a part of what is due; how much that was, 0 when there is nothing left for now."""


def calendar_sweeps(
    engine: Engine, vault: Vault, now_ms: Callable[[], int], new_id: Callable[[str], str]
) -> tuple[Sweep, ...]:
    """The sweeps of one process; several processes may run them, and nothing happens twice."""
    return (
        ReleaseSweep(engine, now_ms, new_id, vault),
        AnimationSweep(engine, vault, now_ms, new_id),
        SubscriptionSweep(engine, now_ms, new_id, vault),
        TierSweep(engine, now_ms, new_id),
        ExpiringSweep(engine, now_ms, new_id),
    )
