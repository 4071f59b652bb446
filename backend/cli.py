"""`mereau`: the command line of operators and of everybody who tries the system."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

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
    Console(stderr=True).print(f"[red]error:[/red] {message}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


@app.command()
def up() -> None:
    """Start everything: chain, API, settler, indexer. Stops all of it on Ctrl-C."""
    from backend.commands.children import ChildFailedError
    from backend.commands.system import CannotStartError
    from backend.commands.up import up as run_up

    try:
        run_up(Settings(), console)
    except (CannotStartError, ChildFailedError) as failure:
        _fail(failure)


@app.command()
def serve() -> None:
    """Serve the HTTP API only."""
    from backend.commands.serve import serve as run_serve

    run_serve(Settings())


@app.command()
def settle() -> None:
    """Run the settler only."""
    from backend.chain.contracts import DeploymentError
    from backend.commands.settle import settle as run_settle

    try:
        run_settle(Settings())
    except DeploymentError as failure:
        _fail(failure)


@app.command()
def index(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Drop the mirror and read the chain from block zero.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop when everything is applied.")] = False,
) -> None:
    """Run the indexer only."""
    from backend import wiring

    os.environ.setdefault("MEREAU_RPC_URL", wiring.rpc_url(Settings()))
    flags = [flag for flag, wanted in (("--rebuild", rebuild), ("--once", once)) if wanted]
    os.execv(sys.executable, [sys.executable, "-m", "indexer", *flags])  # noqa: S606


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
    from backend import wiring
    from backend.commands import replay_command
    from backend.commands.new_program import NewProgramError, create_for_replay
    from backend.commands.purchase_file import PurchaseFileError
    from backend.commands.replay import ReplayError, Target

    settings = Settings()
    ready = wiring.read_ready(settings)
    if ready is None:
        _fail(f"nothing is running on {settings.data}: start it with `make up` first")
    quiet = Console(stderr=True) if as_json else console
    try:
        if program is None:
            program = create_for_replay(ready["api_url"], ready["api_key"], file.stem)
            quiet.print(f"fresh program {program}; repeat with --program {program} to go on")
        target = Target(ready["api_url"], ready["api_key"], program)
        summary = replay_command.replay_file(
            settings, file, target, quiet, keep_dates=keep_dates, now_ms=wiring.now_ms()
        )
    except (PurchaseFileError, ReplayError, NewProgramError) as failure:
        _fail(failure)
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
    as_json: AsJson = False,
) -> None:
    """Compare ledger, mirror and chain; exit 1 when they differ."""
    from backend.chain.port import ChainError
    from backend.commands import reconcile as command

    try:
        result = command.reconcile_now(Settings(), members_on_chain=-1 if all_members else 0)
    except ChainError as failure:
        _fail(f"the chain does not answer: {failure}")
    if as_json:
        print(command.as_json(result))
    else:
        command.show(result, console)
    raise typer.Exit(0 if result.reconciled else 1)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at everything the system needs and say what is missing; exit 1 if anything is."""
    from backend.commands import doctor as command

    findings = command.examine(Settings())
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
    merchant: Annotated[
        str | None, typer.Option(help="Merchant id; needed when there are several.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a program for a merchant."""
    from backend.commands import administration
    from backend.core.errors import MereauError
    from backend.services.create_program import ProgramTerms

    try:
        terms = ProgramTerms(name, symbol, currency, points, per_amount_minor, 900)
        made = administration.create_program(Settings(), merchant, terms)
    except (MereauError, administration.AdministrationError) as failure:
        _fail(failure)
    print(made.json if as_json else f"program {made.program_id} for merchant {made.merchant_id}")


@key_app.command("create")
def key_create(
    merchant: Annotated[
        str | None,
        typer.Option(help="Merchant id, or the name of a new merchant; may be left out if one."),
    ] = None,
    label: Annotated[str, typer.Option(help="What the key is for.")] = "till",
    as_json: AsJson = False,
) -> None:
    """Create an API key. It is shown this once and cannot be shown again."""
    from backend.commands import administration

    try:
        made = administration.create_key(Settings(), merchant, label)
    except administration.AdministrationError as failure:
        _fail(failure)
    print(
        made.json if as_json else f"merchant {made.merchant_id}, key {made.key_id}\n{made.secret}"
    )


@key_app.command("revoke")
def key_revoke(key_id: Annotated[str, typer.Argument(help="The key's id, `key_…`.")]) -> None:
    """Revoke an API key; the API refuses it within five seconds."""
    from backend.commands import administration

    if not administration.revoke(Settings(), key_id):
        _fail("there is no such live key")
    print(f"revoked {key_id}")


if __name__ == "__main__":
    app()
