"""`mereau program limits|terms|close|pause`: what the admin changes in a program's life."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

import typer

from backend.settings import Settings

if TYPE_CHECKING:
    from backend.commands.program_life import Life

Opening = Callable[[], AbstractContextManager[Settings]]
ProgramId = Annotated[str, typer.Argument(help="The program's id, `prg_…`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def install(app: typer.Typer, settings: Opening) -> None:
    """Adds the commands; `settings` opens the settings and shows failures in a sentence."""

    def change(program_id: str, do: Callable[[Life], str], *, as_json: bool) -> None:
        from backend.commands.program_life import as_document, open_life

        with settings() as opened:
            life = open_life(opened, program_id)
            document = as_document(life, do(life))
        typer.echo(json.dumps(document) if as_json else "\n".join(_lines(document)))

    @app.command("limits")
    def limits(
        program_id: ProgramId,
        supply_cap: Annotated[int | None, typer.Option(min=0, max=2**64 - 1)] = None,
        mint_per_day: Annotated[int | None, typer.Option(min=0, max=2**48 - 1)] = None,
        debit_per_day: Annotated[int | None, typer.Option(min=0, max=2**48 - 1)] = None,
        as_json: AsJson = False,
    ) -> None:
        """Change limits: what is lower holds at once, what is higher after the notice period."""
        change(
            program_id,
            lambda life: life.set_limits(supply_cap, mint_per_day, debit_per_day),
            as_json=as_json,
        )

    @app.command("terms")
    def terms(
        program_id: ProgramId,
        terms_hash: Annotated[str, typer.Option("--hash", help="0x and 64 hex digits.")],
        uri: Annotated[str, typer.Option(help="Where the text is.")],
        from_s: Annotated[
            int | None, typer.Option("--from", help="UTC second; the earliest if left out.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Announce new terms; those before hold until then."""
        change(
            program_id,
            lambda life: life.announce_terms(terms_hash, uri, from_s),
            as_json=as_json,
        )

    @app.command("close")
    def close(
        program_id: ProgramId,
        until_s: Annotated[
            int | None, typer.Option("--until", help="UTC second; the earliest if left out.")
        ] = None,
        yes: Annotated[bool, typer.Option("--yes", help="It cannot be undone: say so.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """End a program: no mint from now on, redemption until the notice is over or later."""
        if not yes:
            raise typer.BadParameter("a closing program stays closing: repeat it with --yes")
        change(program_id, lambda life: life.announce_closing(until_s), as_json=as_json)

    @app.command("pause")
    def pause(
        program_id: ProgramId,
        lift: Annotated[bool, typer.Option("--lift", help="Allow minting again.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Stop minting; redemptions go on."""
        change(program_id, lambda life: life.pause(paused=not lift), as_json=as_json)


def _lines(document: dict[str, object]) -> Iterator[str]:
    width = max(map(len, document))
    for name, value in document.items():
        yield f"{name:{width}}  {value}"
