"""Deciding what to do next with a chain that forks, lags and lies. Pure: no IO, no clock.

The follower holds the window: the newest final block it has applied, and every block applied
above it. The driver tells it what the node says (`on_head`, `on_header`) and does what it answers:

    NeedHeader   ask the node for this header and tell the follower with `on_header`
    FetchRange   these blocks are final: read their logs together, then call `applied`
    ApplyBlock   this block extends ours: read its logs, then call `applied`
    Undo         ours left the chain: take back what is above the ancestor, then call `undone`
    Wait         nothing to do, or nothing to be believed yet
    Halt         the node's chain contradicts a block that we know to be final

A node with fewer blocks than ours is a node that is behind, whatever the reason, until it shows
another hash at a height that we hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

from backend.chain.port import Header


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block's place in the chain."""

    number: int
    hash: bytes
    parent_hash: bytes


class Waiting(Enum):
    """Why nothing is done: all is applied, the node lacks blocks, or it contradicts itself."""

    IDLE = "idle"
    BEHIND = "behind"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class NeedHeader:
    number: int


@dataclass(frozen=True, slots=True)
class FetchRange:
    """Blocks `first.number` … `last`, all final; `first` follows the newest block we hold."""

    first: Header
    last: int


@dataclass(frozen=True, slots=True)
class ApplyBlock:
    header: Header


@dataclass(frozen=True, slots=True)
class Undo:
    ancestor: BlockRef


@dataclass(frozen=True, slots=True)
class Wait:
    why: Waiting
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Halt:
    reason: str


_NOTHING_FINAL: Final = BlockRef(0, b"", b"")
Action = NeedHeader | FetchRange | ApplyBlock | Undo | Wait | Halt


def ref_of(header: Header) -> BlockRef:
    """The place of `header` in its chain."""
    return BlockRef(header.number, header.hash, header.parent_hash)


class Follower:
    """The window and the decision. Following begins at block `start`, or the newest final block
    if that is lower."""

    def __init__(self, window: Sequence[BlockRef], final_number: int, start: int = 0) -> None:
        """`window` ascends without gaps; its first block is at or below `final_number`.

        Raises ValueError for a window that cannot be one.
        """
        for parent, child in pairwise(window):
            if child.number != parent.number + 1 or child.parent_hash != parent.hash:
                raise ValueError(f"block {child.number} does not follow block {parent.number}")
        if window and window[0].number > final_number:
            raise ValueError(f"no final block in the window: lowest is {window[0].number}")
        self._window = list(window)
        self._start = start
        self._final_number = final_number
        self._chain_final = _NOTHING_FINAL
        self._head_number = 0
        self._trim()

    @property
    def window(self) -> tuple[BlockRef, ...]:
        """What is held, ascending: one final block, then every unfinal one."""
        return tuple(self._window)

    @property
    def top_number(self) -> int:
        """The newest block applied; one below the start when there is none."""
        return self._window[-1].number if self._window else self._start - 1

    @property
    def final_number(self) -> int:
        """The newest block that we know to be final; it never goes back."""
        return self._final_number

    @property
    def head_number(self) -> int:
        """The node's newest block, as last told."""
        return self._head_number

    def on_head(self, head: Header, final: BlockRef) -> Action:
        """What to do when the node's newest block is `head` and its newest final one `final`."""
        self._head_number = head.number
        self._chain_final = final
        if final.number > head.number:
            return Wait(
                Waiting.BEHIND, f"the node's head is {head.number}, and {final.number} was final"
            )
        if not self._window:
            # The first block held must be final, and a young contract's block is not yet.
            self._start = min(self._start, final.number)
        if head.number > self.top_number:
            return self._next(head)
        held = self._held(head.number)
        if held is None:
            return Wait(
                Waiting.BEHIND,
                f"the node's head {head.number} is below block {self._window[0].number}, "
                "which was final",
            )
        if held.hash != head.hash:
            return self._descend(held, head)
        if head.number < self.top_number:
            return Wait(
                Waiting.BEHIND, f"the node's head is {head.number}, ours is {self.top_number}"
            )
        return Wait(Waiting.IDLE)

    def on_header(self, number: int, header: Header | None) -> Action:
        """What to do when the node answers `header` for the `number` that NeedHeader named."""
        if header is None:
            return Wait(
                Waiting.BEHIND, f"the node's head is {self._head_number} but it lacks {number}"
            )
        if header.number != number:
            return Wait(Waiting.DOUBT, f"asked for block {number}, answered {header.number}")
        if number == self.top_number + 1:
            return self._next(header)
        held = self._held(number)
        if held is None:
            return Wait(Waiting.DOUBT, f"block {number} is not in the window")
        if held.hash != header.hash:
            return self._descend(held, header)
        if number == self.top_number:
            return Wait(
                Waiting.DOUBT, f"the node's block {number + 1} does not follow its {number}"
            )
        return Undo(held)

    def applied(self, last: BlockRef) -> None:
        """The action's blocks up to `last` are in the mirror.

        Raises ValueError when `last` is neither the next block nor final.
        """
        if last.number <= self._chain_final.number:
            self._window = [last]
        elif self._window and last.parent_hash == self._window[-1].hash:
            self._window.append(last)
        else:
            raise ValueError(f"block {last.number} does not follow block {self.top_number}")
        self._settle(self.final_after(last.number))

    def undone(self, ancestor: BlockRef) -> None:
        """The mirror ends at `ancestor` again; raises ValueError when it is not in the window."""
        if self._held(ancestor.number) != ancestor:
            raise ValueError(f"block {ancestor.number} is not in the window")
        del self._window[ancestor.number - self._window[0].number + 1 :]

    def final_after(self, top_number: int) -> int:
        """The newest block that is final once `top_number` is the newest applied: none on a branch
        that the node's final block is not on."""
        final = self._chain_final
        held = self._held(final.number)
        if held is not None and held.hash != final.hash:
            return self._final_number
        return max(self._final_number, min(final.number, top_number))

    def contradicts(self, last: BlockRef) -> str | None:
        """Why `last` is not to be applied: the node calls another block of that number final."""
        final = self._chain_final
        if last.number != final.number or last.hash == final.hash:
            return None
        return f"block {last.number} is final as 0x{final.hash.hex()}, not as 0x{last.hash.hex()}"

    def finalised(self) -> None:
        """The mirror knows that `final_after(top_number)` is final. Only right when on_head has
        just answered that all is applied: then the node's finality is about our chain."""
        self._settle(self.final_after(self.top_number))

    def _next(self, header: Header) -> Action:
        """The node has blocks above ours; `header` is one of them."""
        top = self._window[-1] if self._window else None
        if header.number != self.top_number + 1:
            return NeedHeader(self.top_number + 1)
        if top is not None and header.parent_hash != top.hash:
            return NeedHeader(top.number)
        if header.number <= self._chain_final.number:
            return FetchRange(header, self._chain_final.number)
        return ApplyBlock(header)

    def _descend(self, held: BlockRef, theirs: Header) -> Action:
        """Block `held` has left the node's chain: look for the ancestor below it."""
        if held.number <= self._final_number:
            return Halt(
                f"fork below finality: block {held.number} was final as 0x{held.hash.hex()}, "
                f"the node now has 0x{theirs.hash.hex()}"
            )
        return NeedHeader(held.number - 1)

    def _held(self, number: int) -> BlockRef | None:
        if not self._window or not self._window[0].number <= number <= self.top_number:
            return None
        return self._window[number - self._window[0].number]

    def _settle(self, final_number: int) -> None:
        self._final_number = final_number
        self._trim()

    def _trim(self) -> None:
        if self._window:
            del self._window[: max(0, self._final_number - self._window[0].number)]
