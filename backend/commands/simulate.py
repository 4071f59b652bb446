"""`mereau simulate`: what a purchase history would have earned under rules, without minting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from backend import wiring
from backend.commands.basket_file import History, read_history
from backend.commands.errors import OperatorError
from backend.core.engine.rule_set import RuleSet
from backend.core.errors import MereauError, RuleInvalid
from backend.core.ids import is_id
from backend.core.money import Money
from backend.core.simulation import Compared, Simulated, Worth, compare, simulate
from backend.core.simulation_figures import figures, worth_of
from backend.ledger.stored_rules import stored_rules
from backend.settings import Settings


class SimulationError(OperatorError):
    """The rules or the history cannot be simulated; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A simulation as it is shown; `before` and `compared` where two rule sets were asked for."""

    rules: RuleSet
    history: History
    worth: Worth | None
    after: Simulated
    before: Simulated | None = None
    compared: Compared | None = None


def read_rules(path: Path) -> RuleSet:
    """The rules of a JSON file; raises SimulationError with what is wrong and where."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as failure:
        raise SimulationError(f"{path} cannot be read: {failure.strerror}") from failure
    except ValueError as failure:
        raise SimulationError(f"{path} is not JSON: {failure}") from failure
    try:
        return RuleSet.parse(document)
    except RuleInvalid as wrong:
        raise SimulationError(f"{path}: {wrong.message}") from wrong


def find_rules(settings: Settings, name: str) -> RuleSet:
    """The rules of a file, of a program (those in force) or of a program's version (`prg_…@3`).

    Raises SimulationError.
    """
    program_id, _, version = name.partition("@")
    if not is_id("prg", program_id):
        return read_rules(Path(name))
    if version and not version.isdigit():
        raise SimulationError("a version of a program's rules is a number, as in prg_…@3")
    with wiring.open_databases(settings).ledger.connect() as connection:
        rules = stored_rules(connection, program_id, int(version) if version else None)
    if rules is None:
        raise SimulationError(f"there is no {name} in this ledger")
    return rules


def run(
    rules: RuleSet, file: Path, worth: Worth | None = None, against: RuleSet | None = None
) -> Outcome:
    """Simulates a file's history; with `against`, under those rules too, as what was before.

    Without `worth` points are worth what the rules say: their `spend` section, or a minor unit
    each where the unit is money. Raises PurchaseFileError or SimulationError.
    """
    history = read_history(file, rules.currency)
    try:
        after = simulate(rules, history.purchases)
        worth = worth or worth_of(rules)
        if against is None:
            return Outcome(rules, history, worth, after)
        if against.currency != rules.currency:
            raise SimulationError("the two rule sets count in different currencies")
        before = simulate(against, history.purchases)
    except MereauError as refused:
        raise SimulationError(f"{file}: {refused.message}") from refused
    return Outcome(rules, history, worth, after, before, compare(before, after))


def as_document(outcome: Outcome) -> dict[str, Any]:
    """The figures as JSON; amounts in minor units, shares in basis points."""
    document: dict[str, Any] = {
        "rules_hash": outcome.rules.hash,
        "currency": outcome.rules.currency,
        "unit": outcome.rules.unit,
        "file_currency": outcome.history.file_currency,
        **figures(outcome.after, outcome.worth),
    }
    if outcome.before is not None and outcome.compared is not None:
        document["before"] = figures(outcome.before, outcome.worth)
        document["change"] = {
            "points": outcome.compared.points,
            "members_gaining": outcome.compared.gain,
            "members_losing": outcome.compared.lose,
            "members_same": outcome.compared.same,
        }
    return document


def show(outcome: Outcome, console: Console) -> None:
    """Prints a line per figure, those of the rules before beside them."""
    document = as_document(outcome)
    before = document.get("before")
    if outcome.history.file_currency != outcome.rules.currency:
        console.print(
            f"amounts in {outcome.history.file_currency} are read as {outcome.rules.currency}",
            highlight=False,
        )
    for label, figure, earlier in _lines(outcome, document, before):
        was = "" if earlier is None else f"  before {earlier}"
        console.print(f"{label:<28} {figure:>16}{was}", highlight=False, soft_wrap=True)
    change = document.get("change")
    if change is not None:
        console.print(
            f"{change['points']:+,} points: {change['members_gaining']:,} members get more,"
            f" {change['members_losing']:,} less, {change['members_same']:,} the same",
            highlight=False,
            soft_wrap=True,
        )


def _lines(
    outcome: Outcome, document: Mapping[str, Any], before: Mapping[str, Any] | None
) -> list[tuple[str, str, str | None]]:
    """Label, figure, and the figure before."""
    currency = outcome.rules.currency

    def money(figures: Mapping[str, Any], name: str) -> str:
        value = figures[name]
        return "unknown" if value is None else str(Money(value, currency))

    def pick(name: str, key: str | None = None) -> tuple[str, str | None]:
        values = [figures and figures[name] for figures in (document, before)]
        if key is not None:
            values = [value and value.get(key, 0) for value in values]
        now, was = values
        return f"{now:,}", None if before is None else f"{was or 0:,}"

    def share(figures: Mapping[str, Any], name: str) -> str:
        value = figures[name]
        return "unknown" if value is None else f"{value // 100}.{value % 100:02d} %"

    lines: list[tuple[str, str, str | None]] = [
        ("purchases", *pick("purchases")),
        ("members", *pick("members")),
        ("points", *pick("points")),
        ("  of which waited first", *pick("points_pending")),
    ]
    for label, name, words in (
        ("sales", "spend_minor", money),
        ("basis that earns", "basis_minor", money),
        ("cost when all is spent", "cost_minor", money),
        ("  of sales", "cost_share_bp", share),
        ("members rewarded", "members_rewarded_bp", share),
    ):
        lines.append((label, words(document, name), words(before, name) if before else None))
    for title, name in (
        ("points by rule", "points_by_rule"),
        ("rewards", "rewards"),
        ("points of a member", "points_per_member"),
        ("members by tier", "tiers"),
        ("campaigns", "campaigns"),
    ):
        keys = {**(before[name] if before else {}), **document[name]}
        lines += [(f"{title}: {key}", *pick(name, key)) for key in sorted(keys)]
    lines.append(("times a cap held back", *pick("withheld_by_caps")))
    return lines
