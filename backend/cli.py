"""`mereau`: the command line of operators and of everybody who tries the system."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from backend import cli_key, cli_parked, cli_program, cli_simulate, cli_sweep, cli_work
from backend.commands.errors import OperatorError
from backend.commands.plainly import load_settings, plainly
from backend.settings import Settings

app = typer.Typer(
    help="Méreau: loyalty points as non-transferable tokens.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
program_app = typer.Typer(help="Programs.", no_args_is_help=True)
key_app = typer.Typer(help="API keys.", no_args_is_help=True)
app.add_typer(program_app, name="program")
app.add_typer(key_app, name="key")

console = Console()
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def _fail(message: object) -> NoReturn:
    stderr = Console(stderr=True)
    for line in str(message).splitlines():
        stderr.print(f"[red]error:[/red] {escape(line)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


@contextlib.contextmanager
def _settings() -> Iterator[Settings]:
    """The settings, for work whose failures are shown in a sentence each, exit 1."""
    try:
        settings = load_settings()
        with plainly():
            yield settings
    except OperatorError as failure:
        _fail(failure)


def _become(module: str, arguments: list[str], told: dict[str, str]) -> NoReturn:
    """This process goes on as a program we must not import, `told` what it cannot know."""
    command = [sys.executable, "-m", module, *arguments]
    os.execve(command[0], command, {**os.environ, **told})  # noqa: S606 - no shell is wanted


@app.command()
def up(
    demo_file: Annotated[
        Path | None,
        typer.Option(envvar="MEREAU_DEMO_FILE", help="Replay this file on the first run."),
    ] = None,
) -> None:
    """Start everything: chain, API, settler, indexer. Stops all of it on Ctrl-C."""
    from backend.commands.up import SAMPLE
    from backend.commands.up import up as run_up

    with _settings() as settings:
        run_up(settings, console, demo_file or SAMPLE)


@app.command()
def serve() -> None:
    """Serve the HTTP API only."""
    from backend.commands.serve import serve as run_serve

    with _settings() as settings:
        run_serve(settings)


@app.command()
def settle() -> None:
    """Run the settler only."""
    from backend.commands.settle import settle as run_settle

    with _settings() as settings:
        run_settle(settings)


@app.command()
def index(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Drop the mirror and read the chain from block zero.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop when everything is applied.")] = False,
) -> None:
    """Run the indexer only."""
    from backend import wiring

    with _settings() as settings:
        told = {"MEREAU_RPC_URL": wiring.rpc_url(settings)}
        wiring.open_databases(settings)
    flags = [flag for flag, wanted in (("--rebuild", rebuild), ("--once", once)) if wanted]
    # The backend never imports the indexer.
    _become("indexer", flags, told)


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def audit(context: typer.Context) -> None:
    """Replay the chain by itself, compare everything, sign a report; `audit --help` says more."""
    from backend import wiring

    with _settings() as settings:
        told = {"MEREAU_RPC_URL": wiring.rpc_url(settings), "MEREAU_DATA": str(settings.data)}
        told["MEREAU_AUDIT_BOOKS_URL"] = settings.ledger_url
        if settings.audit_key is not None:
            told["MEREAU_AUDIT_KEY"] = settings.audit_key.get_secret_value()
    # The auditor shares no code with us.
    _become("auditor", context.args, told)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write; nothing is overwritten.")],
    with_keys: Annotated[
        bool,
        typer.Option("--with-keys", help="Operator and admin keys too; never the vault's."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write ledger, mirror and deployment records to one file, while the system runs."""
    from backend.commands.backup import back_up

    with _settings() as settings:
        manifest = back_up(settings, file, with_keys=with_keys)
    if as_json:
        print(json.dumps(asdict(manifest), indent=2))
        return
    keys = "operator and admin keys are in it" if with_keys else "no key is in it"
    print(f"{file}: {len(manifest.files)} files of {manifest.database}; {keys}")
    print("the vault's master key is not in it: keep vault.key elsewhere, identities need it")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="An archive that `mereau backup` wrote.")],
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the ledger that is there.")
    ] = False,
) -> None:
    """Put a backup in place, all of it or nothing. Stop the system first."""
    from backend.commands import backup as command

    with _settings() as settings:
        print(command.words_after(settings, command.restore(settings, file, force=force)))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="CSV: customer_id, date, quantity, amount_usd.")],
    program: Annotated[
        str | None, typer.Option(help="Replay into this program instead of a fresh one.")
    ] = None,
    keep_dates: Annotated[
        bool, typer.Option("--keep-dates", help="Do not shift the last purchase to yesterday.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send a purchase history through the API of the running system, settle it, reconcile."""
    from backend.commands import replay_command

    quiet = Console(stderr=True) if as_json else console
    with _settings() as settings:
        summary = replay_command.replay(settings, file, program, quiet, keep_dates=keep_dates)
    if as_json:
        print(replay_command.as_json(summary))
    else:
        replay_command.show(summary, console)
    raise typer.Exit(0 if summary.reconciled else 1)


@app.command()
def reconcile(
    all_members: Annotated[
        bool, typer.Option("--all-members", help="Ask the chain for every single balance.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on every MEREAU_RECONCILE_SECONDS, until stopped.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare ledger, mirror and chain; exit 1 when they differ."""
    from backend.commands import reconcile as command

    with _settings() as settings:
        if watch:
            command.watch(settings)
            return
        result = command.reconcile_now(settings, members_on_chain=-1 if all_members else 0)
    if as_json:
        print(command.as_json(result))
    else:
        command.show(result, console)
    raise typer.Exit(0 if result.reconciled else 1)


@app.command()
def reimport(as_json: AsJson = False) -> None:
    """Take in what the chain has and a restored, older database lost; exit 1 if not all of it."""
    from backend.commands import reimport as command

    with _settings() as settings:
        report = command.reimport_now(settings)
    if as_json:
        print(command.as_json(report))
    else:
        command.show(report, console)
    raise typer.Exit(0 if report.complete else 1)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at everything the system needs and say what is missing; exit 1 if anything is."""
    from backend.commands import doctor as command

    with _settings() as settings:
        findings = command.examine(settings)
    if as_json:
        print(command.as_json(findings))
    else:
        command.show(findings, console)
    raise typer.Exit(0 if all(finding.fine for finding in findings) else 1)


@program_app.command("create")
def program_create(
    name: Annotated[str, typer.Argument(help="What members see.")],
    symbol: Annotated[str, typer.Option(help="Up to 11 capital letters and digits.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
    points: Annotated[int, typer.Option(help="Points per step.")] = 1,
    per_amount_minor: Annotated[int, typer.Option(help="The step in minor units (cents).")] = 100,
    period_months: Annotated[
        int, typer.Option(help="Months of an earning period: 1, 3, 6, 12; 0 for no expiry.")
    ] = 0,
    validity_periods: Annotated[
        int, typer.Option(help="Periods points live after the one they were earned in: 1 to 4.")
    ] = 0,
    timezone: Annotated[str, typer.Option(help="IANA name, as Europe/Paris.")] = "UTC",
    supply_cap: Annotated[int | None, typer.Option(help="Most points in circulation.")] = None,
    mint_per_day: Annotated[int | None, typer.Option(help="Most points minted a day.")] = None,
    debit_per_day: Annotated[int | None, typer.Option(help="Most points debited a day.")] = None,
    signed_only: Annotated[
        bool, typer.Option("--signed-only", help="Only members' signatures take points.")
    ] = False,
    notice_days: Annotated[int, typer.Option(help="Days before changed terms hold.")] = 30,
    terms_uri: Annotated[str | None, typer.Option(help="Where the terms are.")] = None,
    terms_hash: Annotated[str | None, typer.Option(help="Their hash, 0x and 64 digits.")] = None,
    merchant: Annotated[
        str | None, typer.Option(help="Merchant id; needed when there are several.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a program for a merchant."""
    from backend.commands import administration
    from backend.services.create_program import ProgramTerms
    from backend.services.program_rules import Expiry, Limits, ProgramRules, Terms

    with _settings() as settings:
        legal = Terms(terms_uri or "", terms_hash or "") if terms_uri or terms_hash else None
        rules = ProgramRules(
            Expiry(period_months, validity_periods, timezone),
            Limits(supply_cap, mint_per_day, debit_per_day),
            signed_only,
            notice_days,
            legal,
        )
        terms = ProgramTerms(name, symbol, currency, points, per_amount_minor, 900, rules)
        made = administration.create_program(settings, merchant, terms)
    print(made.json if as_json else f"program {made.program_id} for merchant {made.merchant_id}")


cli_program.install(program_app, _settings)
cli_key.install(key_app, _settings)
cli_simulate.install(app, _settings)
cli_parked.install(app, _settings)
cli_sweep.install(app, _settings)
cli_work.install(app, _settings)


if __name__ == "__main__":
    app()
