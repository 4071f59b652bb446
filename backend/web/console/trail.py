"""The trail: who of a merchant's people did what."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.core.roles import Permission
from backend.core.staff_actions import Action
from backend.ledger.people import users_of
from backend.ledger.staff_trail import TrailLine, trail
from backend.web.console import frame
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

LINES: Final = 50
SENTENCES: Final = {
    Action.USER_INVITED: marked("invited a user"),
    Action.USER_INVITED_AGAIN: marked("invited a user again"),
    Action.USER_JOINED: marked("took up the invitation"),
    Action.USER_ROLE_CHANGED: marked("changed a role"),
    Action.USER_DISABLED: marked("disabled a user"),
    Action.USER_ENABLED: marked("let a user in again"),
    Action.PASSWORD_CHANGED: marked("changed their password"),
    Action.KEY_CREATED: marked("created an API key"),
    Action.KEY_REVOKED: marked("revoked an API key"),
    Action.WEBHOOK_CREATED: marked("added a webhook"),
    Action.WEBHOOK_CHANGED: marked("changed a webhook"),
    Action.WEBHOOK_DELETED: marked("removed a webhook"),
    Action.EXPORT_ASKED: marked("asked for an export"),
    Action.EXPORT_DOWNLOADED: marked("downloaded an export"),
    Action.ADJUSTMENT_ASKED: marked("asked for an adjustment"),
    Action.ADJUSTMENT_MADE: marked("adjusted points"),
    Action.ADJUSTMENT_APPROVED: marked("approved an adjustment"),
    Action.ADJUSTMENT_REFUSED: marked("refused an adjustment"),
    Action.PURCHASE_UNDONE: marked("undid a purchase"),
    Action.MEMBER_CHANGED: marked("changed a member"),
    Action.MEMBER_MERGED: marked("merged two members"),
    Action.MEMBER_ERASED: marked("erased a member"),
    Action.CARD_REPLACED: marked("replaced a card"),
    Action.RULES_PUBLISHED: marked("published rules"),
    Action.RULES_WITHDRAWN: marked("withdrew rules"),
    Action.CAMPAIGN_PUBLISHED: marked("published a campaign"),
    Action.CAMPAIGN_ENDED: marked("ended a campaign"),
    Action.REWARD_CREATED: marked("created a reward"),
    Action.REWARD_CHANGED: marked("changed a reward"),
    Action.PROGRAM_CREATED: marked("created a program"),
    Action.PROGRAM_CHANGED: marked("changed a program"),
    Action.PROGRAM_PAUSED: marked("paused a program"),
    Action.PROGRAM_RESUMED: marked("resumed a program"),
    Action.PROGRAM_CLOSED: marked("closed a program"),
}
_BY_VALUE: Final = {action.value: sentence for action, sentence in SENTENCES.items()}


def install(site: Site) -> None:
    """Adds the page; before that of a single user, whose address has the same form."""
    site.get("/console/users/trail", _show, Permission.PEOPLE)


async def _show(page: Page) -> Response:
    before, user_id, kind = page.query("before"), page.query("user"), page.query("kind")
    kinds = sorted({action.value.partition(".")[0] for action in Action})
    wanted = frozenset(a.value for a in Action if a.value.startswith(f"{kind}.") and kind in kinds)
    lines: list[TrailLine] = await page.house.ledger.run_aside(
        lambda connection: trail(
            connection,
            page.merchant_id,
            LINES + 1,
            before=before,
            user_id=user_id,
            actions=wanted,
        )
    )
    users = await page.house.ledger.run(lambda found: users_of(found, page.merchant_id))
    more = f"?user={user_id}&kind={kind}&before={lines[LINES - 1].id}" if len(lines) > LINES else ""
    return await frame.render(
        page,
        "trail.html",
        lines=lines[:LINES],
        more=more,
        sentences=_BY_VALUE,
        people=[("", page.say(marked("everybody"))), *((each.id, each.name) for each in users)],
        kinds=[(each, page.say(KINDS[each])) for each in kinds],
        chosen=(user_id, kind),
    )


KINDS: Final = {
    "user": marked("people"),
    "key": marked("API keys"),
    "webhook": marked("webhooks"),
    "export": marked("exports"),
    "adjustment": marked("adjustments"),
    "purchase": marked("purchases"),
    "member": marked("members"),
    "card": marked("cards"),
    "rules": marked("rules"),
    "campaign": marked("campaigns"),
    "reward": marked("rewards"),
    "program": marked("programs"),
}
