"""What a return takes back, by example."""

from __future__ import annotations

import pytest

from backend.core.errors import (
    PurchaseAlreadyReturned,
    ReturnExceedsPurchase,
    ReturnInvalid,
    RuleInvalid,
)
from backend.core.returned_parts import (
    NOTHING_BACK,
    Asked,
    Back,
    LineAsked,
    Sold,
    SoldLine,
    figures,
    is_complete,
    more_back,
)
from backend.core.returns import ReturnPolicy, SpentPoints, UnknownReceipt

SHIRTS = SoldLine(0, "shirts", 3, 9000, 10)
SCARF = SoldLine(1, "scarf", 1, 2000, 40)
CLOTHES = Sold(amount_minor=11000, points=50, lines=(SHIRTS, SCARF))


def test_a_line_takes_back_what_it_was_credited_with() -> None:
    back = more_back(CLOTHES, NOTHING_BACK, Asked(lines=(LineAsked(line_id="scarf"),)))
    assert (figures(CLOTHES, back).points, figures(CLOTHES, back).value_minor) == (40, 2000)
    taken = [figures(CLOTHES, back).points]
    for _ in range(3):
        back = more_back(CLOTHES, back, Asked(lines=(LineAsked(line_no=0, quantity=1),)))
        taken.append(figures(CLOTHES, back).points - sum(taken))
    assert taken == [40, 3, 3, 4], "thirds of ten, and the last one has the rest"
    assert is_complete(CLOTHES, back)


def test_fifteen_cents_at_a_time_take_back_every_point() -> None:
    """A rule that rounds down per purchase gave 11; rounding each return would lose them all."""
    sold, back, taken = Sold(amount_minor=1177, points=11), NOTHING_BACK, 0
    while not is_complete(sold, back):
        left = 1177 - figures(sold, back).value_minor
        back = more_back(sold, back, Asked(amount_minor=min(15, left)))
        taken = figures(sold, back).points
        assert taken == 11 * figures(sold, back).value_minor // 1177
    assert taken == 11


def test_what_was_taken_off_the_basket_is_taken_off_every_unit() -> None:
    sold = Sold(amount_minor=9900, points=50, lines=(SHIRTS, SCARF))
    back = more_back(sold, NOTHING_BACK, Asked(lines=(LineAsked(line_no=1),)))
    assert figures(sold, back).value_minor == 1800


def test_an_amount_after_a_line_shares_what_the_lines_left() -> None:
    back = more_back(CLOTHES, NOTHING_BACK, Asked(lines=(LineAsked(line_no=1),)))
    back = more_back(CLOTHES, back, Asked(amount_minor=4500))
    assert figures(CLOTHES, back).points == 40 + 5
    with pytest.raises(ReturnExceedsPurchase) as refusal:
        more_back(CLOTHES, back, Asked(lines=(LineAsked(line_no=0, quantity=2),)))
    assert refusal.value.facts == {"remaining_amount_minor": 4500}


def test_cash_gift_card_and_points_are_told_apart() -> None:
    sold = Sold(1000, 7, points_minor=300, redeemed_points=150, gift_card_minor=200)
    half = figures(sold, more_back(sold, NOTHING_BACK, Asked(amount_minor=500)))
    assert (half.cash_minor, half.points_minor, half.gift_card_minor) == (250, 150, 100)
    assert (half.points, half.restored_points) == (3, 75)


def test_nothing_goes_back_twice() -> None:
    whole = more_back(CLOTHES, NOTHING_BACK, Asked())
    for ask in (Asked(), Asked(amount_minor=1), Asked(lines=(LineAsked(line_no=0),))):
        with pytest.raises(PurchaseAlreadyReturned):
            more_back(CLOTHES, whole, ask)
    two = more_back(CLOTHES, NOTHING_BACK, Asked(lines=(LineAsked(line_no=0, quantity=2),)))
    with pytest.raises(ReturnExceedsPurchase) as refusal:
        more_back(CLOTHES, two, Asked(lines=(LineAsked(line_no=0, quantity=2),)))
    assert refusal.value.facts == {"line_no": 0, "remaining_quantity": 1}


def test_a_purchase_of_nothing_can_be_returned_once() -> None:
    gift = Sold(amount_minor=0, points=5)
    back = more_back(gift, NOTHING_BACK, Asked())
    assert figures(gift, back).points == 5
    with pytest.raises(ReturnExceedsPurchase):
        more_back(gift, NOTHING_BACK, Asked(amount_minor=1))


@pytest.mark.parametrize(
    "lines",
    [
        (LineAsked(line_no=2),),
        (LineAsked(line_id="socks"),),
        (LineAsked(),),
        (LineAsked(line_no=0, line_id="shirts"),),
        (LineAsked(line_no=0, quantity=1), LineAsked(line_id="shirts", quantity=1)),
    ],
)
def test_a_line_is_named_once_and_clearly(lines: tuple[LineAsked, ...]) -> None:
    with pytest.raises(ReturnInvalid):
        more_back(CLOTHES, NOTHING_BACK, Asked(lines=lines))


def test_a_quantity_alone_is_of_the_only_line() -> None:
    with pytest.raises(ReturnInvalid):
        more_back(CLOTHES, NOTHING_BACK, Asked(quantity=1))
    shirts = Sold(amount_minor=9000, points=10, lines=(SHIRTS,))
    assert more_back(shirts, NOTHING_BACK, Asked(quantity=2)) == Back({0: 2})


@pytest.mark.parametrize(
    "terms",
    [
        {"amount_minor": 0},
        {"quantity": 0},
        {"amount_minor": 5, "quantity": 1},
        {"lines": (LineAsked(line_no=0, quantity=0),)},
        {"lines": (LineAsked(line_no=0),), "amount_minor": 5},
    ],
)
def test_a_return_says_one_thing(terms: dict[str, object]) -> None:
    with pytest.raises(ReturnInvalid):
        Asked(**terms)  # type: ignore[arg-type] # wrong on purpose


def test_the_policy_is_read_from_a_rules_document() -> None:
    assert ReturnPolicy.parse({}) == ReturnPolicy(SpentPoints.CLAMP, UnknownReceipt.WAIT)
    read = ReturnPolicy.parse({"spent_points": "debt", "unknown_receipt": "refuse"})
    assert read == ReturnPolicy(SpentPoints.DEBT, UnknownReceipt.REFUSE)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], "/returns"),
        ({"spent": "debt"}, "/returns"),
        ({"spent_points": "negative"}, "/returns/spent_points"),
        ({"spent_points": None}, "/returns/spent_points"),
        ({"unknown_receipt": 1}, "/returns/unknown_receipt"),
    ],
)
def test_a_wrong_policy_is_refused_where_it_is_wrong(document: object, pointer: str) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        ReturnPolicy.parse(document)
    assert refusal.value.facts["pointer"] == pointer
