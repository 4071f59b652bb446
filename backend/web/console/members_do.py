"""What a merchant's people do to a member: cards, identifiers, merging, pausing, closing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi.responses import Response

from backend.core.errors import MereauError, UnknownMember
from backend.core.guesses import international
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.membership import MembershipState
from backend.core.operations import POINTS_MAX
from backend.core.roles import Permission
from backend.core.staff_actions import Action
from backend.ledger.group_commit import Command
from backend.services.change_identifiers import ChangeIdentifiers
from backend.services.change_state import ChangeState
from backend.services.close_member import CloseMember
from backend.services.done_by import DoneBy
from backend.services.find_member import member_record
from backend.services.merge_members import MergeMembers
from backend.services.read_sales import read_redemption
from backend.services.recognise_member import search_member
from backend.services.record_action import record_action
from backend.services.refund_redemption import RefundRedemption
from backend.services.replace_card import replace_card
from backend.services.signed_burn import look_at_member
from backend.web.console import frame
from backend.web.console.till_member import body_of, claim, encode, form_errors
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

ADDED: Final = marked("Added: the member is found by it from now on.")
REPLACED: Final = marked("The lost card is refused for ever. The new card is %(card)s.")
MERGED: Final = marked("Merged: %(points)s points moved, with the dates on which they expire.")
PAUSED: Final = marked("Deactivated: nothing is earned or spent until they are reactivated.")
RESUMED: Final = marked("Reactivated.")
CLOSED: Final = marked("The membership is closed.")
ERASED: Final = marked("The membership is closed, and what named the person is destroyed.")
REFUNDED: Final = marked("The points are given back.")


def install(site: Site, place: str) -> None:
    site.post(f"{place}/identifier", _add_identifier, Permission.MEMBERS)
    site.post(f"{place}/card", _replace_card, Permission.MEMBERS)
    site.post(f"{place}/refund", _refund, Permission.ADJUST)
    site.post(f"{place}/merge", _merge, Permission.ADJUST)
    site.post(f"{place}/state", _change_state, Permission.ADJUST)
    site.post(f"{place}/close", _close, Permission.ADJUST)


async def _member(page: Page) -> str:
    """The member of the address, in the page's program; raises UnknownMember."""
    record = await member_record(page.house, page.merchant_id, page.path("member_id"))
    if record.program_id != page.here.id:
        raise UnknownMember("The program has no such member.")
    return record.id


def _back(page: Page, member_id: str, said: str) -> Response:
    return page.redirect(frame.place(page, f"/members/{member_id}"), said)


async def _do(
    page: Page, command: Command, action: Action, member_id: str, detail: str = ""
) -> Mapping[str, Any]:
    """Runs the command and writes down who did it; the document it answered."""
    done = DoneBy(command, page.user, action, page.here.id, member_id, detail)
    return body_of((await page.house.committer.submit(done)).body)


def _identifier(page: Page, kind: IdentifierKind, name: str) -> Identifier | None:
    """What a field names somebody by; None where it is empty or its error says why."""
    text = page.form.text(name, max_length=254, required=False)
    if not text:
        return None
    if kind is IdentifierKind.PHONE:
        text = international(text, page.here.timezone)
    try:
        return Identifier.parse(kind, text)
    except MereauError as refusal:
        page.form.refuse(name, page.tongue.problem(refusal))
        return None


async def _add_identifier(page: Page) -> Response:
    member_id = await _member(page)
    kind = IdentifierKind(page.form.choice("kind", [each.value for each in IdentifierKind]))
    page.form.text("value", max_length=254)
    identifier = _identifier(page, kind, "value")
    if identifier is None or page.form.errors:
        return form_errors(page)
    command = ChangeIdentifiers.build(
        page.house, page.merchant_id, claim(page, "identifier", kind.value, identifier.value),
        (page.here.id, member_id), [identifier], lambda _done: b"{}", replace=False,
    )  # fmt: skip
    await _do(page, command, Action.MEMBER_CHANGED, member_id, f"{kind.value} added")
    return _back(page, member_id, page.say(ADDED))


async def _replace_card(page: Page) -> Response:
    """The old card is refused for ever, everywhere; the member keeps every point."""
    member_id = await _member(page)
    lost = _identifier(page, IdentifierKind.CARD, "lost")
    card = _identifier(page, IdentifierKind.CARD, "card")
    if page.form.errors:
        return form_errors(page)
    said = claim(page, "card", lost and lost.value, card and card.value)
    answer = await replace_card(
        page.house, said, member_id, (lost, card), None,
        lambda done: encode({"card": done.card}), rebind=True,
    )  # fmt: skip
    if not answer.replayed:
        await record_action(
            page.house, page.user, Action.CARD_REPLACED, member_id, "", page.here.id
        )
    return _back(page, member_id, page.say(REPLACED, card=body_of(answer.body)["card"]))


async def _refund(page: Page) -> Response:
    """Gives points of a redemption back, all that are left or some."""
    member_id = await _member(page)
    row = await read_redemption(page.house, page.merchant_id, page.form.raw("redemption")[:64])
    points = page.form.integer("points", 1, POINTS_MAX)
    if page.form.errors:
        return form_errors(page)
    command = RefundRedemption(
        claim(page, "refund", row["id"], points), row["id"], row["program_id"], points,
        lambda done: encode({"id": done.redemption_id}),
    )  # fmt: skip
    done = DoneBy(
        command, page.user, Action.PURCHASE_UNDONE, page.here.id, row["id"], f"{points} points"
    )
    await page.house.committer.submit(done)
    return _back(page, member_id, page.say(REFUNDED))


async def _merge(page: Page) -> Response:
    """This member becomes the other one, who keeps the points of both."""
    source_id = await _member(page)
    text = page.form.text("into", max_length=254)
    if page.form.errors:
        return form_errors(page)
    target_id = await search_member(
        page.house, page.merchant_id, page.here.id, text, page.here.timezone
    )
    signed = await look_at_member(page.house, page.merchant_id, source_id)
    command = MergeMembers(
        claim(page, "merge", target_id), page.here.id, source_id, target_id,
        lambda done: encode({"moved": done.moved_points}), signed,
    )  # fmt: skip
    body = await _do(page, command, Action.MEMBER_MERGED, source_id, f"into {target_id}")
    return _back(page, target_id, page.say(MERGED, points=page.tongue.number(body["moved"])))


async def _change_state(page: Page) -> Response:
    member_id = await _member(page)
    state = MembershipState(page.form.choice("state", ("active", "deactivated")))
    if page.form.errors:
        return form_errors(page)
    command = ChangeState(
        claim(page, "state", state.value), page.merchant_id, page.here.id, member_id, state,
        lambda _member: b"{}",
    )  # fmt: skip
    await _do(page, command, Action.MEMBER_CHANGED, member_id, state.value)
    return _back(page, member_id, page.say(RESUMED if state is MembershipState.ACTIVE else PAUSED))


async def _close(page: Page) -> Response:
    """Closes the membership; erases the person as well where that is ticked."""
    member_id = await _member(page)
    forfeit, erase = page.form.ticked("forfeit"), page.form.ticked("erase")
    signed = await look_at_member(page.house, page.merchant_id, member_id)
    command = CloseMember(
        claim(page, "close", forfeit, erase), page.here.id, member_id, forfeit, erase,
        lambda done: encode({"points": done.forfeited_points}), signed,
    )  # fmt: skip
    action = Action.MEMBER_ERASED if erase else Action.MEMBER_CHANGED
    await _do(page, command, action, member_id, "erased" if erase else "closed")
    return _back(page, member_id, page.say(ERASED if erase else CLOSED))
