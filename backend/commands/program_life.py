"""What the admin may change in a program's life: limits, terms, the end, and pausing.

The contract decides what holds at once and what waits for the notice period; this only sends it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from backend import wiring
from backend.chain import program_calls as calls
from backend.chain.contract_errors import decode_error
from backend.chain.contracts import load_deployment
from backend.chain.fees import FeePolicy, FeeTooHigh
from backend.chain.port import CallReverted
from backend.chain.program_views import read_standings
from backend.chain.quantities import read_bytes, write_bytes
from backend.chain.rpc import JsonRpc
from backend.chain.signer import UnsignedTransaction
from backend.commands.errors import OperatorError
from backend.core.limits import Limits, Standing
from backend.ledger import outbox
from backend.settings import Settings

_GAS_LIMIT: Final = 500_000
_WAIT_SECONDS: Final = 120


class ProgramLifeError(OperatorError):
    """The change was not made; the message says why."""


@dataclass(frozen=True, slots=True)
class Life:
    """A program's contract, with the admin's key to change it; read anew by `standing`."""

    settings: Settings
    program_id: str
    contract: bytes
    chain: JsonRpc

    def standing(self) -> Standing:
        return read_standings(self.chain, [self.contract], self.chain.head())[self.contract]

    def set_limits(self, cap: int | None, minted: int | None, debited: int | None) -> str:
        """Changes those that are given; the transaction's hash. What is lower holds at once, what
        is higher after the notice period. Limits that were announced and not given stay so."""
        now = self.standing()
        base = now.announced_limits if now.limits_from_s else now.limits
        wanted = Limits(
            base.supply_cap_points if cap is None else cap,
            base.mint_per_day_points if minted is None else minted,
            base.debit_per_day_points if debited is None else debited,
        )
        return self._send(calls.encode_set_limits(self.contract, wanted))

    def announce_terms(self, terms_hash: str, uri: str, from_s: int | None) -> str:
        """From `from_s` on, or as early as the notice allows."""
        try:
            hashed = read_bytes(terms_hash, 32)
        except ValueError as error:
            raise ProgramLifeError(f"the terms' hash: {error}") from None
        return self._send(calls.encode_announce_terms(self.contract, hashed, uri, self._at(from_s)))

    def announce_closing(self, until_s: int | None) -> str:
        """No mint from now on, redemption until `until_s`. It cannot be undone."""
        return self._send(calls.encode_announce_closing(self.contract, self._at(until_s)))

    def pause(self, *, paused: bool) -> str:
        """Stops minting, or allows it again; redemptions always go on."""
        return self._send(calls.encode_pause(self.contract, paused=paused))

    def _at(self, given_s: int | None) -> int:
        # An hour on top: the notice counts from the block that includes the transaction.
        if given_s is not None:
            return given_s
        return self.chain.head().timestamp_s + self.standing().notice_seconds + 3600

    def _send(self, data: bytes) -> str:
        deployment = load_deployment(self.settings.data, self.chain.chain_id())
        admin = wiring.admin_signer(self.settings)
        try:
            self.chain.call(deployment.settlement, data, sender=admin.address)
        except CallReverted as revert:
            error = decode_error(revert.data)
            raise ProgramLifeError(f"the contract refuses it: {error}") from None
        policy = FeePolicy(self.settings.max_fee_gwei * 10**9)
        fees = policy.first(self.chain.head().base_fee_wei, self.chain.priority_fee_wei())
        if isinstance(fees, FeeTooHigh):
            raise ProgramLifeError(str(fees))
        signed = admin.sign(
            UnsignedTransaction(
                chain_id=deployment.chain_id,
                nonce=self.chain.nonce(admin.address),
                to=deployment.settlement,
                data=data,
                gas_limit=_GAS_LIMIT,
                fees=fees,
            )
        )
        self.chain.send_raw(signed.raw)
        deadline = time.monotonic() + _WAIT_SECONDS
        while (receipt := self.chain.receipt(signed.hash)) is None:
            if time.monotonic() > deadline:
                raise ProgramLifeError(f"{write_bytes(signed.hash)} is sent and not included yet")
            # A node does not call back: it has to be asked again.
            time.sleep(self.settings.poll_ms / 1000)
        if not receipt.succeeded:
            raise ProgramLifeError(f"{write_bytes(signed.hash)} failed on chain")
        return write_bytes(signed.hash)


def open_life(settings: Settings, program_id: str) -> Life:
    """Raises ProgramLifeError for a program that is not there or has no contract yet."""
    with wiring.open_databases(settings).ledger.connect() as connection:
        address = outbox.contract_of(connection, program_id)
    if address is None:
        raise ProgramLifeError(f"{program_id} is no program with a contract on chain")
    return Life(settings, program_id, read_bytes(address, 20), wiring.open_chain(settings))


def as_document(life: Life, tx_hash: str) -> dict[str, object]:
    """What holds now and what is announced, for people and for --json."""
    now = life.standing()
    return {
        "program_id": life.program_id,
        "tx_hash": tx_hash,
        "supply_cap_points": now.limits.supply_cap_points,
        "mint_per_day_points": now.limits.mint_per_day_points,
        "debit_per_day_points": now.limits.debit_per_day_points,
        "announced_supply_cap_points": now.announced_limits.supply_cap_points,
        "announced_mint_per_day_points": now.announced_limits.mint_per_day_points,
        "announced_debit_per_day_points": now.announced_limits.debit_per_day_points,
        "announced_limits_from_s": now.limits_from_s,
        "terms_hash": now.terms.hash,
        "announced_terms_hash": now.announced_terms.hash,
        "announced_terms_from_s": now.terms_from_s,
        "redemption_until_s": now.redemption_until_s,
        "mint_paused": now.mint_paused,
        "notice_days": now.notice_seconds // 86_400,
    }
