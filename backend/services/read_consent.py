"""What a member would have to sign: nonce, typed data and digest, for one thing they agree to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from backend.chain.ask import ask_uint
from backend.chain.contracts import Deployment
from backend.chain.port import ChainReader
from backend.chain.program_calls import encode_is_signed_only, encode_nonces
from backend.chain.quantities import read_bytes
from backend.chain.typed_data import TypedData, Value
from backend.core.errors import ChainSilent, ConsentInFlight, ProgramNotOnChain
from backend.ledger import calls
from backend.services.find_member import member_record
from backend.services.house import House

VALID_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class ConsentAsked:
    """`redemption_ref` is part of what is signed for a redemption, None for anything else."""

    member_id: str
    address: str
    signed_only: bool
    nonce: int
    deadline_s: int
    redemption_ref: str | None
    typed_data: TypedData


async def consent_to_redeem(
    house: House, merchant_id: str, member_id: str, points: int
) -> ConsentAsked:
    """Raises UnknownMember, ProgramNotOnChain, ConsentInFlight or ChainSilent, as all here do."""
    return await consent_to_confirm(house, merchant_id, member_id, points, house.entropy(32))


async def consent_to_confirm(
    house: House, merchant_id: str, member_id: str, points: int, ref: bytes
) -> ConsentAsked:
    """The same for a redemption whose reference (32 bytes) is known already."""
    message: dict[str, Value] = {"amount": points, "redemptionId": ref}
    return await _asked(house, merchant_id, member_id, "Redeem", message, ref)


async def consent_to_signed_only(
    house: House, merchant_id: str, member_id: str, *, signed_only: bool
) -> ConsentAsked:
    message = {"signedOnly": signed_only}
    return await _asked(house, merchant_id, member_id, "SetSignedOnly", message)


async def consent_to_rebind(
    house: House, merchant_id: str, member_id: str, to_address: bytes
) -> ConsentAsked:
    return await _asked(house, merchant_id, member_id, "Rebind", {"to": to_address})


async def _asked(
    house: House,
    merchant_id: str,
    member_id: str,
    primary_type: str,
    message: Mapping[str, Value],
    redemption_ref: bytes | None = None,
) -> ConsentAsked:
    record = await member_record(house, merchant_id, member_id)
    if record.contract_address is None:
        raise ProgramNotOnChain("The program's contract is not on chain yet; try again.")
    open_call = await house.ledger.run(
        lambda connection: calls.open_call_of_member(connection, member_id)
    )
    if open_call is not None:
        raise ConsentInFlight(
            "Something else that concerns this member is on its way to the chain.",
            call_id=open_call,
        )
    if house.chain is None:
        raise ChainSilent("This server has no chain to ask.")
    member, program = read_bytes(record.address, 20), read_bytes(record.contract_address, 20)

    def ask(chain: ChainReader, deployment: Deployment) -> ConsentAsked:
        nonce = ask_uint(chain, program, encode_nonces(member))
        signed_only = ask_uint(chain, program, encode_is_signed_only(member)) == 1
        deadline_s = chain.head().timestamp_s + VALID_SECONDS
        # Rebind names the member `from`, the others `member`.
        named: dict[str, Value] = {"from": member} if "to" in message else {"member": member}
        filled = {**named, **message, "nonce": nonce, "deadline": deadline_s}
        return ConsentAsked(
            member_id=record.id,
            address=record.address,
            signed_only=signed_only,
            nonce=nonce,
            deadline_s=deadline_s,
            redemption_ref=f"0x{redemption_ref.hex()}" if redemption_ref else None,
            typed_data=TypedData(deployment.chain_id, program, primary_type, filled),
        )

    return await house.chain.ask(ask)
