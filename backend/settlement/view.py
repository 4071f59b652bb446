"""The settler's picture of the canonical chain, followed from head to head."""

from __future__ import annotations

from typing import Final

from backend.chain.port import ChainReader, ChainUnavailable, Header

_GAP_MAX: Final = 64
_KEPT_MAX: Final = 8192


class ChainView:
    """Block hashes by number, kept while each new head descends from the last one.

    As soon as it does not, everything kept is forgotten and `broken` says so until cleared. What
    parent hashes do not link to the head is believed for this head only: a node behind the same
    URL that lags on another fork would otherwise be believed for ever.
    """

    def __init__(self, chain: ChainReader) -> None:
        self._chain = chain
        self._linked: dict[int, bytes] = {}
        self._told: dict[int, bytes] = {}
        self._head: Header | None = None
        self._final_at: tuple[bytes, int] | None = None
        self.broken = True

    @property
    def head(self) -> Header:
        """The head of the last `refresh`."""
        if self._head is None:
            raise ChainUnavailable("the chain was not looked at yet")
        return self._head

    def refresh(self) -> bool:
        """Looks at the chain; whether the head is another one. Raises ChainUnavailable."""
        new, old = self._chain.head(), self._head
        if old is not None and new.hash == old.hash:
            return False
        if old is None or not self._descends(new, old):
            self._linked.clear()
            self.broken = True
        if len(self._linked) > _KEPT_MAX:
            self._linked.clear()
        self._linked[new.number] = new.hash
        self._told.clear()
        self._head = new
        return True

    def canonical_hash(self, number: int) -> bytes | None:
        """The hash of the canonical block `number`; None when the chain is not that long."""
        if number > self.head.number:
            return None
        known = self._linked.get(number) or self._told.get(number)
        if known is None:
            header = self._chain.header(number)
            if header is None:
                raise ChainUnavailable(f"the node has no block {number} below its head")
            known = self._told[number] = header.hash
        return known

    def timestamp_s(self, number: int, block_hash: bytes) -> int:
        """When that block was made, by its own word."""
        header = self.head if number == self.head.number else self._chain.header(number)
        if header is None or header.hash != block_hash:
            raise ChainUnavailable(f"the node has another block {number} now")
        return header.timestamp_s

    def finalized_number(self) -> int:
        """The newest final block as of this head; asked once per head."""
        head = self.head
        if self._final_at is None or self._final_at[0] != head.hash:
            final, still = self._chain.finalized(), self._chain.header(head.number)
            stands = still is not None and still.hash == head.hash
            if not stands or self.canonical_hash(final.number) != final.hash:
                # What has become final may be a fork without this head.
                raise ChainUnavailable("the chain moved while it was read")
            self._final_at = (head.hash, final.number)
        return self._final_at[1]

    def _descends(self, new: Header, old: Header) -> bool:
        if not 0 < new.number - old.number <= _GAP_MAX:
            return False
        child, between = new, {}
        while child.number > old.number + 1:
            parent = self._chain.header(child.number - 1)
            if parent is None or parent.hash != child.parent_hash:
                raise ChainUnavailable("the chain moved while it was read")
            between[parent.number] = parent.hash
            child = parent
        if child.parent_hash != old.hash:
            return False
        self._linked.update(between)
        return True
