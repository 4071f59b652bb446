"""Replace a lost card: a new one at once, the old one refused for ever, every point kept.

Where the program is on chain the member also gets a new address there, because whoever found the
card may have found a key with it. The card is replaced even if that has to wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.core.cards import CardCheck, new_number
from backend.core.errors import MereauError
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.life_errors import UnknownIdentifier
from backend.core.membership import require_open
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState, ProgramState
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.consent import Consent
from backend.services.enrol_member import check_cards
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.identity import (
    free_digests,
    identity_of,
    note_change,
    stage_digests,
    stage_identity,
    stage_owner,
)
from backend.services.lookup import owned_member
from backend.services.rebind_member import AskForMember, asked_rebind


@dataclass(frozen=True, slots=True)
class CardReplaced:
    """`rebind_call_id` is the call that gives a new address; where there is none, and one was
    wanted, `rebind_refused` is the code that says why."""

    member: MemberState
    card: str
    blocked_count: int
    rebind_call_id: str | None
    rebind_refused: str | None


@dataclass(frozen=True, slots=True)
class ReplaceCard:
    """`lost` None means every card the member has; `card` None means that we make one.

    Raises UnknownMember, MemberClosed, MemberMerged, UnknownIdentifier when the lost card is not
    the member's, CardCheckInvalid, CardBlocked or MemberAlreadyEnrolled.
    """

    claim: Claim
    program_id: str
    member_id: str
    lost: Identifier | None
    card: Identifier | None
    rebind: AskForMember | None
    entropy: Callable[[int], bytes]
    digest: Callable[[str, Identifier], str]
    render: Callable[[CardReplaced], bytes]

    def wants(self) -> Wants:
        own = Wants(
            programs={self.program_id}, members={self.member_id}, identities={self.member_id}
        )
        if self.card is not None:
            own.identifiers = {(self.program_id, "card", self.digest(self.program_id, self.card))}
        return Wants.united([own, self.rebind.wants()] if self.rebind else [own])

    def decide(self, work: UnitOfWork) -> Answer:
        member = owned_member(work, self.claim.merchant_id, self.program_id, self.member_id)
        require_open(member.state, member.merged_into)
        program = work.state.programs[self.program_id]
        identity = identity_of(work, member)
        had: list[str] = list(identity.get("card", ()))
        lost = had if self.lost is None else [self.lost.value]
        if not set(lost) <= set(had):
            raise UnknownIdentifier("The lost card is none of the member's cards.")
        new = self.card or self._made(program)
        digest = ("card", work.vault.digest(self.program_id, new))
        check_cards(work, program, [new], [digest])
        fresh = free_digests(work, member, [new])
        if new.value in lost:
            raise UnknownIdentifier("The new card is the lost one.")
        for number in lost:
            stage_owner(work, self.program_id, Identifier(IdentifierKind.CARD, number), None)
        identity["card"] = [new.value, *(n for n in had if n not in lost and n != new.value)]
        stage_digests(work, member, fresh)
        stage_identity(work, member, identity)
        note_change(work, member, "card_replaced")
        call_id, refused = self._ask_rebind(work)
        done = CardReplaced(member, new.value, len(lost), call_id, refused)
        return Answer(200, self.render(done), names_member=member.id)

    def _made(self, program: ProgramState) -> Identifier:
        number = new_number(CardCheck(program.card_check), self.entropy)
        return Identifier(IdentifierKind.CARD, number)

    def _ask_rebind(self, work: UnitOfWork) -> tuple[str | None, str | None]:
        if self.rebind is None:
            return None, None
        try:
            return self.rebind.ask(work), None
        except MereauError as refusal:
            return None, refusal.code


async def replace_card(
    house: House,
    claim: Claim,
    member_id: str,
    cards: tuple[Identifier | None, Identifier | None],
    consent: Consent | None,
    render: Callable[[CardReplaced], bytes],
    *,
    rebind: bool,
) -> Answer:
    """`cards` are the lost one and the new one; raises what ReplaceCard raises."""
    record = await member_record(house, claim.merchant_id, member_id)
    asked = None
    if rebind:
        asked = await asked_rebind(house, claim, record, None, consent, lambda _: b"")
    lost, card = cards
    command = ReplaceCard(
        claim, record.program_id, record.id, lost, card, asked,
        house.entropy, house.vault.digest, render,
    )  # fmt: skip
    return await house.committer.submit(command)
