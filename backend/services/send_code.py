"""Send a one-time code to an address, and say no more to whoever asked than that it was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from backend.core.contact import CODE_MS, CODE_TRIES, Channel, Content, MessageState, code_of
from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.people_errors import TooManyCodes
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.message_tables import Message, OneTimeCode
from backend.ledger.messages import message_row
from backend.ledger.one_time_codes import too_many_codes
from backend.ledger.people import token_digest
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.read_cards import cards_known_by
from backend.services.sessions import new_token

Purpose = Literal["sign_in", "join", "change", "erase"]
Compose = Callable[[str, str], Content]
"""Writes the message around a code; for a card of the program that is named, if there is one."""

_CHANNELS = {IdentifierKind.EMAIL: Channel.EMAIL, IdentifierKind.PHONE: Channel.SMS}


@dataclass(frozen=True, slots=True)
class _Send:
    code: dict[str, Any]
    message: dict[str, Any]

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        person, now_ms = self.code["person_digest"], work.now_ms
        if work.ask(lambda connection: too_many_codes(connection, person, now_ms)):
            raise TooManyCodes("This address was sent several codes already; try again later.")
        work.stage(OneTimeCode, self.code)
        work.stage(Message, self.message)
        # Sent to the database at once: what others of the group ask for counts these.
        work.execute()
        return Answer(201, b"")


async def send_code(
    house: House,
    purpose: Purpose,
    identifier: Identifier,
    context: Mapping[str, Any],
    compose: Compose,
    member_id: str | None = None,
) -> str:
    """The token that the code goes with, for the browser to keep; raises TooManyCodes.

    To sign in, an address that nobody has is sent nothing, and the answer is the same. `context`
    comes back from `check_code` when the code was right.
    """
    token, digits, now_ms = new_token(house), code_of(house.entropy(16)), house.now_ms()
    digest, message_id = token_digest(token), house.new_id("msg")
    known = await cards_known_by(house, identifier)
    told = {**context, "kind": identifier.kind.value, "value": identifier.value}
    code = {
        "token_sha256": digest,
        "purpose": purpose,
        "person_digest": house.vault.person_digest(identifier),
        "code_digest": house.vault.one_time_digest(digest, digits),
        "sealed_context": house.vault.seal_note(digest, msgspec.json.encode(told)),
        "tries_left": CODE_TRIES,
        "created_at_ms": now_ms,
        "expires_at_ms": now_ms + CODE_MS,
        "used_at_ms": None,
    }
    message = message_row(
        house.vault,
        message_id,
        _CHANNELS[identifier.kind],
        compose(digits, known[0].program_name if known else ""),
        now_ms,
        now_ms + CODE_MS,
        member_id or (known[0].member_id if known else None),
    )
    if purpose == "sign_in" and not known:
        message |= {"state": MessageState.WITHHELD.value, "sealed_content": None}
    await house.committer.submit(_Send(code, message))
    return token
