"""Calls to programs and to the settlement contract that are not batches.

Addresses are 20 bytes, hashes 32; see IProgramConsent, IProgramBatch, ISettlement for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.chain.abi import address, array, blob, fields, struct, uint
from backend.chain.keccak import keccak256, selector
from backend.core.limits import Limits

_REDEEM_BATCH: Final = selector("redeemBatch((address,uint256,bytes32,uint256,bytes)[])")
_SET_SIGNED_ONLY: Final = selector("setSignedOnlyWithSignature(address,bool,uint256,bytes)")
_PROGRAM_REBIND: Final = selector("rebind(uint64,bytes32,address,address,uint256,bytes)")
_REBIND: Final = selector("rebind(address,uint64,bytes32,address,address,uint256,bytes)")
_EXPIRE: Final = selector("expire(address[])")
_ISSUE_BADGES: Final = selector("issueBadges(address,uint256[])")
_REVOKE_BADGES: Final = selector("revokeBadges(address,uint256[])")
_SET_LIMITS: Final = selector("setLimits(address,(uint64,uint48,uint48))")
_ANNOUNCE_TERMS: Final = selector("announceTerms(address,bytes32,string,uint256)")
_ANNOUNCE_CLOSING: Final = selector("announceClosing(address,uint256)")
_PAUSE: Final = selector("pause(address)")
_UNPAUSE: Final = selector("unpause(address)")
_NONCES: Final = selector("nonces(address)")
_IS_SIGNED_ONLY: Final = selector("isSignedOnly(address)")
_LEDGER_BALANCE_OF: Final = selector("ledgerBalanceOf(address)")
_PASSKEY_DOMAIN: Final = b"mereau/passkey/1"

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class SignedRedemption:
    member: bytes
    points: int
    redemption_id: bytes
    deadline_s: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Passkey:
    """A WebAuthn assertion: public key and signature as numbers, and what was signed."""

    x: int
    y: int
    r: int
    s: int
    authenticator_data: bytes
    client_data_json: str

    @property
    def member(self) -> bytes:
        """The member address this key stands for (MemberKeys.memberOf)."""
        return passkey_member(self.x, self.y)

    def encoded(self) -> bytes:
        """ABI-encoded, as every `signature` argument takes it.

        A high `s` is replaced by the other, equally valid one: browsers send either. Raises
        ValueError when the client data names no type or challenge.
        """
        json = self.client_data_json
        type_at, challenge_at = json.find('"type"'), json.find('"challenge"')
        if type_at < 0 or challenge_at < 0:
            raise ValueError("client data without type or challenge")
        low_s = self.s if 2 * self.s <= P256_ORDER else (P256_ORDER - self.s) % P256_ORDER
        return fields(
            struct(
                uint(self.x),
                uint(self.y),
                uint(self.r),
                uint(low_s),
                blob(self.authenticator_data),
                # Offsets in the contract are in bytes; so are these, of the ASCII before them.
                blob(json.encode()),
                uint(len(json[:type_at].encode())),
                uint(len(json[:challenge_at].encode())),
            )
        )


def passkey_member(x: int, y: int) -> bytes:
    """The member address of a P-256 public key."""
    return keccak256(_PASSKEY_DOMAIN + uint(x) + uint(y))[12:]


def encode_redeem_batch(redemptions: Sequence[SignedRedemption]) -> bytes:
    parts = [
        struct(
            address(one.member),
            uint(one.points),
            one.redemption_id,
            uint(one.deadline_s),
            blob(one.signature),
        )
        for one in redemptions
    ]
    return _REDEEM_BATCH + fields(array(parts))


def encode_set_signed_only(
    member: bytes, *, signed_only: bool, deadline_s: int, signature: bytes
) -> bytes:
    return _SET_SIGNED_ONLY + fields(
        address(member), uint(signed_only), uint(deadline_s), blob(signature)
    )


@dataclass(frozen=True, slots=True)
class Rebind:
    """`seq` and `root` of the batch that a rebind is; an empty signature where none is needed."""

    seq: int
    root: bytes
    from_member: bytes
    to_member: bytes
    deadline_s: int
    signature: bytes

    def to_program(self) -> bytes:
        """As the program takes it from its issuer: for asking whether it would."""
        return _PROGRAM_REBIND + fields(*self._parts())

    def to_settlement(self, program: bytes) -> bytes:
        """As an operator sends it."""
        return _REBIND + fields(address(program), *self._parts())

    def _parts(self) -> tuple[bytes, ...]:
        return (
            uint(self.seq),
            self.root,
            address(self.from_member),
            address(self.to_member),
            uint(self.deadline_s),
            blob(self.signature),
        )


def encode_expire(members: Sequence[bytes]) -> bytes:
    return _EXPIRE + fields(array([address(member) for member in members]))


def encode_issue_badges(badge: bytes, token_ids: Sequence[int]) -> bytes:
    return _ISSUE_BADGES + fields(address(badge), array([uint(one) for one in token_ids]))


def encode_revoke_badges(badge: bytes, token_ids: Sequence[int]) -> bytes:
    return _REVOKE_BADGES + fields(address(badge), array([uint(one) for one in token_ids]))


def encode_set_limits(program: bytes, limits: Limits) -> bytes:
    return _SET_LIMITS + fields(
        address(program),
        uint(limits.supply_cap_points),
        uint(limits.mint_per_day_points),
        uint(limits.debit_per_day_points),
    )


def encode_announce_terms(program: bytes, terms_hash: bytes, uri: str, from_s: int) -> bytes:
    return _ANNOUNCE_TERMS + fields(address(program), terms_hash, blob(uri.encode()), uint(from_s))


def encode_announce_closing(program: bytes, redemption_until_s: int) -> bytes:
    return _ANNOUNCE_CLOSING + fields(address(program), uint(redemption_until_s))


def encode_pause(program: bytes, *, paused: bool) -> bytes:
    return (_PAUSE if paused else _UNPAUSE) + fields(address(program))


def encode_nonces(member: bytes) -> bytes:
    return _NONCES + address(member)


def encode_is_signed_only(member: bytes) -> bytes:
    return _IS_SIGNED_ONLY + address(member)


def encode_ledger_balance_of(member: bytes) -> bytes:
    return _LEDGER_BALANCE_OF + address(member)
