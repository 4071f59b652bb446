"""Clearing: which merchant of a coalition gave the points that were redeemed at which other one.

A fold over a program's journal. Each member's points are lots (the period they were earned in, who
gave them); a debit takes the oldest period first and, within one, what came first, as the contract
does by period. A return is the exception: it takes the returning merchant's own points first, the
newest of them, because it undoes its own gift; what is missing is taken oldest first. A refund
gives back to whose points had been taken. Every sum adds up to the journal's (`Account.balanced`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import starmap

from backend.core.operations import Kind, Reason


@dataclass(frozen=True, slots=True)
class Movement:
    """A journal entry as clearing sees it. `group_id` is what ties a debit to what undoes it: the
    redemption, or the merge. `earned_period` is that of a credit's points; `counted` says whether
    the entry lies in the period that is being cleared."""

    kind: Kind
    reason: int
    member_id: str
    merchant_id: str
    points: int
    group_id: str
    earned_period: int
    counted: bool


@dataclass(slots=True)
class Account:
    """What became of the points one merchant gave, in the period: opening + issued − taken back −
    redeemed − lapsed = closing. What lapsed has expired or was given up."""

    opening_points: int = 0
    issued_points: int = 0
    taken_back_points: int = 0
    redeemed_points: int = 0
    lapsed_points: int = 0
    closing_points: int = 0

    @property
    def balanced(self) -> bool:
        gone = self.taken_back_points + self.redeemed_points + self.lapsed_points
        return self.opening_points + self.issued_points - gone == self.closing_points


@dataclass(slots=True)
class Clearing:
    """`accounts` by issuer; `redeemed` by (issuer, redeemer), net of refunds in the period."""

    accounts: dict[str, Account] = field(default_factory=dict)
    redeemed: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class _Lot:
    period: int
    issuer: str
    points: int


@dataclass(slots=True)
class _Taken:
    """Lots a debit took, and at which merchant."""

    merchant_id: str
    lots: list[_Lot] = field(default_factory=list)


def clear(movements: Iterable[Movement]) -> Clearing:
    """The clearing of a whole journal, in its order."""
    fold = _Fold()
    for movement in movements:
        fold.apply(movement)
    return fold.close()


class _Fold:
    def __init__(self) -> None:
        self._lots: dict[str, list[_Lot]] = {}
        self._taken: dict[str, _Taken] = {}
        self._moving: dict[str, list[_Lot]] = {}
        self._lapsed: dict[str, list[_Lot]] = {}
        self._opened = False
        self.result = Clearing()

    def apply(self, movement: Movement) -> None:
        if movement.counted and not self._opened:
            self._open()
        if movement.kind.is_credit:
            self._credit(movement)
        else:
            self._debit(movement)

    def close(self) -> Clearing:
        if not self._opened:
            self._open()
        for lot in self._outstanding():
            self._account(lot.issuer).closing_points += lot.points
        return self.result

    def _open(self) -> None:
        self._opened = True
        for lot in self._outstanding():
            self._account(lot.issuer).opening_points += lot.points

    def _outstanding(self) -> list[_Lot]:
        in_hand = [lot for lots in self._lots.values() for lot in lots]
        return in_hand + [lot for lots in self._moving.values() for lot in lots]

    def _account(self, merchant_id: str) -> Account:
        return self.result.accounts.setdefault(merchant_id, Account())

    def _credit(self, movement: Movement) -> None:
        member, points = movement.member_id, movement.points
        if movement.reason == Reason.MOVED:
            self._give(member, _first(self._moving.get(movement.group_id, []), points))
        elif movement.kind in (Kind.RESTORE, Kind.REDEEM_UNDONE):
            self._refund(movement)
        elif movement.kind is Kind.LAPSE_UNDONE:
            lots = _last(self._lapsed.get(member, []), points)
            self._give(member, lots)
            self._count_lapsed(movement, lots, -1)
        else:
            self._give(member, [_Lot(movement.earned_period, movement.merchant_id, points)])
            if movement.counted:
                account = self._account(movement.merchant_id)
                if movement.kind is Kind.RETURN_UNDONE:
                    account.taken_back_points -= points
                else:
                    account.issued_points += points

    def _refund(self, movement: Movement) -> None:
        taken = self._taken.get(movement.group_id, _Taken(movement.merchant_id))
        lots = _last(taken.lots, movement.points)
        # A credit that nothing here took is its merchant's own gift.
        known = sum(lot.points for lot in lots)
        self._give(movement.member_id, lots)
        self._count_redeemed(movement, taken.merchant_id, lots, -1)
        if movement.points > known:
            rest = movement.points - known
            new = _Lot(movement.earned_period, movement.merchant_id, rest)
            self._give(movement.member_id, [new])
            if movement.counted:
                self._account(movement.merchant_id).issued_points += rest

    def _debit(self, movement: Movement) -> None:
        lots = self._lots.setdefault(movement.member_id, [])
        if movement.kind is Kind.RETURN:
            taken = _own_first(lots, movement.merchant_id, movement.points)
            if movement.counted:
                for lot in taken:
                    self._account(lot.issuer).taken_back_points += lot.points
            return
        taken = _first(lots, movement.points)
        if movement.reason == Reason.MOVED:
            self._moving.setdefault(movement.group_id, []).extend(taken)
        elif movement.kind is Kind.REDEEM:
            before = self._taken.setdefault(movement.group_id, _Taken(movement.merchant_id))
            before.lots.extend(taken)
            self._count_redeemed(movement, movement.merchant_id, taken, 1)
        else:
            self._lapsed.setdefault(movement.member_id, []).extend(taken)
            self._count_lapsed(movement, taken, 1)

    def _count_redeemed(
        self, movement: Movement, redeemer: str, lots: list[_Lot], sign: int
    ) -> None:
        if not movement.counted:
            return
        for lot in lots:
            self._account(lot.issuer).redeemed_points += sign * lot.points
            cell = (lot.issuer, redeemer)
            self.result.redeemed[cell] = self.result.redeemed.get(cell, 0) + sign * lot.points

    def _count_lapsed(self, movement: Movement, lots: list[_Lot], sign: int) -> None:
        if movement.counted:
            for lot in lots:
                self._account(lot.issuer).lapsed_points += sign * lot.points

    def _give(self, member_id: str, lots: list[_Lot]) -> None:
        """Puts lots where their age puts them: after everything as old."""
        held = self._lots.setdefault(member_id, [])
        held.extend(starmap(_Lot, ((lot.period, lot.issuer, lot.points) for lot in lots)))
        held.sort(key=lambda lot: lot.period)


def _first(lots: list[_Lot], points: int) -> list[_Lot]:
    """Takes so many points off the front of the list."""
    return _take(lots, points, list(range(len(lots))))


def _last(lots: list[_Lot], points: int) -> list[_Lot]:
    """Takes so many points off its end; what was taken last comes back first."""
    return list(reversed(_take(lots, points, list(reversed(range(len(lots)))))))


def _own_first(lots: list[_Lot], merchant_id: str, points: int) -> list[_Lot]:
    own = [at for at in reversed(range(len(lots))) if lots[at].issuer == merchant_id]
    others = [at for at in range(len(lots)) if lots[at].issuer != merchant_id]
    return _take(lots, points, own + others)


def _take(lots: list[_Lot], points: int, order: list[int]) -> list[_Lot]:
    taken = []
    for at in order:
        part = min(points, lots[at].points)
        if part:
            taken.append(_Lot(lots[at].period, lots[at].issuer, part))
            lots[at].points -= part
            points -= part
    lots[:] = [lot for lot in lots if lot.points]
    return taken
