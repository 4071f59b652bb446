"""What the API takes and answers about members' signatures, addresses and calls to the chain."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from backend.api.fields import Answered, Strict
from backend.api.schemas import SettlementName
from backend.chain.program_calls import Passkey, passkey_member
from backend.chain.quantities import read_bytes
from backend.services.consent import Consent

Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$", examples=["0x" + "5a" * 32])]
Address = Annotated[str, Field(pattern=r"^0x[0-9a-f]{40}$", examples=["0x" + "5a" * 20])]
HexData = Annotated[str, Field(pattern=r"^0x([0-9a-f]{2})*$", max_length=8194)]
_DEADLINE_MAX = 2**40


class PublicKeyIn(Strict):
    """A P-256 public key: the coordinates of its point."""

    x: Hash
    y: Hash

    def member(self) -> str:
        """The member address that the key stands for."""
        return f"0x{passkey_member(int(self.x, 16), int(self.y, 16)).hex()}"


class PasskeyIn(PublicKeyIn):
    """A WebAuthn assertion whose challenge is the consent's digest."""

    r: Hash
    s: Hash
    authenticator_data: HexData
    client_data_json: str = Field(max_length=4096)

    def passkey(self) -> Passkey:
        return Passkey(
            x=int(self.x, 16),
            y=int(self.y, 16),
            r=int(self.r, 16),
            s=int(self.s, 16),
            authenticator_data=read_bytes(self.authenticator_data),
            client_data_json=self.client_data_json,
        )


class ConsentIn(Strict):
    """The member's signature over what GET /v1/members/{id}/consent answered."""

    deadline: int = Field(ge=0, le=_DEADLINE_MAX, description="As signed: seconds since 1970.")
    redemption_ref: Hash | None = Field(default=None, description="As signed, for a redemption.")
    signature: HexData | None = Field(
        default=None, description="65 bytes of a wallet, or what the member's contract understands."
    )
    passkey: PasskeyIn | None = None

    @model_validator(mode="after")
    def _one_signature(self) -> ConsentIn:
        if (self.signature is None) == (self.passkey is None):
            raise ValueError("give either signature or passkey")
        return self

    def consent(self) -> Consent:
        signed = self.passkey.passkey() if self.passkey else read_bytes(self.signature or "0x")
        return Consent(self.deadline, signed, self.redemption_ref or "0x" + "00" * 32)


class RebindIn(Strict):
    """Exactly one of `address`, `public_key` and `fresh`."""

    address: Address | None = Field(default=None, description="The member's own wallet.")
    public_key: PublicKeyIn | None = Field(default=None, description="The member's passkey.")
    fresh: bool = Field(default=False, description="A new address without a key: a lost card.")
    consent: ConsentIn | None = Field(
        default=None, description="Needed where only the member's signature burns."
    )

    @model_validator(mode="after")
    def _names_one_target(self) -> RebindIn:
        if (self.address is not None) + (self.public_key is not None) + self.fresh != 1:
            raise ValueError("give exactly one of address, public_key and fresh")
        return self

    def target(self) -> str | None:
        return self.public_key.member() if self.public_key else self.address


class SignedOnlyIn(Strict):
    signed_only: bool
    consent: ConsentIn


class ConsentOut(Answered):
    """What to sign. A wallet signs `typed_data`; a passkey takes `digest` as its challenge."""

    member_id: str
    address: str
    signed_only: bool = Field(description="Whether only the member's signature burns points.")
    nonce: int
    deadline: int = Field(description="Seconds since 1970; send it back with the signature.")
    redemption_ref: str | None = Field(description="Send it back with the signature.")
    typed_data: dict[str, Any] = Field(description="EIP-712, as eth_signTypedData_v4 takes it.")
    digest: str


class CallOut(Answered):
    """Something asked of the chain that is no movement of points in the ledger."""

    id: str
    program_id: str
    member_id: str | None
    kind: Literal["redeem", "set_signed_only", "rebind", "expire", "issue_badges", "revoke_badges"]
    created_at: str
    status: SettlementName
    tx_hash: str | None
    block_number: int | None
    explorer_url: str | None
    parked_reason: str | None


class RebindOut(Answered):
    call_id: str = Field(description="Follow it at GET /v1/calls/{id}.")
    program_id: str
    member_id: str
    from_address: str
    to_address: str
    status: Literal["accepted"] = "accepted"


class SignedOnlyOut(Answered):
    call_id: str = Field(description="Follow it at GET /v1/calls/{id}.")
    program_id: str
    member_id: str
    signed_only: bool
    status: Literal["accepted"] = "accepted"
