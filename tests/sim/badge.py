"""The contract of badges: a badge is there or it is not (LoyaltyBadge)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from backend.chain.keccak import keccak256, selector
from tests.sim.evm import NOBODY, Event, Reverted, word
from tests.sim.program import TRANSFER

LOCKED: Final = keccak256(b"Locked(uint256)")
OWNER_OF: Final = selector("ownerOf(uint256)")
HELD_BY: Final = selector("balanceOf(address)")


@dataclass(slots=True)
class Badges:
    """The tokens there are; the id of each holds its owner. `copy` before every transaction."""

    address: bytes
    tokens: set[int] = field(default_factory=set)

    def copy(self) -> Badges:
        return Badges(self.address, set(self.tokens))

    def issue(self, ids: Sequence[int]) -> list[Event]:
        events = []
        for token in ids:
            if owner_of(token) == NOBODY:
                raise Reverted("BadHolder()")
            if token in self.tokens:
                raise Reverted("BadgeExists(uint256)", token)
            self.tokens.add(token)
            topics = (TRANSFER, word(NOBODY), word(owner_of(token)), word(token))
            events.append(Event(self.address, topics, b""))
            events.append(Event(self.address, (LOCKED,), word(token)))
        return events

    def revoke(self, ids: Sequence[int]) -> list[Event]:
        events = []
        for token in ids:
            self._require(token)
            self.tokens.remove(token)
            topics = (TRANSFER, word(owner_of(token)), word(NOBODY), word(token))
            events.append(Event(self.address, topics, b""))
        return events

    def view(self, data: bytes) -> bytes:
        return BADGE_VIEWS[data[:4]](self, int.from_bytes(data[4:36], "big"))

    def owner(self, token: int) -> bytes:
        self._require(token)
        return word(owner_of(token))

    def held_by(self, member: int) -> bytes:
        whose = member.to_bytes(20, "big")
        return word(sum(owner_of(token) == whose for token in self.tokens))

    def _require(self, token: int) -> None:
        if token not in self.tokens:
            raise Reverted("UnknownBadge(uint256)", token)


def owner_of(token: int) -> bytes:
    return (token >> 96).to_bytes(20, "big")


BADGE_VIEWS: Final[dict[bytes, Callable[[Badges, int], bytes]]] = {
    OWNER_OF: Badges.owner,
    HELD_BY: Badges.held_by,
}
