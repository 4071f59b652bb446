"""What happens to the chain and the clock: forks, outages, fees, strangers, jumps of time."""

from __future__ import annotations

import json
from random import Random
from typing import Final

from eth_abi.abi import encode

from backend.chain.program_calls import SignedRedemption, encode_redeem_batch
from backend.core.calendar import Calendar
from tests.sim.chain import GWEI, Transaction
from tests.sim.contracts import EXPIRE, PAUSE, UNPAUSE
from tests.sim.evm import word
from tests.sim.world import CAP_WEI, World

DAY_MS: Final = 86_400_000
STRANGER: Final = b"\x57" * 20
_MONTHS: Final = Calendar(1, 1, 60)


class Troubles:
    """Draws them, and counts what happened."""

    def __init__(self, world: World, chance: Random) -> None:
        self._world = world
        self._chance = chance
        self._outage_until = 0
        self._spike_until = 0
        self._broke_until = 0
        # Its own, so that what else a seed draws does not depend on it.
        self._relays = Random(f"{world.plan}/relays")

    def mine(self) -> None:
        world = self._world
        left_out = 0.0 if world.stage.calm else self._world.plan.left_out
        block = world.chain.mine(world.now_ms // 1000, left_out)
        world.stage.faults["left out of a block"] += world.chain.left_out
        world.trace.note(
            f"block {block.header.number} {block.header.hash.hex()[:6]}"
            f" with {len(block.transactions)} transactions"
        )
        world.auditor.on_block(block)

    def strike(self, step: int) -> None:
        """Forks, outages, fees, empty accounts, strangers and jumps of time."""
        world, chance, plan = self._world, self._chance, self._world.plan
        faults = world.stage.faults
        if chance.random() < plan.reorg:
            self._fork(chance.randint(1, 2))
        if chance.random() < plan.deep_reorg:
            self._fork(plan.finality_depth)
        if chance.random() < plan.outage:
            faults["node unreachable for a while"] += 1
            self._outage_until = step + chance.randint(1, 15)
        if chance.random() < plan.fee_spike:
            faults["base fee spike"] += 1
            self._spike_until = step + chance.randint(5, 25)
        if chance.random() < plan.empty_account:
            faults["empty account"] += 1
            self._broke_until = step + chance.randint(5, 25)
            world.chain.broke = {chance.choice(world.lanes).address}
        if chance.random() < plan.foreign:
            self._foreign()
        if chance.random() < plan.dropped and world.chain.mempool:
            dropped = chance.choice(sorted(world.chain.mempool))
            del world.chain.mempool[dropped]
            faults["dropped from the mempool"] += 1
            world.trace.note(f"the mempool forgets nonce {dropped[1]}")
        if chance.random() < plan.jump:
            self._jump()
        if chance.random() < plan.sweep:
            self._sweep()
        if self._relays.random() < plan.relay:
            self.relay()
        if chance.random() < plan.pause:
            self.pause(PAUSE if chance.random() < 0.5 else UNPAUSE)
        world.weather.unreachable = step < self._outage_until
        world.chain.base_fee_wei = (
            (CAP_WEI * 2 if chance.random() < 0.5 else 3 * GWEI)
            if (step < self._spike_until)
            else GWEI
        )
        if step >= self._broke_until:
            world.chain.broke.clear()

    def _fork(self, depth: int) -> None:
        world = self._world
        lost = self._chance.choice([0.0, 0.0, 0.5, 1.0])
        taken = world.chain.fork(depth, lost)
        if not taken:
            return
        world.stage.faults["fork" if taken <= 2 else "deep fork"] += 1
        world.trace.note(f"fork: {taken} blocks gone, {lost} of their transactions lost")
        # Mostly the other branch is the longer one; sometimes a node has just lost blocks.
        for _ in range(self._chance.choice([0, taken - 1, taken, taken + 1])):
            self.mine()

    def _foreign(self) -> None:
        """Somebody else uses an operator's key."""
        chain = self._world.chain
        sender = self._chance.choice(self._world.lanes).address
        nonce = chain.head.nonces.get(sender, 0)
        stranger = Transaction(
            self._chance.randbytes(32), sender, nonce, sender, b"", CAP_WEI * 4, GWEI
        )
        if (sender, nonce) not in chain.mempool or self._chance.random() < 0.5:
            chain.mempool[sender, nonce] = stranger
            self._world.stage.faults["foreign transaction"] += 1
            self._world.trace.note(f"a foreign transaction takes nonce {nonce}")

    def _sweep(self) -> None:
        """Somebody sweeps what has lapsed, of every member there is."""
        self._world.stage.faults["sweep by a stranger"] += 1
        for address, program in self._world.chain.head.contracts.programs.items():
            members = ["0x" + member.hex() for member in program.words]
            if members:
                self._transact(STRANGER, address, EXPIRE + encode(["address[]"], [members]))

    def relay(self) -> None:
        """Somebody else brings a redemption on chain that its member signed for a till."""
        waiting = self._world.auditor.ledger_rows(
            "SELECT contract_address, arguments FROM chain_calls"
            " JOIN programs ON programs.id = chain_calls.program_id"
            " WHERE kind = 'redeem' AND parked_reason IS NULL AND contract_address IS NOT NULL"
            " ORDER BY chain_calls.id DESC LIMIT 3"
        )
        if not waiting:
            return
        contract, arguments = self._relays.choice(waiting)
        said = json.loads(arguments)
        signed = SignedRedemption(
            bytes.fromhex(said["member"][2:]),
            said["points"],
            bytes.fromhex(said["redemption_ref"][2:]),
            said["deadline_s"],
            bytes.fromhex(said["signature"][2:]),
        )
        self._world.stage.faults["relayed by a stranger"] += 1
        data = encode_redeem_batch([signed])
        self._transact(STRANGER, bytes.fromhex(contract[2:]), data, self._relays)

    def pause(self, what: bytes) -> None:
        """The admin stops minting, or lets it go on."""
        places = self._world.places
        if what == PAUSE:
            self._world.stage.faults["minting stopped"] += 1
        for address in self._world.chain.head.contracts.programs:
            self._transact(places.admin, places.settlement, what + word(address))

    def _transact(
        self, sender: bytes, to: bytes, data: bytes, chance: Random | None = None
    ) -> None:
        """A transaction that has nothing to do with the settler."""
        chain = self._world.chain
        nonce = chain.head.nonces.get(sender, 0)
        while (sender, nonce) in chain.mempool:
            nonce += 1
        made = Transaction(
            (chance or self._chance).randbytes(32), sender, nonce, to, data, CAP_WEI * 4, GWEI
        )
        chain.mempool[sender, nonce] = made
        self._world.trace.note(f"a call {data[:4].hex()} of {sender.hex()[:6]} nonce {nonce}")

    def _jump(self) -> None:
        """Time goes by: hours, weeks, or to the seconds around the end of a month."""
        world = self._world
        now_s = world.now_ms // 1000
        boundary = _MONTHS.starts_at(_MONTHS.period_at(now_s) + self._chance.choice([1, 1, 3, 12]))
        world.now_ms = self._chance.choice(
            [
                world.now_ms + 3_600_000,
                world.now_ms + 20 * DAY_MS,
                boundary * 1000 - self._chance.randint(1, 200_000),
                boundary * 1000 + self._chance.randint(0, 2000),
            ]
        )
        world.stage.faults["time jump"] += 1
        # Whatever is in a block by now is final long before.
        world.chain.finalise()
        world.trace.note(f"time jumps to {world.now_ms}")
