"""No unit of a voucher is made or lost, whatever tills do with it."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.core.spending_errors import VoucherValueExceeded
from backend.core.vouchers import Allowance

STEPS = st.lists(
    st.tuples(st.sampled_from(["reserve", "redeem", "release", "reverse"]), st.integers(-2, 60)),
    max_size=40,
)


@settings(max_examples=300)
@given(st.integers(1, 100), STEPS)
def test_free_reserved_and_spent_are_always_the_whole(
    capacity: int, steps: list[tuple[str, int]]
) -> None:
    allowance = Allowance(capacity)
    reserved: list[int] = []
    redeemed: list[int] = []
    for step, units in steps:
        with suppress(VoucherValueExceeded):
            if step == "reserve":
                allowance = allowance.reserved(units)
                reserved.append(units)
            elif step == "redeem" and reserved:
                allowance = allowance.redeemed(reserved[-1], units)
                reserved.pop()
                redeemed.append(units)
            elif step == "release" and reserved:
                allowance = allowance.released(reserved.pop())
            elif step == "reverse" and redeemed:
                allowance = allowance.reversed(redeemed[-1], units)
                redeemed[-1] -= units
        assert allowance.reserved_units == sum(reserved)
        assert allowance.spent_units == sum(redeemed)
        assert allowance.free_units == capacity - sum(reserved) - sum(redeemed) >= 0
