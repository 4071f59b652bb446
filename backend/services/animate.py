"""Scheduled animations: what the calendar gives, exactly once per member and occasion.

Birthdays (with their days before), anniversaries, the first days of periods, and members who have
not been seen for so long. Each day of a program's zone, those for whom something is due are judged
by its rules; who gets something has an event whose key no second one can have.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Connection, Engine

from backend.core.engine.context import Context
from backend.core.engine.moment import Moment
from backend.core.engine.schedule import CATCH_UP_DAYS, Trigger
from backend.core.engine.windows import window_key
from backend.core.membership import MembershipState
from backend.ledger import occasions
from backend.ledger.engine import writing
from backend.ledger.occasions import Ruled, Span, ruled_programs
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.vault import Vault
from backend.ledger.wants import Wants
from backend.services.crediting import midnight_ms
from backend.services.judging import facts_of, judge_event
from backend.services.lookup import MemberById
from backend.services.record_event import EventTerms, record_event, scheduled_key

SLICE_MEMBERS = 200
LOOK_AFTER_MS = 60_000


@dataclass(slots=True)
class AnimationSweep:
    """Remembers what it has gone through today; after a start it goes through the day again,
    and finds that everybody has theirs."""

    engine: Engine
    vault: Vault
    now_ms: Callable[[], int]
    new_id: Callable[[str], str]
    _done: dict[tuple[str, Trigger], date] = field(default_factory=dict)
    _next_look_ms: int = 0

    def step(self) -> int:
        """Goes through what is due today in every program; how many events that made."""
        now_ms = self.now_ms()
        if now_ms < self._next_look_ms:
            return 0
        self._next_look_ms = now_ms + LOOK_AFTER_MS
        with self.engine.connect() as connection:
            programs = ruled_programs(connection)
        return sum(self._animate(program, now_ms) for program in programs)

    def _animate(self, program: Ruled, now_ms: int) -> int:
        day = Moment.at(now_ms, program.timezone).day
        count = 0
        for trigger in self._triggers(program, now_ms):
            if self._done.get((program.id, trigger)) == day:
                continue
            with self.engine.connect() as connection:
                due = _candidates(connection, self.vault, program, trigger, day)
            for start in range(0, len(due), SLICE_MEMBERS):
                members = due[start : start + SLICE_MEMBERS]
                count += self._give(program.id, trigger, members, now_ms)
            self._done[program.id, trigger] = day
        return count

    def _triggers(self, program: Ruled, now_ms: int) -> Sequence[Trigger]:
        with self.engine.connect() as connection:
            work = self._loaded(connection, program.id, (), now_ms, lock=False)
            rules = work.state.earning.rules[program.id].rules
        return list(dict.fromkeys(rule.trigger for rule in rules if rule.trigger.scheduled))

    def _give(self, program_id: str, trigger: Trigger, members: Sequence[str], now_ms: int) -> int:
        """Judges without a lock first, so that a day without gifts never holds up a till."""
        with self.engine.connect() as connection:
            work = self._loaded(connection, program_id, members, now_ms, lock=False)
            lucky = list(_due(work, program_id, trigger, members))
        if not lucky:
            return 0
        with writing(self.engine) as connection:
            named = [terms.member.member_id for terms in lucky]
            keys = {(program_id, terms.key) for terms in lucky}
            work = self._loaded(connection, program_id, named, now_ms, lock=True, events=keys)
            program, known = work.state.programs[program_id], work.state.earning.events
            due = [
                terms
                for terms in _due(work, program_id, trigger, named)
                if (program_id, terms.key) not in known
            ]
            for terms in due:
                record_event(work, program, terms.member.resolve(work), terms)
            work.flush()
        return len(due)

    def _loaded(
        self,
        connection: Connection,
        program_id: str,
        members: Collection[str],
        now_ms: int,
        *,
        lock: bool,
        events: Collection[tuple[str, str]] = (),
    ) -> UnitOfWork:
        work = UnitOfWork(connection, self.vault, now_ms, self.new_id)
        wants = Wants(
            programs={program_id},
            members=set(members),
            rules_of={program_id},
            events=set(events),
        )
        work.load(wants, lock=lock)
        return work


def _due(
    work: UnitOfWork, program_id: str, trigger: Trigger, members: Sequence[str]
) -> Iterator[EventTerms]:
    """The events of those who get something today."""
    program = work.state.programs[program_id]
    rules = work.state.earning.rules[program_id]
    for member_id in members:
        member = work.state.members.get(member_id)
        # Whoever was erased, closed or merged since they were found is left out.
        if member is None or member.state != MembershipState.ACTIVE.value:
            continue
        facts = facts_of(work, program, member, rules, work.now_ms)
        occasion = trigger.occasion(Context(facts, rules.segments))
        if occasion is None:
            continue
        earned = judge_event(work, program, member, trigger.event, {}, work.now_ms)
        if earned.credits or earned.grants:
            yield EventTerms(
                member=MemberById(program_id, member_id),
                event_id=_event_id(trigger, occasion),
                name=trigger.event,
                occurred_at_ms=work.now_ms,
                attributes={},
                scheduled=True,
            )


def _event_id(trigger: Trigger, occasion: str) -> str:
    return f"{trigger.before_days}-{trigger.idle_days}-{trigger.every}:{occasion}"


def _candidates(
    connection: Connection, vault: Vault, program: Ruled, trigger: Trigger, day: date
) -> list[str]:
    """Everybody for whom it can be due on the day, and a few more."""
    if trigger.event == "birthday":
        days = [day + timedelta(trigger.before_days - late) for late in range(CATCH_UP_DAYS + 1)]
        names = {f"{each:%m-%d}" for each in days}
        # Who was born on the 29th of February has no other day in most years.
        names |= {"02-29"} if "02-28" in names else set()
        digests = {vault.day_digest(program.id, name) for name in names}
        return occasions.born_on(connection, program.id, digests)
    if trigger.event == "anniversary":
        spans = _yearly_spans(program, day + timedelta(trigger.before_days))
        return occasions.enrolled_in(connection, program.id, spans) if spans else []
    if trigger.event == "idle":
        last = day - timedelta(trigger.idle_days)
        span = _span(program, last - timedelta(CATCH_UP_DAYS), last)
        return occasions.last_bought_in(connection, program.id, span)
    # Who has had this period's event is not due before the next.
    event_id = _event_id(trigger, window_key(trigger.every, day))
    return occasions.without_event(connection, program.id, scheduled_key(trigger.event, event_id))


def _yearly_spans(program: Ruled, day: date) -> list[Span]:
    """The days before and on `day` in each year since the program began, and one day more."""
    since = Moment.at(program.created_at_ms, program.timezone).day.year
    spans = []
    for years in range(1, day.year - since + 1):
        # A year's 365 or 366 days are never more than a day off.
        then = day - timedelta(days=years * 365 + years // 4)
        spans.append(_span(program, then - timedelta(CATCH_UP_DAYS + 2), then + timedelta(2)))
    return spans


def _span(program: Ruled, first: date, last: date) -> Span:
    zone = program.timezone
    return midnight_ms(first, zone), midnight_ms(last + timedelta(1), zone)
