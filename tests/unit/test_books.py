"""The trial balance and the liability's curve, from figures alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.core.books import ChainSums, trial_balance
from backend.core.operations import Kind
from backend.web.books.balance import gathered
from backend.web.books.steps import step_chart

CHAIN = ChainSums(
    minted_points=1_000,
    burned_points=400,
    lapsed_points=50,
    restored_points=30,
    rebound_points=100,
    short_points=20,
)
SETTLED = {Kind.ACCRUE: 800, Kind.BONUS: 70, Kind.RESTORE: 30, Kind.REDEEM: 200, Kind.RETURN: 70}


def test_what_only_one_side_knows_does_not_unbalance_the_books() -> None:
    balance = trial_balance(7, SETTLED, CHAIN, 600)
    lines = {line.name: (line.ledger_points, line.chain_points) for line in balance.lines}
    assert lines["issued"] == (870, 870)
    assert lines["debited"] == (250, 250)
    assert lines["outstanding"] == (600, 600)
    assert balance.balanced


def test_an_invented_point_shows_in_its_line_and_in_the_end() -> None:
    invented = trial_balance(7, {**SETTLED, Kind.BONUS: 71}, CHAIN, 600)
    assert not invented.balanced
    assert [line.name for line in invented.lines if not line.agrees] == ["issued", "outstanding"]
    assert not trial_balance(7, SETTLED, CHAIN, 601).balanced
    assert trial_balance(7, SETTLED, CHAIN, None).balanced


_changes = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(-(10**6), 10**9)), min_size=1, max_size=80
).map(sorted)


@given(_changes, st.integers(2, 60))
def test_no_change_of_the_supply_is_lost_in_the_curve(
    changes: list[tuple[int, int]], rows_max: int
) -> None:
    moments = gathered(changes, rows_max)
    assert len(moments) <= rows_max
    assert sum(each.change_points for each in moments) == sum(points for _, points in changes)
    assert moments[-1].outstanding_points == sum(points for _, points in changes)
    assert [each.at_ms for each in moments] == sorted({each.at_ms for each in moments})


def test_a_curve_stays_in_its_box() -> None:
    chart = step_chart([(0, 0), (10, 125_000), (20, 90_000)])
    assert chart.ticks[0] == (210, 0)
    assert chart.ticks[-1][0] >= 10
    assert chart.ticks[-1][1] >= 125_000
