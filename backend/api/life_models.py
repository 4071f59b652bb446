"""What the API takes and answers about members' lives."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from backend.api.consent_models import ConsentIn
from backend.api.fields import Answered, Strict, Text
from backend.api.requests import Identifiers, shown
from backend.api.schemas import BalanceSummary, IdentifiersOut, SettlementSummary
from backend.core.errors import IdentifierInvalid
from backend.core.identifiers import Identifier, IdentifierKind

_MEMBER: Final = "mem_01kdvdna00jz2w4cgq3zq4vt8d"


class IdentifiersIn(Identifiers):
    """Identifiers to be known by from now on, beside those there are or in their place."""

    model_config = shown(phone="+33687654321", replace=True)

    replace: bool = Field(
        default=False,
        description="Whether those of the same kinds go: numbers and addresses are free again,"
        " cards are refused for ever.",
    )


class IdentityOut(Answered):
    member_id: str
    external_id: str | None
    phone: str | None
    email: str | None
    card: str | None
    identifiers: IdentifiersOut


class CardReplacementIn(Strict):
    model_config = shown(lost_card="2900001234561", rebind=True)

    lost_card: Text | None = Field(
        default=None, description="Left out, every card the member has is lost."
    )
    card: Text | None = Field(default=None, description="The new one; left out, we make a number.")
    rebind: bool = Field(
        default=True, description="Whether the member also gets a new address on chain."
    )
    consent: ConsentIn | None = Field(
        default=None, description="The member's signature of the rebind, where they have a key."
    )

    def cards(self) -> tuple[Identifier | None, Identifier | None]:
        """The lost card and the new one; raises IdentifierInvalid."""
        if self.consent is not None and not self.rebind:
            raise IdentifierInvalid("A signature goes with rebind: true.")
        lost, new = (
            None if text is None else Identifier.parse(IdentifierKind.CARD, text)
            for text in (self.lost_card, self.card)
        )
        return lost, new


class CardReplacedOut(Answered):
    member_id: str
    card: str = Field(description="The new card's number.")
    blocked_cards: int = Field(description="How many cards are refused for ever from now on.")
    rebind_call_id: str | None = Field(
        description="The call that brings a new address on chain; read it at /v1/calls."
    )
    rebind_refused: str | None = Field(
        description="The code that says why there is none although one was wanted; ask again with"
        " POST /v1/members/{id}/rebind."
    )
    balance: BalanceSummary


class StateOut(Answered):
    member_id: str
    state: Literal["active", "deactivated", "closed", "merged"]
    merged_into: str | None = None
    balance: BalanceSummary


class ClosingIn(Strict):
    model_config = shown(forfeit_points=True)

    forfeit_points: bool = Field(
        default=False, description="Gives up the points that are left: they are burned."
    )


class ClosedOut(StateOut):
    forfeited_points: int
    kept_points: int = Field(
        description="Points that only the member's own signature burns; they stay theirs on chain"
        " until they expire."
    )
    erased: bool
    operation_ids: list[str]
    settlement: SettlementSummary


class MergeIn(Strict):
    model_config = shown(into_member_id=_MEMBER)

    into_member_id: Annotated[str, Field(max_length=64)] = Field(
        description="Who answers for both from now on, in the same program."
    )


class MergedOut(Answered):
    member_id: str
    merged_into: str
    moved_points: int
    second_welcome_points: int = Field(
        description="Taken back, where both had been given a bonus for signing up."
    )
    operation_ids: list[str] = Field(
        description="The debit of the one, and a restore into the other for each date on which the"
        " points expire, the oldest first."
    )
    balance: BalanceSummary = Field(description="Of the member that both are now.")
    settlement: SettlementSummary


class QrOut(Answered):
    member_id: str
    qr: str = Field(description="The text of the code to show; a till sends it as `member.qr`.")
    expires_at: str


class CardsIn(Strict):
    model_config = shown(count=100)

    count: int = Field(
        json_schema_extra={"minimum": 1, "maximum": 1000}, description="How many.", examples=[100]
    )


class NewCardOut(Answered):
    number: str
    qr: str = Field(description="The text of the QR code to print on it.")


class CardsOut(Answered):
    program_id: str
    cards: list[NewCardOut]


class MembershipOut(Answered):
    member_id: str
    program_id: str
    program_name: str
    state: Literal["active", "deactivated", "closed", "merged"]
    available: int


class MembershipsOut(Answered):
    data: list[MembershipOut]


class ChangeOut(Answered):
    id: str
    kind: str = Field(
        description="`identifiers_added`, `identifiers_replaced`, `card_replaced`, `deactivated`,"
        " `reactivated`, `closed`, `erased`, `merged_into` or `merged_from`."
    )
    other_member_id: str | None
    changed_at: str


class ChangesOut(Answered):
    data: list[ChangeOut]
