"""Reward subscriptions: each paid month that begins is an event, once, that rules can reward."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from backend.core.engine.moment import Moment
from backend.core.errors import MereauError
from backend.ledger.engine import writing
from backend.ledger.programs import programs_with_rules
from backend.ledger.subscriptions import DueMonth, rewarded, subscriptions_due
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.vault import Vault
from backend.ledger.wants import Wants
from backend.services.lookup import MemberById
from backend.services.minute_sweep import MinuteSweep
from backend.services.record_event import EventTerms, record_event

log = logging.getLogger(__name__)

SUBSCRIPTION_MONTH: Final = "subscription_month"
SLICE_MEMBERS: Final = 200


@dataclass(slots=True)
class SubscriptionSweep(MinuteSweep):
    """Counts months that have begun."""

    vault: Vault

    def do_slice(self, now_ms: int) -> int:
        with self.engine.connect() as connection:
            due = [
                (program.id, months)
                for program in programs_with_rules(connection)
                if (
                    months := subscriptions_due(
                        connection,
                        program.id,
                        Moment.at(now_ms, program.timezone).day,
                        SLICE_MEMBERS,
                    )
                )
            ]
        for program_id, months in due:
            self._give(program_id, months, now_ms)
        return sum(len(months) for _, months in due)

    def _give(self, program_id: str, months: list[DueMonth], now_ms: int) -> None:
        with writing(self.engine) as connection:
            work = UnitOfWork(connection, self.vault, now_ms, self.new_id)
            members = {month.member_id for month in months}
            terms = {month.subscription_id: _terms(program_id, month, now_ms) for month in months}
            work.load(
                Wants(
                    programs={program_id},
                    members=members,
                    rules_of={program_id},
                    subscriptions_of=members,
                    events={(program_id, one.key) for one in terms.values()},
                )
            )
            program, known = work.state.programs[program_id], work.state.earning.events
            for subscription_id, said in terms.items():
                row = work.state.subscriptions[subscription_id]
                if (program_id, said.key) not in known:
                    try:
                        record_event(work, program, said.member.resolve(work), said)
                    except MereauError as refusal:
                        # Who was erased, or can hold no more, does not keep others waiting.
                        log.warning("no benefits for %s: %s", said.event_id, refusal.code)
                row |= rewarded(row)
                work.touch_subscription(subscription_id)
            work.flush()


def _terms(program_id: str, month: DueMonth, now_ms: int) -> EventTerms:
    return EventTerms(
        member=MemberById(program_id, month.member_id),
        event_id=month.key,
        name=SUBSCRIPTION_MONTH,
        occurred_at_ms=now_ms,
        attributes={"plan": month.plan, "month": month.month},
        scheduled=True,
    )
