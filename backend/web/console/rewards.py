"""The rewards catalogue: list, create, change, open and close, and how members see it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from fastapi.responses import Response

from backend.core.errors import MereauError
from backend.core.rewards import RewardState, RewardTerms
from backend.core.roles import Permission
from backend.core.spending_errors import UnknownReward
from backend.core.staff_actions import Action
from backend.ledger.spending_loads import RewardRecord
from backend.services.create_reward import CreateReward, RewardChanged
from backend.services.done_by import DoneBy
from backend.services.list_charity import DelistCharity, ListCharity
from backend.services.open_reward import MoveReward
from backend.services.read_rewards import (
    list_charities,
    list_rewards,
    program_of_charity,
    read_reward,
)
from backend.services.read_tiers import read_tiers
from backend.services.revise_reward import ReviseReward
from backend.web.console import frame
from backend.web.console.reward_form import KINDS, NOTHING, WINDOWS, read_terms, values_of
from backend.web.console.till_member import body_of, claim, encode, form_errors, show
from backend.web.console.till_spend import worth
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import POLICY, Site

STATES: Final = {
    "draft": marked("Not shown to members"),
    "active": marked("Open to members"),
    "archived": marked("Taken out for good"),
}
CREATED: Final = marked("The reward is in the catalogue. Members do not see it until you open it.")
REVISED: Final = marked("Changed. Claims that were made keep what they were promised.")
MOVED: Final = {
    "active": marked("Open: members see it now."),
    "draft": marked("Closed: members no longer see it."),
    "archived": marked("Taken out of the catalogue for good."),
}
LISTED: Final = marked("The charity is on the list.")
DELISTED: Final = marked("The charity is off the list; receipts that were given stand.")
ROWS_MORE: Final = 2
_PLACE: Final = "/console/p/{program_id}/rewards"


def install(site: Site) -> None:
    site.get(_PLACE, _list, Permission.PROGRAM)
    site.get(f"{_PLACE}/new", _new, Permission.PROGRAM)
    site.post(f"{_PLACE}/new", _create, Permission.PROGRAM)
    site.post(f"{_PLACE}/preview", _preview, Permission.PROGRAM)
    site.post(f"{_PLACE}/charities", _list_charity, Permission.PROGRAM)
    site.post(f"{_PLACE}/charities/{{charity_id}}", _delist_charity, Permission.PROGRAM)
    site.get(f"{_PLACE}/{{reward_id}}", _edit, Permission.PROGRAM)
    site.post(f"{_PLACE}/{{reward_id}}", _revise, Permission.PROGRAM)
    site.post(f"{_PLACE}/{{reward_id}}/state", _move, Permission.PROGRAM)


def _changed(done: RewardChanged) -> bytes:
    return encode({"id": done.reward.id})


def with_images(answer: Response, terms: list[RewardTerms]) -> Response:
    """Lets the page show the rewards' pictures, from where they are and from nowhere else."""
    parts = [urlsplit(each.image_url) for each in terms if each.image_url]
    hosts = sorted({f"https://{part.netloc}" for part in parts if part.netloc.isascii()})
    if hosts:
        allowed = f"img-src 'self' data: {' '.join(hosts)};"
        answer.headers["Content-Security-Policy"] = POLICY.replace("img-src 'self' data:;", allowed)
    return answer


async def _list(page: Page) -> Response:
    found, _ = await list_rewards(page.house, page.merchant_id, page.here.id, None)
    order = {state: place for place, state in enumerate(STATES)}
    found = sorted(found, key=lambda each: (order[each.state] == 2, each.id))
    charities = await list_charities(page.house, page.merchant_id, page.here.id)
    answer = await show(
        page, "rewards/list.html", rewards=found, states=STATES, kinds=KINDS, charities=charities
    )
    return with_images(answer, [each.terms for each in found])


async def _form_values(page: Page) -> dict[str, Any]:
    """What both forms choose from."""
    tiers = await read_tiers(page.house, page.merchant_id, page.here.id)
    charities = await list_charities(page.house, page.merchant_id, page.here.id)
    french = page.tongue.language == "fr"
    return {
        "kinds": [(key, page.say(text)) for key, text in KINDS.items()],
        "windows": [(key, page.say(text)) for key, text in WINDOWS.items()],
        "levels": [(x.id, x.french if french else x.english) for x in tiers.policy.levels],
        "charities": [(row["id"], row["name"]) for row in charities if row["listed"]],
        "worth": lambda terms, step: worth(page, terms, step),
    }


async def _new(page: Page, status: int = 200) -> Response:
    return await show(
        page, "rewards/form.html", status,
        reward=None, had=NOTHING, terms=None, states=STATES, rows=_rows(page, []),
        **await _form_values(page),
    )  # fmt: skip


def _rows(page: Page, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The price rows the form shows: what was typed, or what is there, and some more."""
    columns = [page.form.all(f"step_{name}") for name in ("id", "points", "value", "cash")]
    names = ("id", "points", "value", "cash")
    typed = [dict(zip(names, each, strict=True)) for each in zip(*columns, strict=False)]
    empty = dict.fromkeys(names, "")
    return typed or [*steps, *([empty] * ROWS_MORE)]


async def _create(page: Page) -> Response:
    terms = read_terms(page)
    key = page.form.text("key", max_length=64, required=False) or None
    if terms is None:
        return await _new(page, 422)
    command = CreateReward(
        page.merchant_id, claim(page, "reward", terms.to_document(), key), page.here.id, terms,
        RewardState.DRAFT, key, _changed,
    )  # fmt: skip
    done = DoneBy(command, page.user, Action.REWARD_CREATED, page.here.id, None, terms.kind.value)
    try:
        answer = await page.house.committer.submit(done)
    except MereauError as refusal:
        page.form.refuse("kind", page.tongue.problem(refusal))
        return await _new(page, 409)
    place = frame.place(page, f"/rewards/{body_of(answer.body)['id']}")
    return page.redirect(place, page.say(CREATED))


async def _reward(page: Page) -> RewardRecord:
    """The reward of the address, in the page's program; raises UnknownReward."""
    reward, program = await read_reward(page.house, page.merchant_id, page.path("reward_id"))
    if program.id != page.here.id:
        raise UnknownReward("There is no such reward.")
    return reward


async def _edit(page: Page, status: int = 200) -> Response:
    reward = await _reward(page)
    had = values_of(page, reward.terms)
    answer = await show(
        page, "rewards/form.html", status,
        reward=reward, had=had, terms=reward.terms, states=STATES, rows=_rows(page, had["steps"]),
        **await _form_values(page),
    )  # fmt: skip
    return with_images(answer, [reward.terms])


async def _revise(page: Page) -> Response:
    reward, terms = await _reward(page), read_terms(page)
    if terms is None:
        return await _edit(page, 422)
    command = ReviseReward(
        page.merchant_id, claim(page, "revise", terms.to_document()), reward.id, page.here.id,
        terms, _changed,
    )  # fmt: skip
    done = DoneBy(command, page.user, Action.REWARD_CHANGED, page.here.id, reward.id, "terms")
    try:
        await page.house.committer.submit(done)
    except MereauError as refusal:
        page.form.refuse("kind", page.tongue.problem(refusal))
        return await _edit(page, 409)
    return page.redirect(frame.place(page, f"/rewards/{reward.id}"), page.say(REVISED))


async def _preview(page: Page) -> Response:
    """How members would see what the form says; what is wrong with it, where something is."""
    terms = read_terms(page)
    refusal = page.say(next(iter(page.form.errors.values()), ""))
    return page.fragment(
        "console/rewards/preview.html", "preview", terms=terms, refusal=refusal,
        worth=lambda terms, step: worth(page, terms, step),
    )  # fmt: skip


async def _move(page: Page) -> Response:
    reward = await _reward(page)
    state = RewardState(page.form.choice("state", STATES))
    if not page.form.ok:
        return form_errors(page)
    command = MoveReward(
        page.merchant_id, claim(page, "state", state.value), reward.id, page.here.id, state,
        _changed,
    )  # fmt: skip
    done = DoneBy(command, page.user, Action.REWARD_CHANGED, page.here.id, reward.id, state.value)
    await page.house.committer.submit(done)
    return page.redirect(frame.place(page, f"/rewards/{reward.id}"), page.say(MOVED[state.value]))


async def _list_charity(page: Page) -> Response:
    name = page.form.text("name", max_length=128)
    registration = page.form.text("registration", max_length=128)
    if not page.form.ok:
        return form_errors(page)
    command = ListCharity(
        page.merchant_id, claim(page, "charity", name, registration), page.here.id, name,
        registration, None, lambda row: encode({"id": row["id"]}),
    )  # fmt: skip
    done = DoneBy(command, page.user, Action.REWARD_CHANGED, page.here.id, None, "charity listed")
    await page.house.committer.submit(done)
    return page.redirect(frame.place(page, "/rewards"), page.say(LISTED))


async def _delist_charity(page: Page) -> Response:
    charity_id = page.path("charity_id")
    program_id = await program_of_charity(page.house, page.merchant_id, charity_id)
    command = DelistCharity(
        page.merchant_id, claim(page, "delist", charity_id), charity_id, program_id,
        lambda row: encode({"id": row["id"]}),
    )  # fmt: skip
    done = DoneBy(command, page.user, Action.REWARD_CHANGED, program_id, None, "charity delisted")
    await page.house.committer.submit(done)
    return page.redirect(frame.place(page, "/rewards"), page.say(DELISTED))
