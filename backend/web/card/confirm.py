"""What a till asks a member: shown, confirmed with their key, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from fastapi.responses import Response

from backend.core.confirmations import ConfirmationState
from backend.ledger.confirmations import ConfirmationRecord
from backend.ledger.member_keys import KeyAt
from backend.ledger.spending_documents import reward_terms
from backend.services.confirm_redemption import confirm_redemption, refuse_redemption
from backend.services.read_confirmations import (
    consent_of,
    read_confirmation,
    read_confirmations,
    waiting_confirmations,
)
from backend.services.read_control import read_control
from backend.services.read_operation import read_operation
from backend.web.card import frame
from backend.web.card.frame import Visit
from backend.web.card.signed import (
    asked_document,
    host_of,
    nameless,
    signed_consent,
    spoken,
    theirs,
)
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

REFUSED: Final = marked("Refused. Your points are available again.")
STATES: Final = {
    ConfirmationState.WAITING: (marked("Waits for you"), "warn"),
    ConfirmationState.CONFIRMED: (marked("Confirmed"), "good"),
    ConfirmationState.REFUSED: (marked("Refused by you"), ""),
    ConfirmationState.CANCELLED: (marked("Taken back by the shop"), ""),
    ConfirmationState.EXPIRED: (marked("Too late"), ""),
}
ON_CHAIN: Final = {
    "accepted": marked("on its way to the chain"),
    "sealed": marked("on its way to the chain"),
    "broadcast": marked("on its way to the chain"),
    "included": marked("recorded on chain"),
    "final": marked("recorded on chain, final"),
    "parked": marked("the chain refused it; your points are available again"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A confirmation as its member reads it, with the key that would sign it."""

    record: ConfirmationRecord
    key: KeyAt | None
    what_for: str
    on_chain: str

    @property
    def label(self) -> tuple[str, str]:
        return STATES[self.record.state]


def install(site: Site) -> None:
    """Adds the pages, and the notice that the card shows."""
    frame.get(site, "/card/waiting", _notice)
    frame.get(site, "/card/confirm", _list)
    frame.get(site, "/card/confirm/changes", _changes)
    frame.get(site, "/card/confirm/{confirmation_id}", _one)
    frame.post(site, "/card/confirm/{confirmation_id}", spoken(_confirm))
    frame.post(site, "/card/confirm/{confirmation_id}/ask", spoken(_ask))
    frame.post(site, "/card/confirm/{confirmation_id}/refuse", _refuse)


async def _notice(visit: Visit) -> Response:
    """What waits, for the card to show at once; nothing where nothing has changed."""
    waiting = await waiting_confirmations(visit.page.house, theirs(visit))
    seen = _seen(waiting)
    if seen == visit.page.query("seen"):
        return Response(None, 204)
    return visit.page.fragment("card/waiting.html", "notice", waiting=waiting, seen=seen)


async def _list(visit: Visit) -> Response:
    return await _shown(visit, await read_confirmations(visit.page.house, theirs(visit)))


async def _one(visit: Visit) -> Response:
    page = visit.page
    record = await read_confirmation(page.house, theirs(visit), page.path("confirmation_id"))
    return await _shown(visit, [record])


async def _changes(visit: Visit) -> Response:
    """For a page that watches: it is loaded anew when a question came, went or got further."""
    page = visit.page
    records = await read_confirmations(page.house, theirs(visit))
    if only := page.query("only"):
        records = [each for each in records if each.id == only]
    questions = [await _question(visit, each) for each in records]
    if _seen(records, questions) == page.query("seen"):
        return Response(None, 204)
    return page.redirect(f"/card/confirm/{only}" if only and records else "/card/confirm")


async def _shown(visit: Visit, records: Sequence[ConfirmationRecord]) -> Response:
    questions = [await _question(visit, each) for each in records]
    return visit.render(
        "confirm.html",
        questions=questions,
        seen=_seen(records, questions),
        only=visit.page.request.path_params.get("confirmation_id", ""),
        nameless=nameless(visit.page),
        host=host_of(visit.page).name,
    )


async def _question(visit: Visit, record: ConfirmationRecord) -> Question:
    house, key, on_chain = visit.page.house, None, ""
    if record.waits:
        card = next((each for each in visit.cards if each.member_id == record.member_id), None)
        key = (await read_control(house, card)).signing if card else None
    if record.operation_id is not None:
        read = await read_operation(house, record.owner_id, record.operation_id)
        on_chain = ON_CHAIN[read.status.state.value]
    return Question(record, key, _what_for(visit.page, record), on_chain)


def _what_for(page: Page, record: ConfirmationRecord) -> str:
    """The reward, the part of a basket, or what the till says it is; nothing if it says nothing."""
    if record.reward_document is not None:
        return reward_terms(record.reward_document).title[page.tongue.language]
    if record.worth_minor is not None and record.currency is not None:
        paid = page.tongue.money(record.worth_minor, record.currency)
        basket = page.tongue.money(record.basket_minor or 0, record.currency)
        return page.say("%(paid)s of a basket of %(basket)s", paid=paid, basket=basket)
    return record.note or ""


def _seen(records: Sequence[ConfirmationRecord], questions: Sequence[Question] = ()) -> str:
    """What a reader has seen, so that nothing moves while nothing changes."""
    said = [f"{each.id}.{each.state.value}" for each in records]
    said += [each.on_chain for each in questions]
    return sha256(" ".join(said).encode()).hexdigest()[:16]


async def _ask(visit: Visit) -> Response:
    page = visit.page
    record = await read_confirmation(page.house, theirs(visit), page.path("confirmation_id"))
    return page.json(asked_document(await consent_of(page.house, record)))


async def _confirm(visit: Visit) -> Response:
    page = visit.page
    consent = await signed_consent(page.house, visit)
    done = await confirm_redemption(
        page.house, theirs(visit), page.path("confirmation_id"), consent
    )
    return page.json({"state": done.state.value})


async def _refuse(visit: Visit) -> Response:
    page = visit.page
    await refuse_redemption(page.house, theirs(visit), page.path("confirmation_id"))
    return page.redirect("/card/confirm", page.say(REFUSED))
