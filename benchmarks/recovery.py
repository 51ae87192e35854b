"""Are known features and known graphs recovered by default?  The project's scoreboard.

Every run is a process of its own (so that its peak memory is its own) and goes through the same
trainer as the command line and the app. Runs are written one by one: a benchmark that is stopped
has lost nothing, and `--resume` goes on with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from enum import StrEnum
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.ablations import PARTS
from benchmarks.ledger import RESULTS, file_name, read_runs, write_runs
from benchmarks.measure import measure
from benchmarks.scoreboard import Run, line, summarise, table
from benchmarks.tasks import SUITES, Task, default_graphs
from causalpima_core.config import PRESETS, ModelConfig
from causalpima_core.data.factors import GRAPHS
from causalpima_core.errors import CausalPimaError, ConfigError

Suite = StrEnum("Suite", {name: name for name in SUITES})
Graph = StrEnum("Graph", {name: name for name in GRAPHS})
PartName = StrEnum("PartName", {part: part for part in PARTS})
PresetName = StrEnum("PresetName", {name: name for name in PRESETS})


class MethodName(StrEnum):
    """This project's method and what it is measured against."""

    CAUSALPIMA = "causalpima"
    PCA = "pca"
    PIMA = "pima"
    MULTIVAE = "multivae"


class States(StrEnum):
    """Whether the method is told the numbers of states."""

    TRUE = "true"
    AUTO = "auto"


def carry_out(tasks: list[Task], jobs: int) -> Iterator[Run]:
    """Runs in the order they end, ``jobs`` at a time."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool:
        for future in as_completed([pool.submit(measure, task) for task in tasks]):
            yield future.result()


def run_suite(tasks: list[Task], jobs: int, out: Path, *, resume: bool) -> list[Run]:
    """Carry out the tasks of a suite that are not yet in its file; all that are then there."""
    path = out / file_name(tasks[0])
    # A failure may be of the machine or since mended: it is tried again.
    runs = [run for run in read_runs(path) if not run.error] if resume else []
    done = {run.task for run in runs}
    for run in carry_out([task for task in tasks if task not in done], jobs):
        runs.append(run)
        write_runs(path, runs)
        typer.echo(line(run))
    typer.echo(f"written to {path}")
    return [run for run in runs if run.task in set(tasks)]


def refuse_what_cannot_be(tasks: list[Task]) -> None:
    """Raise `ConfigError` before hours are spent, where a task cannot be carried out."""
    first = tasks[0]
    if first.missing_from and not first.missing:
        raise ConfigError(
            f"No share of '{first.missing_from}' is to be missing: give one, as --missing 0.3."
        )
    if first.without and first.method != "causalpima":
        raise ConfigError(
            f"Method '{first.method}' has no part '{first.without}': leave out --without."
        )
    if first.states == "auto":
        if first.method != "causalpima":
            raise ConfigError(
                f"Method '{first.method}' must be told the states: leave out --states auto."
            )
        try:
            ModelConfig.parse(states="auto")
        except ConfigError as error:
            raise ConfigError(
                "This version cannot choose the states itself: leave out --states auto."
            ) from error
    for task in {task.suite: task for task in tasks}.values():
        task.model_copy(update={"samples": 50}).make()


def main(
    suite: Annotated[list[Suite], typer.Option(help="Data to run on; repeatable.")],
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds.")] = 5,
    first_seed: Annotated[int, typer.Option(min=0, help="The first of them.")] = 0,
    graph: Annotated[list[Graph] | None, typer.Option(help="Only this graph; repeatable.")] = None,
    preset: Annotated[PresetName, typer.Option(help="How long to look.")] = PresetName.standard,
    samples: Annotated[int | None, typer.Option(min=2, help="Samples per run.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = 1,
    method: Annotated[MethodName, typer.Option(help="Who is to recover.")] = MethodName.CAUSALPIMA,
    missing: Annotated[
        float,
        typer.Option(min=0, max=0.95, help="Share of samples that lack a modality."),
    ] = 0.0,
    missing_from: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which; else the last not needed alone.")
    ] = None,
    vacant: Annotated[
        int, typer.Option(min=0, max=2, help="Rarest joint outcomes that no sample has.")
    ] = 0,
    only_modality: Annotated[
        str | None, typer.Option(metavar="NAME", help="Hide all modalities but this.")
    ] = None,
    states: Annotated[States, typer.Option(help="Told, or left to be chosen.")] = States.TRUE,
    expert: Annotated[
        str | None, typer.Option(metavar="MODALITY=EXPERT", help="Known physics, as fit takes it.")
    ] = None,
    without: Annotated[
        PartName | None, typer.Option(help="A part of the method to leave out.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Skip runs already done.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for the JSON.")] = RESULTS,
) -> None:
    """Run suites of known truth, one line per run, then a table; all runs go to JSON."""
    common = {
        "method": method.value,
        "preset": preset.value,
        "samples": samples,
        "missing": missing,
        "missing_from": missing_from,
        "vacant": vacant,
        "only_modality": only_modality,
        "states": states.value,
        "expert": expert,
        "without": without.value if without else None,
    }
    chosen = [g.value for g in graph or []]
    by_suite = {
        name.value: [
            Task(suite=name.value, graph=g, seed=s, **common)
            for g, s in product(
                chosen or default_graphs(name.value), range(first_seed, first_seed + seeds)
            )
        ]
        for name in suite
    }
    try:
        refuse_what_cannot_be([task for tasks in by_suite.values() for task in tasks])
        summaries = {}
        for name, tasks in by_suite.items():
            runs = run_suite(tasks, jobs, out, resume=resume)
            summaries[name, f"{tasks[0].variant}, {preset.value}"] = summarise(runs)
    except CausalPimaError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(table(summaries))


if __name__ == "__main__":
    typer.run(main)
