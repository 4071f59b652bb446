"""Partial returns in any pieces: never more than the purchase, and in the end exactly it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.core.errors import (
    MereauError,
    PurchaseAlreadyReturned,
    ReturnExceedsPurchase,
    ReturnInvalid,
)
from backend.core.returned_parts import (
    NOTHING_BACK,
    Asked,
    LineAsked,
    Sold,
    SoldLine,
    figures,
    is_complete,
    more_back,
)
from backend.core.returns import SpentPoints, claw_back

SMALL = st.integers(0, 40)


@st.composite
def sold(draw: st.DrawFn) -> Sold:
    """Purchases with and without lines, with baskets reduced as a whole, with points of no line."""
    lines = tuple(
        SoldLine(number, f"L{number}", draw(st.integers(1, 7)), draw(SMALL), draw(SMALL))
        for number in range(draw(st.integers(0, 4)))
    )
    priced_minor = sum(line.amount_minor for line in lines)
    amount_minor = draw(st.integers(0, priced_minor)) if lines else draw(st.integers(0, 500))
    points_minor = draw(st.integers(0, amount_minor))
    return Sold(
        amount_minor=amount_minor,
        points=sum(line.points for line in lines) + draw(SMALL),
        lines=lines,
        points_minor=points_minor,
        redeemed_points=draw(SMALL) if points_minor else 0,
        gift_card_minor=draw(st.integers(0, amount_minor - points_minor)),
    )


def asked() -> st.SearchStrategy[Callable[[], Asked]]:
    quantity = st.one_of(st.none(), st.integers(1, 4))
    line = st.builds(LineAsked, line_no=st.integers(0, 3), quantity=quantity)
    return st.one_of(
        st.builds(lambda amount: lambda: Asked(amount_minor=amount), st.integers(1, 60)),
        st.builds(lambda lines: lambda: Asked(lines=tuple(lines)), st.lists(line, min_size=1)),
        st.builds(lambda units: lambda: Asked(quantity=units), st.integers(1, 4)),
    )


@settings(max_examples=300)
@given(sold(), st.lists(asked(), max_size=12))
def test_partial_returns_add_up_to_exactly_the_purchase(
    purchase: Sold, asks: list[Callable[[], Asked]]
) -> None:
    back, so_far = NOTHING_BACK, figures(purchase, NOTHING_BACK)
    assert not any(astuple(so_far)) or is_complete(purchase, back)
    pieces = [so_far]
    for ask in [*asks, Asked]:
        try:
            back = more_back(purchase, back, ask())
        except (ReturnInvalid, ReturnExceedsPurchase, PurchaseAlreadyReturned):
            continue
        total = figures(purchase, back)
        piece = total.since(so_far)
        assert min(astuple(piece)) >= 0, "nothing that went back comes forth again"
        assert piece.cash_minor >= 0
        pieces.append(piece)
        so_far = total
    assert is_complete(purchase, back)
    assert so_far.value_minor == sum(piece.value_minor for piece in pieces)
    whole = (
        purchase.amount_minor,
        purchase.points,
        purchase.points_minor,
        purchase.redeemed_points,
        purchase.gift_card_minor,
    )
    assert tuple(map(sum, zip(*map(astuple, pieces), strict=True))) == whole


@given(sold(), st.lists(asked(), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_partial_returns_changes_nothing(
    purchase: Sold, asks: list[Callable[[], Asked]], order: object
) -> None:
    """What has gone back is all that counts: accepted in another order, it takes the same."""

    def taken(listed: list[Asked]) -> tuple[object, ...]:
        back = NOTHING_BACK
        for ask in listed:
            back = more_back(purchase, back, ask)
        return astuple(figures(purchase, back))

    accepted: list[Asked] = []
    for ask in asks:
        try:
            made = ask()
            if any(line.quantity is None for line in made.lines):
                continue
            taken([*accepted, made])
        except MereauError:
            continue
        accepted.append(made)
    shuffled = list(accepted)
    order.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random
    try:
        again = taken(shuffled)
    except PurchaseAlreadyReturned:
        return
    assert again == taken(accepted)


@given(st.sampled_from(SpentPoints), SMALL, SMALL, SMALL, st.booleans())
def test_every_point_to_be_taken_back_is_accounted_for(
    policy: SpentPoints, points: int, pending: int, available: int, burnable: bool
) -> None:
    took = claw_back(policy, points, pending, available, burnable=burnable)
    assert took.points == points
    assert min(astuple(took)) >= 0
    assert took.cancelled_points == min(points, pending), "pending points go first"
    assert took.taken_points <= available, "no balance falls below zero"
    if policy is SpentPoints.PENDING_ONLY or not burnable:
        assert took.taken_points == took.debt_points == 0
    elif policy is SpentPoints.CLAMP:
        assert took.debt_points == 0
        assert took.taken_points == min(points - took.cancelled_points, available)
    else:
        assert took.forgiven_points == 0
