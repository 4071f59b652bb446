"""`mereau parked list|release`: operations that the chain would refuse, and their way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated

import typer

from backend.settings import Settings

Opening = Callable[[], AbstractContextManager[Settings]]
OfProgram = Annotated[str | None, typer.Option("--program", help="Only this program's, `prg_…`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def install(root: typer.Typer, settings: Opening) -> None:
    """Adds the commands; `settings` opens the settings and shows failures in a sentence."""
    app = typer.Typer(help="Operations that the chain would refuse.", no_args_is_help=True)
    root.add_typer(app, name="parked")

    @app.command("list")
    def list_parked(program_id: OfProgram = None, as_json: AsJson = False) -> None:
        """Show parked operations, each with the reason."""
        from backend.commands import parked

        with settings() as opened:
            found = parked.parked_now(opened, program_id)
        if as_json:
            typer.echo(json.dumps(parked.as_document(found), indent=2))
        else:
            typer.echo("\n".join(parked.lines(found)) or "nothing is parked")

    @app.command("release")
    def release(
        operation_ids: Annotated[
            list[str] | None, typer.Argument(help="Their ids, `op_…`.", metavar="OPERATION…")
        ] = None,
        program_id: OfProgram = None,
        everything: Annotated[bool, typer.Option("--all", help="All that are parked.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Let parked operations wait again; what the chain still refuses is parked anew."""
        if not (operation_ids or program_id or everything) or (operation_ids and everything):
            raise typer.BadParameter("name operations, or say --program or --all")
        from backend.commands import parked

        with settings() as opened:
            released = parked.release_now(opened, operation_ids or (), program_id)
        if as_json:
            typer.echo(json.dumps(parked.as_document(released), indent=2))
        else:
            typer.echo("\n".join(parked.lines(released)) or "nothing is parked")
            if released:
                typer.echo(f"{len(released)} wait again; the settler tries each before it sends it")
