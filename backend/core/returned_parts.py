"""Which part of a purchase goes back, and what that part comes to.

Everything is told by how much of the purchase is back so far (`Back`). What a return takes is the
difference between two such states, each rounded down over the whole: so partial returns add up to
exactly what was credited, in whatever pieces they come, and no rule of today has a say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from backend.core.errors import PurchaseAlreadyReturned, ReturnExceedsPurchase, ReturnInvalid


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line as it was sold; `points` are all it was credited with, pending ones included."""

    line_no: int
    line_id: str
    quantity: int
    amount_minor: int
    points: int


@dataclass(frozen=True, slots=True)
class Sold:
    """A purchase as it was recorded: lines that are not voided add up to the amount and whatever
    was taken off the whole basket. `points` are all that were credited, pending ones included.

    `points_minor` of the amount were paid with `redeemed_points`, `gift_card_minor` with gift
    cards; the rest is cash.
    """

    amount_minor: int
    points: int
    lines: tuple[SoldLine, ...] = ()
    points_minor: int = 0
    redeemed_points: int = 0
    gift_card_minor: int = 0


@dataclass(frozen=True, slots=True)
class Back:
    """How much of a purchase is back: units per line number, an amount that names no line, or
    the whole of it."""

    units: Mapping[int, int] = field(default_factory=dict)
    loose_minor: int = 0
    whole: bool = False


NOTHING_BACK: Final = Back()


@dataclass(frozen=True, slots=True)
class LineAsked:
    """Units of one line, named by its number or by its id; None for all that is left of it."""

    line_no: int | None = None
    line_id: str | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to go back: lines, a quantity of the only line, an amount, or all that is left."""

    lines: tuple[LineAsked, ...] = ()
    quantity: int | None = None
    amount_minor: int | None = None

    def __post_init__(self) -> None:
        ways = bool(self.lines) + (self.quantity is not None) + (self.amount_minor is not None)
        if ways > 1:
            raise ReturnInvalid("Return lines, a quantity or an amount, not several of them.")
        if self.amount_minor is not None and self.amount_minor < 1:
            raise ReturnInvalid("An amount to return is at least 1 minor unit.")
        quantities = [self.quantity, *(line.quantity for line in self.lines)]
        if any(each is not None and each < 1 for each in quantities):
            raise ReturnInvalid("A quantity to return is at least 1.")

    def to_document(self) -> dict[str, Any]:
        """As JSON types; what was left out is left out."""
        lines = [
            {name: value for name, value in asdict(line).items() if value is not None}
            for line in self.lines
        ]
        document = {
            "lines": lines or None,
            "quantity": self.quantity,
            "amount_minor": self.amount_minor,
        }
        return {name: value for name, value in document.items() if value is not None}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Asked:
        """What `to_document` wrote."""
        lines = tuple(LineAsked(**line) for line in document.get("lines", ()))
        return cls(lines, document.get("quantity"), document.get("amount_minor"))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a state of `Back` amounts to. `points` are to be taken back of those credited,
    `restored_points` to be given back of those the purchase was paid with."""

    value_minor: int
    points: int
    points_minor: int
    restored_points: int
    gift_card_minor: int

    @property
    def cash_minor(self) -> int:
        return self.value_minor - self.points_minor - self.gift_card_minor

    def since(self, before: Figures) -> Figures:
        """What has come since an earlier state."""
        return Figures(
            value_minor=self.value_minor - before.value_minor,
            points=self.points - before.points,
            points_minor=self.points_minor - before.points_minor,
            restored_points=self.restored_points - before.restored_points,
            gift_card_minor=self.gift_card_minor - before.gift_card_minor,
        )


def is_complete(sold: Sold, back: Back) -> bool:
    """Whether nothing of the purchase is left to return."""
    if back.whole or (sold.amount_minor and _value_minor(sold, back) == sold.amount_minor):
        return True
    return bool(sold.lines) and all(
        back.units.get(line.line_no, 0) == line.quantity for line in sold.lines
    )


def figures(sold: Sold, back: Back) -> Figures:
    """What has gone back in all. It never falls while more goes back, and at the end it is the
    purchase."""
    if is_complete(sold, back):
        return Figures(
            sold.amount_minor,
            sold.points,
            sold.points_minor,
            sold.redeemed_points,
            sold.gift_card_minor,
        )
    value_minor = _value_minor(sold, back)
    points_minor = _share_floor(sold.points_minor, value_minor, sold.amount_minor)
    # Of what points did not pay: two shares of the same whole, each rounded down, would at times
    # leave less than nothing to give back in cash.
    paid_minor, of_minor = value_minor - points_minor, sold.amount_minor - sold.points_minor
    return Figures(
        value_minor=value_minor,
        points=_points_floor(sold, back),
        points_minor=points_minor,
        restored_points=_share_floor(sold.redeemed_points, value_minor, sold.amount_minor),
        gift_card_minor=_share_floor(sold.gift_card_minor, paid_minor, of_minor),
    )


def _share_floor(whole: int, part_minor: int, of_minor: int) -> int:
    return whole * part_minor // of_minor if of_minor else 0


def _lines_minor_floor(sold: Sold, back: Back) -> int:
    """What the returned units cost: a line's units alike, and what was taken off the basket
    spread over all lines."""
    priced_minor = sum(line.amount_minor for line in sold.lines)
    units_minor = sum(
        line.amount_minor * back.units.get(line.line_no, 0) // line.quantity for line in sold.lines
    )
    return _share_floor(sold.amount_minor, units_minor, priced_minor)


def _value_minor(sold: Sold, back: Back) -> int:
    return _lines_minor_floor(sold, back) + back.loose_minor


def _points_floor(sold: Sold, back: Back) -> int:
    """Of lines: what they were credited with, by unit; of points that no line brought, the share
    of the amount. A loose amount takes its share of whatever the lines have left."""
    lines_minor = _lines_minor_floor(sold, back)
    of_lines = sum(
        line.points * back.units.get(line.line_no, 0) // line.quantity for line in sold.lines
    )
    of_no_line = sold.points - sum(line.points for line in sold.lines)
    of_lines += _share_floor(of_no_line, lines_minor, sold.amount_minor)
    left_points, left_minor = sold.points - of_lines, sold.amount_minor - lines_minor
    return of_lines + _share_floor(left_points, back.loose_minor, left_minor)


def more_back(sold: Sold, back: Back, asked: Asked) -> Back:
    """The state once what is asked has gone back as well.

    Raises PurchaseAlreadyReturned when nothing is left, ReturnExceedsPurchase when less is left
    than asked, ReturnInvalid when a line is unknown, named twice, or not named where it must be.
    """
    if is_complete(sold, back):
        raise PurchaseAlreadyReturned("The purchase was returned already.")
    if asked.amount_minor is not None:
        after = replace(back, loose_minor=back.loose_minor + asked.amount_minor)
    elif asked.lines or asked.quantity is not None:
        units = dict(back.units)
        for line, quantity in _units_asked(sold, back, asked):
            units[line.line_no] = units.get(line.line_no, 0) + quantity
        after = replace(back, units=units)
    else:
        after = replace(back, whole=True)
    if not after.whole and _value_minor(sold, after) > sold.amount_minor:
        left_minor = sold.amount_minor - _value_minor(sold, back)
        raise ReturnExceedsPurchase(
            "Less of the purchase is left to return.", remaining_amount_minor=left_minor
        )
    return after


def _units_asked(sold: Sold, back: Back, asked: Asked) -> list[tuple[SoldLine, int]]:
    if asked.lines:
        named = [(_named(sold.lines, each), each.quantity) for each in asked.lines]
    elif len(sold.lines) == 1:
        named = [(sold.lines[0], asked.quantity)]
    else:
        raise ReturnInvalid("A quantity alone is of a purchase with one line; name the lines.")
    if len({line.line_no for line, _ in named}) != len(named):
        raise ReturnInvalid("A line is named twice.")
    found = []
    for line, wanted in named:
        left = line.quantity - back.units.get(line.line_no, 0)
        quantity = left if wanted is None else wanted
        if not 1 <= quantity <= left:
            raise ReturnExceedsPurchase(
                "Fewer units of the line are left to return.",
                line_no=line.line_no,
                remaining_quantity=left,
            )
        found.append((line, quantity))
    return found


def _named(lines: Sequence[SoldLine], asked: LineAsked) -> SoldLine:
    if (asked.line_no is None) == (asked.line_id is None):
        raise ReturnInvalid("Name a line by its line_no or by its line_id.")
    for line in lines:
        if asked.line_no == line.line_no or asked.line_id == line.line_id:
            return line
    raise ReturnInvalid("The purchase has no such line.")
