"""One table of what is written in benchmarks/results: every suite, method and preset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.ledger import RESULTS, read_runs
from benchmarks.scoreboard import Run, summarise, table


def main(
    files: Annotated[list[Path] | None, typer.Argument(help="By default all there are.")] = None,
) -> None:
    """Print the table in Markdown."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for path in files or sorted(RESULTS.glob("recovery-*.json")):
        for run in read_runs(path):
            key = (run.task.suite, f"{run.task.variant}, {run.task.preset}")
            groups.setdefault(key, []).append(run)
    typer.echo(table({key: summarise(runs) for key, runs in groups.items()}))


if __name__ == "__main__":
    typer.run(main)
