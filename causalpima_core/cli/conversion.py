"""The command that reads any data and writes them as one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from causalpima_core.cli.options import by_name, scales_of, whole_number
from causalpima_core.data.adjusting import Adjustment


def register(app: typer.Typer) -> None:
    """Add the command to the program's."""
    if convert not in {command.callback for command in app.registered_commands}:
        app.command()(convert)


def convert(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A data file, folder or archive.")],
    out: Annotated[Path, typer.Option(metavar="FILE.h5", help="Where to write.")],
    log: Annotated[
        list[str] | None,
        typer.Option(metavar="MODALITY", help="Decimal logarithm of its values; repeatable."),
    ] = None,
    side: Annotated[
        list[str] | None,
        typer.Option(metavar="MODALITY=N", help="Images of at most N pixels a side; repeatable."),
    ] = None,
    scale: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODALITY=SCALE",
            help="How training is to scale its values: standard or min-max; repeatable.",
        ),
    ] = None,
) -> None:
    """Write DATA as one HDF5 file, changed where asked for."""
    changes = adjustments(log or (), side or (), scale or ())
    from causalpima_core.data.adjusting import adjusted
    from causalpima_core.data.readers import load_dataset
    from causalpima_core.data.writers import write_dataset

    write_dataset(adjusted(load_dataset(data), changes), out)
    typer.echo(out)


def adjustments(
    logs: Sequence[str], sides: Sequence[str], scales: Sequence[str]
) -> dict[str, Adjustment]:
    """What the options ask for, by modality.

    >>> adjustments(["a"], ["a=32"], [])
    {'a': Adjustment(logarithm=True, largest_side=32, scale=None)}

    Raises:
        ConfigError: an option is not understood.
    """
    changes = {name: Adjustment(logarithm=True) for name in logs}
    expected = "MODALITY=PIXELS, for example --side image=64"
    for name, side in by_name("--side", sides, expected, whole_number).items():
        changes[name] = replace(changes.get(name, Adjustment()), largest_side=side)
    for name, scale in scales_of(scales).items():
        changes[name] = replace(changes.get(name, Adjustment()), scale=scale)
    return changes
