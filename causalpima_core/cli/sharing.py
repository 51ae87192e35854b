"""Commands that bring a run to others and back: export, import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from causalpima_core.cli.report import note
from causalpima_core.runs.store import RunFolder


def register(app: typer.Typer) -> None:
    """Add the commands to the program's."""
    known = {command.callback for command in app.registered_commands}
    if export not in known:
        app.command()(export)
        app.command("import")(import_bundle)


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, as fit made it.")],
    to: Annotated[Path, typer.Option(metavar="FILE", help="Its suffix decides the format.")],
    figure: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which figure an .svg or .png holds: graph (the default), latent, loss, node_1, "
            "…, physics-MODALITY; or all, into a .zip.",
        ),
    ] = None,
    without_data: Annotated[
        bool, typer.Option("--without-data", help="Leave the data out of a .zip bundle.")
    ] = False,
) -> None:
    """Write what a run has found in another format, or all of it as a .zip bundle for import."""
    from causalpima_core.runs.exports import export as write
    from causalpima_core.runs.exports import notes

    folder = RunFolder(run).require()
    write(folder, to, figure=figure, with_data=not without_data)
    note(notes(folder, to))
    typer.echo(to)


def import_bundle(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A .zip that export wrote.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="The run folder to make.")],
) -> None:
    """Make a run folder of a bundle, to resume, predict, generate and export from it."""
    from causalpima_core.runs.unpacking import unpack

    typer.echo(unpack(bundle, out).path)
