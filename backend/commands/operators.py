"""Make every lane's key an operator of the settlement contract, also one that came later.

The contract takes batches from a later one only after its delay: a stolen admin key must leave
time to be noticed. Until then the lane is left out, and so is for ever one that was removed: its
key may be stolen, and a start must not give it back what the admin took.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from backend import wiring
from backend.chain.codec import encode_add_operator
from backend.chain.contracts import Deployment
from backend.chain.fees import FeePolicy, FeeTooHigh
from backend.chain.port import CallReverted, ChainWriter
from backend.chain.roles import is_operator, operator_from_s, removed_operators
from backend.chain.signer import LaneSigner, SignedTransaction, UnsignedTransaction
from backend.commands.system import CannotStartError, System

_GAS_LIMIT: Final = 100_000


def add_missing_operators(system: System, chain: ChainWriter, deployment: Deployment) -> None:
    """Has the admin add the lanes that the contract does not know yet, one after the other.

    Raises ChainError, or CannotStartError when the admin key may not do that or cannot pay.
    """
    settings = system.settings
    removed: set[bytes] | None = None
    for lane in wiring.lane_signers(settings):
        name = f"0x{lane.address.hex()}"
        if operator_from_s(chain, deployment, lane.address):
            if not is_operator(chain, deployment, lane.address):
                system.say(f"  new lane   {name} waits for the contract's delay")
            continue
        if removed is None:
            removed = removed_operators(chain, deployment)
        if lane.address in removed:
            system.say(
                f"  lane       {name} was removed by the admin and stays out: take its key away"
            )
            continue
        admin = wiring.admin_signer(settings)
        try:
            data = encode_add_operator(lane.address)
            chain.call(deployment.settlement, data, sender=admin.address)
        except CallReverted:
            raise CannotStartError(
                f"{name} is no operator of the contract, and MEREAU_ADMIN_KEY is not the admin"
                " that could add it"
            ) from None
        signed = _signed(chain, deployment, admin, data, settings.max_fee_gwei * 10**9)
        chain.send_raw(signed.raw)
        system.until(
            partial(_is_included, chain, signed), f"adding {name} as an operator is not included"
        )
        system.say(f"  new lane   {name}")


def _is_included(chain: ChainWriter, signed: SignedTransaction) -> bool:
    return chain.receipt(signed.hash) is not None


def _signed(
    chain: ChainWriter, deployment: Deployment, admin: LaneSigner, data: bytes, cap_wei: int
) -> SignedTransaction:
    fees = FeePolicy(cap_wei).first(chain.head().base_fee_wei, chain.priority_fee_wei())
    if isinstance(fees, FeeTooHigh):
        raise CannotStartError(f"a new lane cannot be added now: {fees}")
    return admin.sign(
        UnsignedTransaction(
            chain_id=deployment.chain_id,
            nonce=chain.nonce(admin.address),
            to=deployment.settlement,
            data=data,
            gas_limit=_GAS_LIMIT,
            fees=fees,
        )
    )
