"""Simulating a program: what a history of purchases would have earned under a rule set.

Nothing is minted and nothing is stored. Members enrol with their first purchase; tiers are judged
with every purchase; anniversaries, periods and absences are looked at once a week, which is often
enough because they stay due that long. The same history under the same rules gives the same result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from backend.core.engine.basket import Basket
from backend.core.engine.due import due_events
from backend.core.engine.evaluate import evaluate_event, evaluate_purchase
from backend.core.engine.moment import Moment
from backend.core.engine.outcome import Evaluation
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.schedule import CATCH_UP_DAYS, SCHEDULED
from backend.core.engine.standing import EMPTY, MemberFacts, Standing
from backend.core.tiers import Activity, TierPolicy, TierState, judge

SAY_EVERY = 2_000
SIGNUP = "signup"
NO_TIER = "none"


@dataclass(frozen=True, slots=True)
class SimulatedPurchase:
    """One purchase of a history; `member` is any name that stays the same."""

    member: str
    moment: Moment
    basket: Basket


@dataclass(frozen=True, slots=True)
class Worth:
    """What points cost the merchant when they are spent: `points` of them `worth_minor`."""

    points: int
    worth_minor: int

    def cost_minor_ceil(self, points: int) -> int:
        """The cost of points, rounded up."""
        return -(-points * self.worth_minor // self.points)


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came out. Amounts in minor units; `points_by_member` has every member of the history.

    `points_pending` of the points had to wait first, `withheld` counts how often a cap or a
    budget held points back, `members_rewarded` have points or a reward at all.
    """

    purchases: int
    spend_minor: int
    basis_minor: int
    points: int
    points_pending: int
    withheld: int
    points_by_rule: Mapping[str, int]
    rewards: Mapping[str, int]
    points_by_member: Mapping[str, int]
    members_rewarded: int
    members_by_tier: Mapping[str, int]
    campaign_used: Mapping[str, int]

    @property
    def members(self) -> int:
        return len(self.points_by_member)

    @property
    def rewarded_bp(self) -> int:
        """Members rewarded, in basis points of all, rounded down."""
        return 10_000 * self.members_rewarded // self.members if self.members else 0

    def percentile_points(self, percent: int) -> int:
        """The points that so many percent of the members have at most."""
        ordered = sorted(self.points_by_member.values())
        if not ordered:
            return 0
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


@dataclass(frozen=True, slots=True)
class Compared:
    """A change of rules: how many members get more, less and the same, and the difference."""

    points: int
    gain: int
    lose: int
    same: int


def compare(before: Simulated, after: Simulated) -> Compared:
    """What changing from one rule set to another would have done to the same history."""
    deltas = [
        after.points_by_member.get(name, 0) - points
        for name, points in before.points_by_member.items()
    ]
    gain = sum(1 for delta in deltas if delta > 0)
    lose = sum(1 for delta in deltas if delta < 0)
    return Compared(after.points - before.points, gain, lose, len(deltas) - gain - lose)


def simulate(
    rules: RuleSet,
    history: Sequence[SimulatedPurchase],
    say: Callable[[int], None] | None = None,
) -> Simulated:
    """Replays the history in the order of its moments, equal ones in their own order; `say` is
    told, every SAY_EVERY purchases, how many were replayed.

    Raises CurrencyMismatch or PointsOutOfRange, as evaluating would.
    """
    run = _Run(rules)
    ordered = sorted(history, key=lambda one: (one.moment.day, one.moment.minute_of_day))
    sweeps = run.scheduled
    next_sweep = ordered[0].moment.day if ordered else date.max
    for count, purchase in enumerate(ordered):
        if say is not None and count % SAY_EVERY == 0:
            say(count)
        while sweeps and next_sweep <= purchase.moment.day:
            run.sweep(next_sweep)
            next_sweep += timedelta(days=CATCH_UP_DAYS + 1)
        run.buy(purchase)
    if ordered:
        run.close(ordered[-1].moment.day)
    return run.result(ordered)


@dataclass(slots=True)
class _Member:
    enrolled_on: date
    standing: Standing = EMPTY
    tier: TierState | None = None
    points: int = 0
    rewards: int = 0


@dataclass(slots=True)
class _Run:
    rules: RuleSet
    members: dict[str, _Member] = field(default_factory=dict)
    campaign_used: Mapping[str, int] = field(default_factory=dict)
    points_by_rule: Counter[str] = field(default_factory=Counter)
    rewards: Counter[str] = field(default_factory=Counter)
    basis_minor: int = 0
    points_pending: int = 0
    withheld: int = 0

    @property
    def scheduled(self) -> bool:
        """Whether the calendar gives anything."""
        return not self.rules.events.isdisjoint(SCHEDULED)

    @property
    def policy(self) -> TierPolicy | None:
        policy: TierPolicy | None = self.rules.sections.get("tiers")
        return policy

    def buy(self, purchase: SimulatedPurchase) -> None:
        member = self.members.get(purchase.member)
        if member is None:
            member = self.members[purchase.member] = _Member(purchase.moment.day)
            self._event(member, SIGNUP, purchase.moment)
        self._judge(member, purchase.moment.day)
        done = evaluate_purchase(
            self.rules, purchase.basket, self._facts(member, purchase.moment), self.campaign_used
        )
        self._take(member, done)
        self._judge(member, purchase.moment.day)

    def sweep(self, day: date) -> None:
        """Gives what the calendar gives on a day."""
        moment = Moment.on(day)
        for member in self.members.values():
            for event in due_events(self.rules, self._facts(member, moment)):
                self._event(member, event, moment)

    def close(self, day: date) -> None:
        """Judges every tier on the last day."""
        for member in self.members.values():
            self._judge(member, day)

    def result(self, history: Iterable[SimulatedPurchase]) -> Simulated:
        bought = list(history)
        tiers: Counter[str] = Counter()
        if self.policy is not None:
            tiers.update(
                member.tier.level or NO_TIER
                for member in self.members.values()
                if member.tier is not None
            )
        return Simulated(
            purchases=len(bought),
            spend_minor=sum(one.basket.amount_minor for one in bought),
            basis_minor=self.basis_minor,
            points=self.points_by_rule.total(),
            points_pending=self.points_pending,
            withheld=self.withheld,
            points_by_rule=dict(sorted(self.points_by_rule.items())),
            rewards=dict(sorted(self.rewards.items())),
            points_by_member={name: member.points for name, member in self.members.items()},
            members_rewarded=sum(1 for one in self.members.values() if one.points or one.rewards),
            members_by_tier=dict(sorted(tiers.items())),
            campaign_used=dict(self.campaign_used),
        )

    def _facts(self, member: _Member, moment: Moment) -> MemberFacts:
        tier = None if member.tier is None else member.tier.level
        return MemberFacts(moment, member.standing, member.enrolled_on, tier=tier)

    def _event(self, member: _Member, event: str, moment: Moment) -> None:
        if event in self.rules.events:
            facts = self._facts(member, moment)
            self._take(member, evaluate_event(self.rules, event, {}, facts, self.campaign_used))

    def _take(self, member: _Member, done: Evaluation) -> None:
        member.standing = done.standing
        member.points += done.points
        self.campaign_used = done.campaign_used
        self.basis_minor += done.basis_minor
        self.points_pending += done.points_pending
        self.withheld += len(done.notes)
        for credit in done.credits:
            self.points_by_rule[credit.rule] += credit.points
        for grant in done.grants:
            self.rewards[grant.reward] += grant.quantity
            member.rewards += grant.quantity

    def _judge(self, member: _Member, day: date) -> None:
        if self.policy is None:
            return
        standing = member.standing
        lifetime = (standing.earned_points, standing.spend_minor, standing.visit_days)
        activity = Activity.of(standing.months, lifetime)
        member.tier = judge(self.policy, activity, day, member.tier)
