"""What a purchase or an event earns: credits with their reasons, rewards, the standing after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from backend.core.engine.standing import Standing
from backend.core.rules import Reason


@dataclass(frozen=True, slots=True)
class Release:
    """When pending points become the member's: on a local day, at a named event, or at the first
    of both. `on` is the first day on which they can be spent."""

    on: date | None = None
    event: str | None = None


class Credit(NamedTuple):
    """Points of one rule, and why.

    `line_points` says what each line of the basket brought, in the basket's order, and adds up to
    `points`; it is empty where no line brought them (an amount without lines, an event).
    """

    rule: str
    points: int
    text: str
    line_points: tuple[int, ...] = ()
    pending: Release | None = None
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A reward that a rule gives: the id of a reward of the catalogue, how often, and why."""

    rule: str
    reward: str
    quantity: int
    text: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that follows from one purchase or event; nothing of it has happened yet.

    `basis_minor` is the part of the total that earned, `line_basis_minor` its share per line.
    `campaign_used` are the points per campaign after this, as far as they were given. `notes` say
    what caps held back. `before` is the standing that a purchase was judged by, None where the
    rules remember nothing.
    """

    credits: tuple[Credit, ...] = ()
    standing: Standing = field(default_factory=Standing)
    campaign_used: Mapping[str, int] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    basis_minor: int = 0
    line_basis_minor: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    before: Standing | None = None

    @property
    def points_now(self) -> int:
        """Points that can be spent at once."""
        return sum(credit.points for credit in self.credits if credit.pending is None)

    @property
    def points_pending(self) -> int:
        """Points that wait for their release."""
        return sum(credit.points for credit in self.credits if credit.pending is not None)

    @property
    def points(self) -> int:
        return self.points_now + self.points_pending

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why, credit by credit, adding up to `points`."""
        return tuple(Reason(credit.rule, credit.points, credit.text) for credit in self.credits)

    @property
    def line_points(self) -> tuple[int, ...]:
        """What each line brought over all credits; empty without lines."""
        tables = [credit.line_points for credit in self.credits if credit.line_points]
        return tuple(map(sum, zip(*tables, strict=True)))
