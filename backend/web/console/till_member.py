"""What every page of the till needs: who stands there, and keys that count a form once."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgspec
from fastapi.responses import Response

from backend.core.errors import UnknownMember
from backend.core.identifiers import IdentifierKind
from backend.core.masking import masked
from backend.ledger.group_commit import Claim
from backend.services.find_member import FoundMember, read_member
from backend.services.identity import NAME
from backend.services.lookup import MemberById
from backend.services.read_balance import BalanceRead, read_balance
from backend.services.read_tier import TierRead, read_tier
from backend.web.console import frame
from backend.web.kit.page import Page

_SHOWN_FIRST: Final = (
    IdentifierKind.PHONE,
    IdentifierKind.EMAIL,
    IdentifierKind.CARD,
    IdentifierKind.EXTERNAL_ID,
)
encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class AtTill:
    """A member as a till shows them: `called` hides most of what they are known by."""

    found: FoundMember
    called: str
    balance: BalanceRead
    standing: TierRead
    tier: str

    @property
    def id(self) -> str:
        return self.found.record.id

    @property
    def state(self) -> str:
        return self.found.record.state


async def at_till(page: Page, member_id: str) -> AtTill:
    """The member of the page's program; raises UnknownMember."""
    found = await read_member(page.house, page.merchant_id, member_id)
    if found.record.program_id != page.here.id:
        raise UnknownMember("The program has no such member.")
    balance = await read_balance(page.house, page.merchant_id, member_id)
    standing = await read_tier(page.house, page.merchant_id, member_id)
    level = standing.policy.level(standing.state.level)
    name = "" if level is None else level.french if page.tongue.language == "fr" else level.english
    return AtTill(found, called(found), balance, standing, name)


def called(found: FoundMember) -> str:
    """How the till calls a member: by the name they chose, and by the best of what they are known
    by, most of it hidden."""
    known = f"…{found.record.id[-6:]}"
    for kind in _SHOWN_FIRST:
        if values := found.identity.get(kind.value):
            known = masked(kind, values[0])
            break
    name = found.identity.get(NAME)
    return f"{name} ({known})" if name else known


def ref(page: Page, member_id: str) -> MemberById:
    return MemberById(page.here.id, member_id)


def claim(page: Page, step: str, *said: object) -> Claim:
    """The claim of one step of a form with a hidden `key`, over all that it says: sent twice it is
    done once, sent with something else under the same key it is refused."""
    text = "\x1f".join([page.request.url.path, step, *map(str, said)])
    fingerprint = page.house.vault.fingerprint(sha256(text.encode()).hexdigest())
    key = page.form.raw("key")[:64] or page.new_key()
    return Claim(page.merchant_id, f"web-{key}-{step}", fingerprint)


def refuse(page: Page, why: str) -> Response:
    """What is wrong with a form, said in the page it was sent from."""
    return page.site.sorry(page, 422, why)


def form_errors(page: Page) -> Response:
    """What is wrong with the fields, the first of them."""
    return refuse(page, page.say(next(iter(page.form.errors.values()))))


def body_of(content: bytes) -> dict[str, Any]:
    """The document a command answered with."""
    found: dict[str, Any] = msgspec.json.decode(content)
    return found


async def show(page: Page, template: str, status: int = 200, /, **values: Any) -> Response:
    """A page of the till or of the members; `root` is where the program's pages are."""
    return await frame.render(page, template, status, root=frame.place(page), **values)
