"""A member's signature: what it is over, and whether the chain would accept it.

The chain is the judge, by simulation: an ordinary account, a contract (ERC-1271) and a passkey are
all checked by the very code that will burn the points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from backend.chain.ask import ask_uint
from backend.chain.codec import NEXT_SEQ
from backend.chain.contract_errors import decode_error
from backend.chain.contracts import Deployment
from backend.chain.port import CallReverted, ChainReader
from backend.chain.program_calls import (
    Passkey,
    Rebind,
    SignedRedemption,
    encode_redeem_batch,
    encode_set_signed_only,
)
from backend.chain.quantities import read_bytes
from backend.core.errors import (
    AddressInUse,
    ChainSilent,
    MereauError,
    PasskeysUnsupported,
    ProgramClosed,
    ProgramNotOnChain,
    SignatureExpired,
    SignatureInvalid,
    SignatureRequired,
)
from backend.services.house import House

SPARE_SECONDS: Final = 30
"""A signature must hold a little longer than now, or it ends before its transaction is mined."""

# The program's own refusals that are no fault of the signature: it waits for its turn.
_PASSING: Final = frozenset({"InsufficientBalance", "DebitBudgetExceeded"})
_REFUSALS: Final[dict[str, tuple[type[MereauError], str]]] = {
    "BadSignature": (
        SignatureInvalid,
        "The signature is not the member's for this, or is used up.",
    ),
    "SignatureExpired": (SignatureExpired, "The signature's deadline is over."),
    "SignatureRequired": (SignatureRequired, "Only the member's signature can do this."),
    "BadTarget": (AddressInUse, "The address was used in this program before."),
    "ProgramClosed": (ProgramClosed, "The program's redemption window is over."),
    "MissingPrecompile": (PasskeysUnsupported, "This chain cannot check passkeys."),
}


@dataclass(frozen=True, slots=True)
class Consent:
    """A signature as it came: 65 bytes or a contract's own, or a passkey's assertion.

    `redemption_ref` (32 bytes, 0x hex) is the one that was signed, for a redemption.
    """

    deadline_s: int
    signature: bytes | Passkey
    redemption_ref: str = "0x" + "00" * 32

    def encoded(self) -> bytes:
        """As the contract takes it; raises SignatureInvalid."""
        if isinstance(self.signature, bytes):
            return self.signature
        try:
            return self.signature.encoded()
        except ValueError as error:
            raise SignatureInvalid("The passkey's client data is not WebAuthn's.") from error

    def redemption(self, address: str, points: int) -> dict[str, Any]:
        """The arguments of the call that redeems with it; raises SignatureInvalid."""
        return {
            "member": address,
            "points": points,
            "redemption_ref": self.redemption_ref,
            "deadline_s": self.deadline_s,
            "signature": f"0x{self.encoded().hex()}",
        }


async def redemption_refusal(
    house: House, contract: str | None, arguments: dict[str, Any]
) -> MereauError | None:
    """Why the chain would not take this signed redemption; None if it would."""
    signed = SignedRedemption(
        member=read_bytes(arguments["member"], 20),
        points=arguments["points"],
        redemption_id=read_bytes(arguments["redemption_ref"], 32),
        deadline_s=arguments["deadline_s"],
        signature=read_bytes(arguments["signature"]),
    )
    return await _refusal(house, contract, arguments, lambda *_: encode_redeem_batch([signed]))


async def signed_only_refusal(
    house: House, contract: str | None, arguments: dict[str, Any]
) -> MereauError | None:
    """Why the chain would not take this signed change of `signedOnly`."""
    data = encode_set_signed_only(
        read_bytes(arguments["member"], 20),
        signed_only=arguments["signed_only"],
        deadline_s=arguments["deadline_s"],
        signature=read_bytes(arguments["signature"]),
    )
    return await _refusal(house, contract, arguments, lambda *_: data)


async def rebind_refusal(
    house: House, contract: str | None, arguments: dict[str, Any]
) -> MereauError | None:
    """Why the chain would not take this rebind, asked in the name of the program's issuer."""

    def encode(chain: ChainReader, program: bytes) -> bytes:
        return Rebind(
            seq=ask_uint(chain, program, NEXT_SEQ),
            root=bytes(32),
            from_member=read_bytes(arguments["from"], 20),
            to_member=read_bytes(arguments["to"], 20),
            deadline_s=arguments["deadline_s"],
            signature=read_bytes(arguments["signature"]),
        ).to_program()

    return await _refusal(house, contract, arguments, encode)


async def _refusal(
    house: House,
    contract: str | None,
    arguments: dict[str, Any],
    encode: Callable[[ChainReader, bytes], bytes],
) -> MereauError | None:
    if contract is None:
        return ProgramNotOnChain("The program's contract is not on chain yet; try again.")
    if house.chain is None:
        return ChainSilent("This server has no chain to ask.")
    program = read_bytes(contract, 20)

    def ask(chain: ChainReader, deployment: Deployment) -> bool:
        chain.call(program, encode(chain, program), sender=deployment.settlement)
        signed = arguments["signature"] != "0x"
        return not signed or arguments["deadline_s"] >= chain.head().timestamp_s + SPARE_SECONDS

    try:
        lasts = await house.chain.ask(ask)
    except ChainSilent as silence:
        return silence
    except CallReverted as revert:
        error = decode_error(revert.data)
        if error.name in _PASSING:
            return None
        if error.name == "BadSequence":
            # A batch came between the two questions.
            return ChainSilent("The chain moved while it was asked; try again.")
        return _named(error.name)
    return None if lasts else _named("SignatureExpired")


def _named(error: str) -> MereauError:
    refusal, message = _REFUSALS.get(error, (SignatureInvalid, f"The chain refuses it: {error}."))
    return refusal(message)
