"""Random transactions to programs and badges, most of which succeed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from eth_abi.abi import encode

from backend.chain.codec import SettleBatch, encode_settle
from backend.chain.typed_data import Value
from tests.anvil import ADMIN
from tests.sim import contracts as known
from tests.sim.contracts import Contracts
from tests.sim.evm import word
from tests.sim.program import UNTOUCHED, Program

Call = tuple[bytes, bytes, bytes]
"""Sender, target and calldata."""

Sign = Callable[[bytes, bytes, str, dict[str, Value]], bytes]
"""Program, member, kind and message; the member's signature."""

_DAY_S = 86_400


@dataclass
class Draws:
    """Only `signers` among the members have keys."""

    chance: Random
    fake: Contracts
    members: list[bytes]
    signers: Sequence[bytes]
    sign: Sign
    badges: list[int] = field(default_factory=list)

    def draw(self, program: Program, now_s: int) -> Call:
        chance, kind = self.chance, self.chance.random()
        if kind < 0.45:
            caller = self.members[0] if chance.random() < 0.02 else self._operator()
            settled = _settle(chance, program, self.members)
            return caller, self.fake.places.settlement, settled
        if kind < 0.68:
            return self._consent(program, now_s)
        if kind < 0.74:
            return self._badge()
        if kind < 0.82:
            swept = ["0x" + member.hex() for member in chance.choices(self.members, k=3)]
            return self.members[0], program.address, known.EXPIRE + encode(["address[]"], [swept])
        if kind < 0.86:
            member = chance.choice(self.signers)
            flag = word(chance.random() < 0.3)
            return member, program.address, known.SET_SIGNED_ONLY + flag
        if kind < 0.92:
            return self._rebind(program, now_s)
        caller = ADMIN if chance.random() < 0.9 else self._operator()
        return caller, self.fake.places.settlement, self._admin(program)

    def _admin(self, program: Program) -> bytes:
        chance = self.chance
        if chance.random() < 0.5:
            return (known.PAUSE if chance.random() < 0.2 else known.UNPAUSE) + word(program.address)
        limits = [chance.choice([10**6, 20_000, 9_000, 3_000, 500]) for _ in range(3)]
        return known.SET_LIMITS + word(program.address) + b"".join(map(word, limits))

    def _operator(self) -> bytes:
        return self.chance.choice(sorted(self.fake.places.operators))

    def _consent(self, program: Program, now_s: int) -> Call:
        """A change of signedOnly, or some redemptions, with signatures that are mostly right."""
        chance = self.chance
        if chance.random() < 0.3:
            member, flag = chance.choice(self.signers), chance.random() < 0.3
            deadline, signature = self._signed(
                program, member, "SetSignedOnly", {"member": member, "signedOnly": flag}, now_s
            )
            types = ["address", "bool", "uint256", "bytes"]
            data = encode(types, [member, flag, deadline, signature])
            return self._operator(), program.address, known.SET_SIGNED_ONLY_SIGNED + data
        redemptions = []
        for member in chance.sample(self.signers, k=chance.choice([1, 1, 2])):
            amount = chance.choice([0, *[chance.randint(1, 20)] * 9, 200])
            reference = chance.randbytes(32)
            message: dict[str, Value] = {
                "member": member, "amount": amount, "redemptionId": reference
            }  # fmt: skip
            deadline, signature = self._signed(program, member, "Redeem", message, now_s)
            redemptions.append((member, amount, reference, deadline, signature))
        types = ["(address,uint256,bytes32,uint256,bytes)[]"]
        return self._operator(), program.address, known.REDEEM_BATCH + encode(types, [redemptions])

    def _signed(
        self, program: Program, member: bytes, kind: str, message: dict[str, Value], now_s: int
    ) -> tuple[int, bytes]:
        """Deadline and signature; sometimes too late, over another nonce, or somebody else's."""
        chance = self.chance
        deadline = now_s + chance.choice([-1, *[_DAY_S, 3, 2] * 6])
        nonce = program.words.get(member, UNTOUCHED).nonce + chance.choice([0] * 15 + [1])
        signer = member if chance.random() < 0.95 else chance.choice(self.signers)
        said = {**message, "nonce": nonce, "deadline": deadline}
        return deadline, self.sign(program.address, signer, kind, said)

    def _badge(self) -> Call:
        chance, places = self.chance, self.fake.places
        owner = chance.choice([*self.members, bytes(20)])
        fresh = int.from_bytes(owner, "big") << 96 | 3 << 64 | chance.randrange(2**64)
        if issues := chance.random() < 0.6:
            self.badges.append(fresh)
        ids = [chance.choice(self.badges or [fresh]) for _ in range(chance.choice([1, 2]))]
        ids = [fresh] if issues and chance.random() < 0.8 else ids
        called = known.ISSUE_BADGES if issues else known.REVOKE_BADGES
        caller = self.members[0] if chance.random() < 0.05 else self._operator()
        arguments = encode(["address", "uint256[]"], [places.badge, ids])
        return caller, places.settlement, called + arguments

    def _rebind(self, program: Program, now_s: int) -> Call:
        chance = self.chance
        old = chance.choice([*self.members, *self.signers])
        new = chance.choice([chance.choice(self.members), *[chance.randbytes(20)] * 2])
        deadline, signature = 0, b""
        if old in self.signers and chance.random() < 0.7:
            message: dict[str, Value] = {"from": old, "to": new}
            deadline, signature = self._signed(program, old, "Rebind", message, now_s)
        types = ["uint64", "bytes32", "address", "address", "uint256", "bytes"]
        values: list[Any] = [program.last_seq + 1, b"\x11" * 32, old, new, deadline, signature]
        if chance.random() < 0.1:
            data = known.PROGRAM_REBIND + encode(types, values)
            return self._operator(), program.address, data
        if len(self.members) < 10:
            self.members.append(new)
        data = known.REBIND + encode(["address", *types], [program.address, *values])
        return self._operator(), self.fake.places.settlement, data


def _settle(chance: Random, program: Program, members: list[bytes]) -> bytes:
    words = b""
    for _ in range(chance.choice([0, 1, 2, 3, 5])):
        odd = chance.random() < 0.04
        kind = chance.choice([0, 8]) if odd else chance.choice([1, 1, 1, 1, 2, 3, 4, 4, 5, 6, 7])
        odd = chance.random() < 0.04
        points = chance.choice([0, 2**40 - 2, 2**40 - 1]) if odd else chance.randint(1, 300)
        odd = chance.random() < 0.04
        age = chance.randint(0, 5) if odd or kind == 5 else 0
        age = age if odd else min(age, program.calendar.validity_periods)
        reason = 0 if chance.random() < 0.04 else kind
        zero = chance.random() < 0.01
        member = chance.choice(members)
        words += member + bytes([kind, age]) + reason.to_bytes(2, "big")
        words += (zero << 40 | points).to_bytes(8, "big")
    seq = program.last_seq + chance.choice([1] * 20 + [0, 2])
    batch = SettleBatch(program.address, seq, chance.randbytes(32), words)
    return encode_settle([batch] if chance.random() > 0.02 else [])
