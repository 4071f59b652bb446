"""Close a membership, and erase what names the person.

Points that are left are given up, which burns them on chain, and only where the caller says so;
points whose member signs for them stay theirs until they expire. Erasing destroys the key that all
of a member's personal data is sealed under. The row stays, without a name: the books keep their
entries, and nothing that is sent again brings the person back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, or_, select, update

from backend.core.identifiers import IdentifierKind
from backend.core.life_errors import MemberHasHolds, PointsLeft
from backend.core.membership import MembershipState, require_open
from backend.core.operations import Kind, Reason
from backend.ledger.adjustment_tables import Adjustment
from backend.ledger.columns import table_of
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.loading import MemberState
from backend.ledger.member_keys import forget_passkeys
from backend.ledger.message_tables import InboxMessage, Message, OneTimeCode
from backend.ledger.privacy_tables import MemberChoice
from backend.ledger.rule_tables import MemberBirthday, MemberStanding, PendingPoints, ReferralCode
from backend.ledger.tables import Member, MemberIdentifier, MemberVault
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.change_state import stage_state
from backend.services.identity import identifiers_in, identity_of, note_change
from backend.services.judge_tier import leave_tiers
from backend.services.lookup import owned_member
from backend.services.signed_burn import UNSIGNED, SignedBurn
from backend.services.stage_grants import end_grants_of

_MEMBERS, _VAULT, _IDENTIFIERS = table_of(Member), table_of(MemberVault), table_of(MemberIdentifier)
_PENDING, _CODES = table_of(PendingPoints), table_of(ReferralCode)
_MESSAGES, _ONE_TIME, _INBOX = table_of(Message), table_of(OneTimeCode), table_of(InboxMessage)
_CHOICES = table_of(MemberChoice)
_BIRTHDAYS, _STANDINGS = table_of(MemberBirthday), table_of(MemberStanding)
_ADJUSTMENTS = table_of(Adjustment)


@dataclass(frozen=True, slots=True)
class MembershipClosed:
    """`kept_points` are those only the member's own signature could burn."""

    member: MemberState
    forfeited_points: int
    kept_points: int
    operation_ids: tuple[str, ...]
    erased: bool


@dataclass(frozen=True, slots=True)
class CloseMember:
    """Closes a membership; with `erase` also one that is closed already.

    Raises UnknownMember, MemberClosed, MemberMerged, MemberHasHolds, or PointsLeft while there are
    points that `forfeit` does not give up.
    """

    claim: Claim
    program_id: str
    member_id: str
    forfeit: bool
    erase: bool
    render: Callable[[MembershipClosed], bytes]
    signed: SignedBurn = UNSIGNED

    def wants(self) -> Wants:
        named = {self.member_id} if self.erase else set()
        own = Wants(programs={self.program_id}, members={self.member_id}, identities=named)
        return Wants.united([own, self.signed.wants()])

    def decide(self, work: UnitOfWork) -> Answer:
        member = owned_member(work, self.claim.merchant_id, self.program_id, self.member_id)
        if not (self.erase and member.state == MembershipState.CLOSED):
            require_open(member.state, member.merged_into)
        program = work.state.programs[self.program_id]
        shielded = self.signed.takes_signatures_only(work, program, member)
        points = 0 if shielded else member.available_points
        self._require_nothing_left(member, points)
        operation_ids = self._give_up(work, member, points)
        if member.state != MembershipState.CLOSED:
            stage_state(work, member, MembershipState.CLOSED)
            leave_tiers(work, member)
            note_change(work, member, "closed")
        self._drop_pending(work, member)
        end_grants_of(work, member)
        if self.erase:
            note_change(work, member, "erased")
            persons = [
                work.vault.person_digest(i) for i in identifiers_in(identity_of(work, member))
            ]
            _erase(work, member, persons)
        done = MembershipClosed(member, points, member.points, operation_ids, self.erase)
        return Answer(200, self.render(done))

    def _require_nothing_left(self, member: MemberState, points: int) -> None:
        if member.held_points:
            raise MemberHasHolds(
                "Redemptions hold points of the member; capture or cancel them first.",
                held_points=member.held_points,
            )
        if points and not self.forfeit:
            raise PointsLeft(
                "The member has points; close with forfeit_points to give them up.",
                available_points=points,
            )

    def _give_up(self, work: UnitOfWork, member: MemberState, points: int) -> tuple[str, ...]:
        if not points:
            return ()
        details = {"closed_member_id": member.id, "points": points}
        return (
            work.stage_operation(
                Kind.ADJUST_DEBIT, member, points, member.id, details, reason=Reason.CLOSED
            ),
        )

    def _drop_pending(self, work: UnitOfWork, member: MemberState) -> None:
        """What still waited for its release never comes."""
        if not member.pending_points:
            return
        member.pending_points = 0
        work.touch_balance(member)
        work.execute(
            update(_PENDING)
            .where(_PENDING.c.member_id == member.id, _PENDING.c.state == "pending")
            .values(state="cancelled", cancelled_points=_PENDING.c.points, closed_at_ms=work.now_ms)
        )


def _erase(work: UnitOfWork, member: MemberState, persons: list[str]) -> None:
    """Destroys what names the person, also under the ids that were merged into this one, and the
    messages and codes sent to their addresses (`persons`)."""
    everyone = select(_MEMBERS.c.id).where(
        (_MEMBERS.c.id == member.id) | (_MEMBERS.c.merged_into == member.id)
    )
    cards = _IDENTIFIERS.c.kind == IdentifierKind.CARD.value
    theirs = or_(_MESSAGES.c.member_id.in_(everyone), _MESSAGES.c.person_digest.in_(persons))
    sent = select(_MESSAGES.c.id).where(theirs)
    work.execute(
        delete(_INBOX).where(_INBOX.c.message_id.in_(sent)),
        delete(_MESSAGES).where(theirs),
        delete(_ONE_TIME).where(_ONE_TIME.c.person_digest.in_(persons)),
        delete(_CHOICES).where(_CHOICES.c.member_id.in_(everyone)),
        # A card says nothing without its member; a lost letter must not open a new account.
        update(_IDENTIFIERS)
        .where(_IDENTIFIERS.c.member_id.in_(everyone), cards)
        .values(member_id=None),
        delete(_IDENTIFIERS).where(_IDENTIFIERS.c.member_id.in_(everyone)),
        delete(_BIRTHDAYS).where(_BIRTHDAYS.c.member_id.in_(everyone)),
        delete(_CODES).where(_CODES.c.member_id.in_(everyone)),
        update(_STANDINGS).where(_STANDINGS.c.member_id.in_(everyone)).values(document=None),
        # People write what they know: what an adjustment was for may name somebody.
        update(_ADJUSTMENTS).where(_ADJUSTMENTS.c.member_id.in_(everyone)).values(note=""),
        delete(_VAULT).where(_VAULT.c.member_id.in_(everyone)),
        update(_MEMBERS).where(_MEMBERS.c.id.in_(everyone)).values(erased_at_ms=work.now_ms),
    )
    ids = work.ask(lambda connection: list(connection.execute(everyone).scalars()))
    work.ask(lambda connection: forget_passkeys(connection, ids))
    member.wrapped_key, member.standing = b"", None
    work.state.identities.pop(member.id, None)
    for key, owner in list(work.state.identifiers.items()):
        if owner == member.id:
            del work.state.identifiers[key]
            if key[1] == IdentifierKind.CARD:
                work.state.blocked_cards.add(key)
