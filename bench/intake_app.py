"""The application under load: ours, or ours with a ledger that answers without a database."""

from __future__ import annotations

import os

from fastapi import FastAPI

from backend.api.app import create_app
from backend.core.engine.evaluate import evaluate_purchase
from backend.core.engine.moment import Moment
from backend.core.engine.rule_set import RuleSet
from backend.core.engine.standing import MemberFacts
from backend.ledger.group_commit import Answer, Command, GroupCommitter
from backend.ledger.loading import MemberState
from backend.running_process import settle_down
from backend.services.accept_purchase import AcceptPurchase, PurchaseAccepted
from backend.settings import Settings
from backend.wiring import new_id, open_databases, open_house

_RULES = RuleSet.base(1, 100, "USD")
_FACTS = MemberFacts(Moment.at(0, "UTC"))
_MEMBER = MemberState("mem_0000000000000000000000bench", "prg", "0x", 100, 0, b"")


def app() -> FastAPI:
    """Ours; with BENCH_CEILING=1 purchases are answered at once, and nothing is kept."""
    settings = Settings()
    house = open_house(settings, open_databases(settings))
    if os.environ.get("BENCH_CEILING") == "1":
        _answer_at_once(house.committer)
    application = create_app(house)
    settle_down()
    return application


def _answer_at_once(committer: GroupCommitter) -> None:
    """The framework's ceiling: the same models, rule and answer, without a ledger."""
    durable = committer.submit

    async def submit(command: Command) -> Answer:
        if not isinstance(command, AcceptPurchase):
            return await durable(command)
        terms = command.terms
        earned = evaluate_purchase(_RULES, terms.basket, _FACTS, {})
        operation_ids = (new_id("op"),) if earned.points else ()
        result = PurchaseAccepted(new_id("pur"), terms, _MEMBER, earned, operation_ids, ())
        return Answer(201, command.render(result))

    # Replaced in the bench alone, so that all the rest is the code that is measured.
    committer.submit = submit  # type: ignore[method-assign]
