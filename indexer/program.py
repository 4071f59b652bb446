"""One program while events are folded: its sums, and which Transfers belong to which batch. Pure.

Points move in batches, whose event comes after their Transfers, and without one: when somebody
sweeps what lapsed, when a member redeems by signature, when a touch by `setSignedOnly` sweeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.core.calendar import Calendar
from indexer.errors import ProjectionError
from indexer.events import BatchApplied, Note, Transfer
from indexer.words import moved

Holder = tuple[str, str]
"""Program and member."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What of a program can never change, as far as words depend on it, and the notice."""

    calendar: Calendar
    signed_only: bool
    notice_days: int


@dataclass(frozen=True, slots=True)
class Supply:
    """A program's sums, in points, and the sequence number of its last batch (0 for none).

    `lapsed_points` are those of the burned ones that time took.
    """

    minted_points: int = 0
    burned_points: int = 0
    lapsed_points: int = 0
    last_seq: int = 0

    @property
    def total_points(self) -> int:
        """Points in circulation, lapsed ones that nobody swept included."""
        return self.minted_points - self.burned_points


class ProgramFold:
    """A program's part in the events so far. What is open are the Transfers of the transaction
    under way that no event has accounted for yet."""

    def __init__(self, address: str, rules: Rules, supply: Supply) -> None:
        self.address = address
        self.rules = rules
        self.changed = False
        self.tx_hash = b""
        self.period = 0
        self.before_burn = 0
        """The word that the last burn was taken from."""

        self._block = -1
        self._minted = supply.minted_points
        self._burned = supply.burned_points
        self._lapsed = supply.lapsed_points
        self._last_seq = supply.last_seq
        self._unnoted: tuple[str, int, int] | None = None
        self._open()

    @classmethod
    def nobody(cls) -> ProgramFold:
        """A program that no event belongs to."""
        return cls("", _NO_RULES, Supply())

    @property
    def supply(self) -> Supply:
        return Supply(self._minted, self._burned, self._lapsed, self._last_seq)

    def enter(self, tx_hash: bytes, block: int, at_s: int) -> None:
        """What follows is of this transaction; nothing of another one may be open."""
        if self.tx_hash == tx_hash:
            return
        self.leave()
        self.tx_hash = tx_hash
        if self._block != block:
            self._block = block
            self.period = self.rules.calendar.period_at(at_s)

    def leave(self) -> None:
        """The transaction is over: what is open can only be points that somebody swept."""
        if self._open_count:
            self.close_without_batch(0)

    def moved(self, event: Transfer, word: int) -> int:
        """The word after the Transfer; counts it."""
        points = event.points
        try:
            after, lapsed = moved(word, points, self.rules.calendar, self.period)
        except ProjectionError as error:
            raise ProjectionError(
                f"program {self.address}: member {event.member}, log {event.log_index} of block "
                f"{event.block_number}: {error}"
            ) from error
        self._open_count += 1
        if points > 0:
            self._open_minted += points
            return after
        self._open_burned -= points
        self.before_burn = word
        if lapsed:
            self._all_noted()
            self._unnoted = (event.member, lapsed, event.log_index)
            self._open_lapses += 1
            self._open_lapsed += lapsed
            if self._open_lapses == self._open_count:
                self._leading.append(self._open_lapsed)
        return after

    def lapse_noted(self, note: Note) -> None:
        """`Lapsed` confirms the burn before it."""
        if self._unnoted != (note.member, note.points, note.log_index - 1):
            raise ProjectionError(f"no {note.points} points of this member lapsed")
        self._unnoted = None

    def batch(self, event: BatchApplied) -> None:
        """The batch accounts for what is open, but for members swept before it began."""
        where = f"program {event.program}: batch {event.seq} in block {event.block_number}"
        if event.seq != self._last_seq + 1:
            raise ProjectionError(f"{where} does not follow batch {self._last_seq}")
        if self._open_minted != event.minted_points:
            raise ProjectionError(
                f"{where} minted {event.minted_points} points, its transfers {self._open_minted}"
            )
        swept_before = self._open_burned - event.burned_points
        if swept_before and swept_before not in self._leading:
            raise ProjectionError(
                f"{where} burned {event.burned_points} points, its transfers {self._open_burned}"
            )
        self._last_seq = event.seq
        self._close()

    def close_without_batch(self, redeemed_points: int) -> None:
        """What is open are lapsed points, and the burn of a signed redemption if there was one."""
        count = self._open_lapses + (redeemed_points > 0)
        burned = self._open_lapsed + redeemed_points
        if self._open_minted or (self._open_count, self._open_burned) != (count, burned):
            raise ProjectionError(
                f"program {self.address}: {self._open_count} transfers of transaction "
                f"0x{self.tx_hash.hex()} belong to no batch"
            )
        self._close()

    def _close(self) -> None:
        self._all_noted()
        self._minted += self._open_minted
        self._burned += self._open_burned
        self._lapsed += self._open_lapsed
        self.changed = True
        self._open()

    def _open(self) -> None:
        self._open_count = 0
        self._open_minted = 0
        self._open_burned = 0
        self._open_lapses = 0
        self._open_lapsed = 0
        self._leading: list[int] = []

    def _all_noted(self) -> None:
        if self._unnoted is not None:
            member, points, _ = self._unnoted
            raise ProjectionError(
                f"program {self.address}: {points} points of member {member} were burned as "
                "lapsed, but no event says so"
            )


_NO_RULES: Final = Rules(Calendar(0, 0), False, 0)
