"""What is counted at the front door and in the ledger, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from backend.core.contact import MessageState
from backend.core.limits import warnings
from backend.ledger import mirror, verdicts
from backend.ledger.limits import all_on_chain
from backend.ledger.messages import messages_by_state
from backend.ledger.operations import outbox_depth
from backend.services.house import House


class Metrics:
    """One registry per application, so that several in one process do not mix."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "mereau_http_answers", "Answers by status.", ["status"], registry=self._registry
        )
        self._limit_used = Gauge(
            "mereau_limit_used_percent",
            "Use of the limits that are near, per program.",
            ["program_id", "limit"],
            registry=self._registry,
        )
        self._messages = Gauge(
            "mereau_messages",
            "E-mails and SMS of the last month by state; failed ones were given up.",
            ["state"],
            registry=self._registry,
        )
        self._by_status: dict[int, Counter] = {}
        self._gauges = {
            name: Gauge(f"mereau_{name}", text, registry=self._registry)
            for name, text in (
                ("ledger_groups", "Transactions the group commit has made."),
                ("ledger_commands", "Commands those transactions have settled."),
                ("outbox_waiting", "Operations accepted and not yet sealed into a batch."),
                ("outbox_parked", "Operations the chain refused."),
                ("mirror_block", "Last block the mirror has applied."),
                ("mirror_final_block", "Last final block the mirror has applied."),
                ("limits_near", "Limits of programs used up to 80 % or more."),
                ("queues_held", "Queues of programs that wait for a limit."),
                ("reconciled_at_seconds", "Unix time of the last reconciliation, 0 for none."),
                ("programs_differing", "Programs whose settlement rests: they do not reconcile."),
                ("mirror_halted", "1 when the indexer has stopped following, 0 otherwise."),
            )
        }

    def answered(self, status: int) -> None:
        """Counts an answer; the labelled child is kept, because looking it up costs more."""
        child = self._by_status.get(status)
        if child is None:
            child = self._by_status[status] = self._answers.labels(str(status))
        child.inc()

    async def render(self) -> bytes:
        """The text exposition, with the gauges as of now."""
        house = self._house
        depth = await house.ledger.run(outbox_depth)
        cursor = await house.mirror.run(mirror.cursor)
        standing = await house.ledger.run(verdicts.standing)
        self._gauges["reconciled_at_seconds"].set((standing.checked_at_ms or 0) // 1000)
        self._gauges["programs_differing"].set(len(standing.differing_programs))
        self._gauges["ledger_groups"].set(house.committer.groups_count)
        self._gauges["ledger_commands"].set(house.committer.commands_count)
        self._gauges["outbox_waiting"].set(depth.waiting_count)
        self._gauges["outbox_parked"].set(depth.parked_count)
        self._gauges["mirror_block"].set(cursor.block_number)
        self._gauges["mirror_final_block"].set(cursor.finalized_number)
        self._gauges["mirror_halted"].set(cursor.halted_reason is not None)
        by_state = await house.ledger.run(messages_by_state)
        for state in MessageState:
            self._messages.labels(state.value).set(by_state.get(state.value, 0))
        standings = await house.ledger.run(all_on_chain)
        self._limit_used.clear()
        held = near_count = 0
        for program_id, seen in standings.items():
            held += (seen.holds.mints is not None) + (seen.holds.debits is not None)
            for near in warnings(seen.standing, seen.holds):
                near_count += 1
                self._limit_used.labels(program_id, near.limit.value).set(near.used_percent)
        self._gauges["limits_near"].set(near_count)
        self._gauges["queues_held"].set(held)
        return generate_latest(self._registry)
