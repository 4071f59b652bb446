"""What the API takes and answers about badges."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from backend.api.fields import Answered, Strict, Text
from backend.api.schemas import SettlementName

TypeName = Annotated[str, Field(description="The type's name.", examples=["gold"])]
TypeNumber = Annotated[
    int, Field(description="The type's number, as it is in token ids.", examples=[3])
]
BadgeId = Annotated[str, Field(examples=["bdg_01kdvdna00gte2hdyrj1gk0zx7"])]
CallId = Annotated[
    str,
    Field(
        description="Follow it at GET /v1/calls/{id}.", examples=["cal_01kdvdna00gte2hdyrj1gk0zx7"]
    ),
]


class BadgeIn(Strict):
    type: Text | int = Field(
        description="A badge type's name or number; GET /badges lists them.",
        examples=["gold", 3],
    )


class BadgeChangeOut(Answered):
    """A badge on its way to the chain, or off it."""

    id: BadgeId
    program_id: str
    member_id: str
    type: TypeName
    type_number: TypeNumber
    contract_address: str
    token_id: str = Field(description="0x hex; a rebind gives the badge another one.")
    call_id: CallId
    action: Literal["issue", "revoke"]
    status: Literal["accepted"] = "accepted"


class BadgeSettlementOut(Answered):
    """How far a call got on its way to the chain."""

    call_id: CallId
    status: SettlementName
    tx_hash: str | None
    block_number: int | None
    parked_reason: str | None


class BadgeOut(Answered):
    id: BadgeId
    type: TypeName
    type_number: TypeNumber
    contract_address: str
    token_id: str = Field(description="0x hex; a rebind gives the badge another one.")
    held: bool = Field(description="False once it is revoked, or when it could not be issued.")
    created_at: str
    settlement: BadgeSettlementOut = Field(description="Of its issue at the member's address.")
    revocation: BadgeSettlementOut | None


class BadgesPage(Answered):
    data: list[BadgeOut]
    has_more: bool = False


class WordingOut(Answered):
    name: str
    description: str


class BadgeTypeOut(Answered):
    """ERC-721 metadata of a type, which says nothing of its holders."""

    name: str = Field(examples=["Gold"])
    description: str
    type: TypeName
    type_number: TypeNumber
    localized: dict[Literal["en", "fr"], WordingOut]


class BadgeTypesPage(Answered):
    data: list[BadgeTypeOut]
    has_more: bool = False
