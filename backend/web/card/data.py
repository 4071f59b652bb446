"""What we have of a member, and what they may do with it: name, addresses, choices, a copy."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi.responses import Response

from backend.core.contact import Channel
from backend.core.errors import MereauError
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.membership import MembershipState
from backend.core.privacy import ChoicePurpose
from backend.ledger.cards import HeldCard
from backend.ledger.privacy import holding
from backend.services.change_identifiers import ChangeIdentifiers, IdentityChanged
from backend.services.check_code import ProvedAddress
from backend.services.choose_privacy import ChoosePrivacy, read_choices
from backend.services.export_member import export_member
from backend.services.find_member import read_member
from backend.services.house import House
from backend.services.identity import NAME
from backend.services.name_member import NameMember
from backend.services.read_cards import read_cards
from backend.services.replace_card import CardReplaced, replace_card
from backend.services.send_message import send_message
from backend.web.card import frame
from backend.web.card.codes import Codes, address_in
from backend.web.card.frame import Visit
from backend.web.card.mails import changed_message
from backend.web.card.privacy_words import CHOICES
from backend.web.card.sign_in import NAME_MAX
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

SAVED: Final = marked("Saved.")
ADDRESS_CHANGED: Final = marked("From now on you sign in with the new address.")
ADDRESS_TAKEN: Final = marked(
    "The new address is known for another card already, so that card keeps it:"
    " %(programs)s was not changed."
)
NEW_NUMBER: Final = marked("Your card has a new number; the old one is refused from now on.")
FROM_CARD: Final = "card"
_CHANNELS: Final = {IdentifierKind.EMAIL: Channel.EMAIL, IdentifierKind.PHONE: Channel.SMS}


def install(site: Site, codes: Codes) -> None:
    """Adds the pages."""

    async def change_address(visit: Visit) -> Response:
        to = address_in(visit.page, "address")
        if to is None:
            return await _page(visit, 422)
        context = {"member_ids": [each.member_id for each in visit.cards]}
        where, member_id = visit.card.program_name, visit.card.member_id
        return await codes.start(visit.page, "change", to, context, where, member_id)

    codes.finish["change"] = _changed
    frame.get(site, "/card/data", _show)
    frame.post(site, "/card/data/name", _rename)
    frame.post(site, "/card/data/address", change_address)
    frame.post(site, "/card/data/choices", _choose)
    frame.post(site, "/card/data/number", _new_number)
    frame.get(site, "/card/data/copy", _copy)


async def _show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, status: int = 200) -> Response:
    page, card = visit.page, visit.card
    identity = (await read_member(page.house, card.merchant_id, card.member_id)).identity
    choices = await read_choices(page.house, card.merchant_id, card.member_id)
    return visit.render(
        "data.html",
        status,
        name=identity.get(NAME, ""),
        emails=identity.get(IdentifierKind.EMAIL.value, []),
        phones=identity.get(IdentifierKind.PHONE.value, []),
        words=CHOICES,
        holding={purpose: each.granted for purpose, each in holding(choices).items()},
        choices=choices,
        open=card.state in (MembershipState.ACTIVE, MembershipState.DEACTIVATED),
    )


async def _rename(visit: Visit) -> Response:
    page, card = visit.page, visit.card
    name = page.form.text("name", max_length=NAME_MAX, required=False)
    if not page.form.ok:
        return await _page(visit, 422)
    command = NameMember(card.merchant_id, card.program_id, card.member_id, name)
    await page.house.committer.submit(command)
    return page.redirect("/card/data", page.say(SAVED))


async def _choose(visit: Visit) -> Response:
    page, card = visit.page, visit.card
    chosen = {purpose: page.form.ticked(purpose.value) for purpose in ChoicePurpose}
    command = ChoosePrivacy(card.merchant_id, card.program_id, card.member_id, chosen, FROM_CARD)
    await page.house.committer.submit(command)
    return page.redirect("/card/data#choices", page.say(SAVED))


async def _new_number(visit: Visit) -> Response:
    """For a card that somebody else has seen: its QR code and number work no more."""
    page, card = visit.page, visit.card
    claim = page.claim(card.merchant_id, ())
    await replace_card(
        page.house, claim, card.member_id, (None, None), None, _no_body, rebind=False
    )
    return page.redirect("/card", page.say(NEW_NUMBER))


async def _copy(visit: Visit) -> Response:
    """All of it as a file, of every card the person has here."""
    house = visit.page.house
    documents = [await export_member(house, c.merchant_id, c.member_id) for c in visit.cards]
    content = msgspec.json.format(msgspec.json.encode(documents), indent=2)
    return visit.page.answer(content, "application/json", "my-data.json")


async def _changed(page: Page, proved: ProvedAddress) -> Response:
    """Gives every card of the person the address that they proved, in place of the old one."""
    house, to = page.house, proved.identifier
    refused: list[str] = []
    for card in await read_cards(house, proved.context["member_ids"]):
        if card.state == MembershipState.CLOSED:
            continue
        before = (await read_member(house, card.merchant_id, card.member_id)).identity
        try:
            await house.committer.submit(_change(house, card, to))
        except MereauError:
            refused.append(card.program_name)
            continue
        for old in before.get(to.kind.value, []):
            if old != to.value:
                content = changed_message(page, Identifier(to.kind, old), card.program_name)
                await send_message(house, _CHANNELS[to.kind], content, card.member_id)
    if refused:
        said = page.say(ADDRESS_TAKEN, programs=", ".join(refused))
        return page.redirect("/card/data", said)
    return page.redirect("/card/data", page.say(ADDRESS_CHANGED))


def _change(house: House, card: HeldCard, to: Identifier) -> ChangeIdentifiers:
    place = (card.program_id, card.member_id)
    return ChangeIdentifiers.build(
        house, card.merchant_id, None, place, [to], _no_body, replace=True
    )


def _no_body(_: IdentityChanged | CardReplaced | Any) -> bytes:
    return b"{}"
