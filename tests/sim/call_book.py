"""What the auditor expects of signatures, addresses and badges, from the requests alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as its member made it; `right` says whether it is over what was asked."""

    member: str
    address: str
    nonce: int
    deadline_s: int
    right: bool


@dataclass
class Badge:
    member: str
    number: int
    held: bool = True


@dataclass(frozen=True, slots=True)
class Parked:
    """A call that the house gave up, as its row says; `source` is the redemption it carried."""

    id: str
    member: str
    kind: str
    arguments: dict[str, Any]
    reason: str
    source: str | None


@dataclass
class CallBook:
    """`accepted` has every call that was answered, by id: its kind and its signature. `strict`
    when no node lies, lags or forks, so that every answer about a signature must be right."""

    strict: bool
    signed: dict[str, Signed] = field(default_factory=dict)
    parked: dict[str, Parked] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    burned_by: dict[str, str] = field(default_factory=dict)
    signing: dict[str, dict[str, bool]] = field(default_factory=dict)
    addresses: dict[str, set[str]] = field(default_factory=dict)
    badges: dict[str, Badge] = field(default_factory=dict)

    def must_sign(self, member: str) -> bool:
        """Whether only signatures can burn the member's points, by what they asked for last."""
        asked = [flag for call, flag in self._signing(member) if call not in self.parked]
        return bool(asked) and asked[-1]

    def may_have_to_sign(self, member: str) -> bool:
        return any(flag for _, flag in self._signing(member))

    def accept(self, signature: str) -> None:
        """An answer was given on the strength of this signature."""
        if signature == "0x":
            return
        signed = self.signed[signature]
        assert signed.right or not self.strict, f"a wrong signature was accepted: {signed}"
        self.accepted[signature] = signed.address

    def park(self, call: Parked) -> None:
        """Notes a call that was given up, and fails if it could have gone through."""
        self.parked[call.id] = call
        assert call.kind not in ("expire", "issue_badges", "revoke_badges"), call
        signature = call.arguments["signature"]
        if signature == "0x":
            # A node that lags may have let it through.
            assert not self.strict, call
            assert self.may_have_to_sign(call.member), call
            return
        signed = self.signed[signature]
        if "SignatureExpired" in call.reason:
            return
        rivals = [
            other
            for told, other in self.signed.items()
            if told in self.accepted and told != signature and other.address == signed.address
        ]
        used_up = any(other.nonce <= signed.nonce for other in rivals)
        assert not signed.right or used_up, f"given up without need: {call}"

    def left_address(self, program: str, address: str) -> None:
        self.addresses.setdefault(program, set()).add(address)

    def held(self, member: str) -> Iterable[Badge]:
        return [badge for badge in self.badges.values() if badge.member == member and badge.held]

    def _signing(self, member: str) -> list[tuple[str, bool]]:
        return list(self.signing.get(member, {}).items())
