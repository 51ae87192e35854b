"""How time and memory of joint training grow with samples, image side and joint outcomes.

Samples of an example are repeated and its images enlarged as far as needed: time and memory depend
on the size of data alone. Times are of the processor, on one thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import prod
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Annotated, TypeVar

import numpy as np
import torch
import typer
from numpy.typing import NDArray

from benchmarks.joint import KnownStart, Timer, outcomes_of, train_jointly
from benchmarks.ledger import RESULTS, machine, write_json
from benchmarks.measure import peak_mib
from benchmarks.stopwatch import Stopwatch
from causalpima_core.data.examples import make_example
from causalpima_core.data.multimodal import Kind, MultimodalDataset, of_arrays
from causalpima_core.training import loop

MADE = 1000
"""Samples that are made; more are these again."""
SUITE = "circles"
SAMPLES = (1000, 3000, 10_000, 30_000, 100_000)
SIDES = (16, 32, 64, 128)
OUTCOMES = (8, 16, 32, 64, 128, 256)
OUTCOME_SUITES = ("circles", "weak")
OUTCOME_SAMPLES = 2560
Found = TypeVar("Found")


def enlarged(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Images ``(n, c, h, w)`` with other sides, every pixel taken from the nearest."""
    rows, columns = (np.arange(side) * old // side for old in values.shape[2:])
    return values[:, :, rows[:, None], columns]


def repeated(dataset: MultimodalDataset, n_samples: int, side: int | None) -> MultimodalDataset:
    """A dataset of ``n_samples``, its images of ``side`` pixels where that is given."""
    rows = np.arange(n_samples) % len(dataset)
    arrays = {}
    for modality in dataset.modalities:
        values = modality.values
        if side and modality.kind is Kind.IMAGE:
            values = enlarged(values, side)
        arrays[modality.name] = values[rows]
    return of_arrays(arrays)


def of_size(suite: str, epochs: int, n_samples: int, side: int | None = None) -> dict[str, float]:
    """Time and memory of joint training in this process, which must be a new one."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    made, truth = make_example(suite, MADE)
    before = peak_mib()
    dataset = repeated(made, n_samples, side)
    outcome = np.resize(outcomes_of(truth), n_samples)
    trainer = KnownStart(dataset, outcome, truth.states, epochs)
    spent = train_jointly(trainer)
    passed = epochs * len(trainer.train_rows)
    return {
        "samples": n_samples,
        "side": dataset.modalities[0].shape[-1],
        "milliseconds_per_sample_and_epoch": 1e3 * spent.cpu / passed,
        "peak_mib": peak_mib(),
        "peak_mib_before": before,
        "data_mib": sum(m.values.nbytes for m in dataset.modalities) / 2**20,
    }


def alone(work: Callable[[], Found]) -> Found:
    """Done in a process of its own, so that its peak memory is its own.

    Linux counts the memory of the process that started it, too: so everything is done like this.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work).result()


def of_outcomes(suite: str, n_outcomes: int, epochs: int) -> dict[str, float]:
    """Milliseconds of a joint step with nodes of two states, in all and apart from once an epoch.

    Samples are given to outcomes at random: no outcome is empty, and time does not depend on it.
    """
    states = (2,) * (n_outcomes.bit_length() - 1)
    if prod(states) != n_outcomes:
        raise typer.BadParameter(f"Expected a power of 2, got {n_outcomes}.")
    dataset, _ = make_example(suite, OUTCOME_SAMPLES)
    outcome = np.random.default_rng(0).integers(0, n_outcomes, len(dataset))
    trainer = KnownStart(dataset, outcome, states, epochs)
    watch = Stopwatch()
    once_an_epoch = [
        ("graph", loop, "ascend"),
        ("held out", loop, "evaluate"),
        ("snapshot", KnownStart, "snapshot"),
    ]
    with watch.watching(once_an_epoch), Timer() as timer:
        for _ in trainer.run():
            pass
    return {
        "step": 1e3 * (timer.spent.cpu - sum(watch.seconds.values())) / trainer.steps,
        "step_with_its_share_of_the_epoch": 1e3 * timer.spent.cpu / trainer.steps,
    }


def against_outcomes(suite: str, sizes: tuple[int, ...], epochs: int, turns: int) -> list[dict]:
    """Medians over turns, all sizes in turn; a first turn is thrown away."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    found: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    for turn in range(turns + 1):
        for size in sizes:
            one = of_outcomes(suite, size, epochs)
            if turn:
                found[size].append(one)
    middle = {
        size: {name: median(one[name] for one in runs) for name in runs[0]}
        for size, runs in found.items()
    }
    first = middle[sizes[0]]
    return [
        {"outcomes": size}
        | {f"milliseconds_of_{name}": value for name, value in figures.items()}
        | {f"times_first_{name}": value / first[name] for name, value in figures.items()}
        for size, figures in middle.items()
    ]


def table(rows: list[dict]) -> str:
    """Rows of figures as a Markdown table."""
    names = list(rows[0])
    lines = [
        "| " + " | ".join(n.replace("_", " ") for n in names) + " |",
        "|---" * len(names) + "|",
    ]
    lines += ["| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def main(
    most_samples: Annotated[int, typer.Option(min=1000)] = SAMPLES[-1],
    largest_side: Annotated[int, typer.Option(min=16)] = SIDES[-1],
    most_outcomes: Annotated[int, typer.Option(min=8, max=256)] = OUTCOMES[-1],
    epochs: Annotated[int, typer.Option(min=1)] = 3,
    turns: Annotated[int, typer.Option(min=1, help="Of the outcomes.")] = 3,
    out: Annotated[Path, typer.Option(help="JSON to write.")] = RESULTS / "scaling.json",
) -> None:
    """Measure one thing after another, print tables, and write JSON after each."""
    sizes = [n for n in SAMPLES if n <= most_samples]
    sides = [side for side in SIDES if side <= largest_side]
    outcomes = tuple(n for n in OUTCOMES if n <= most_outcomes)
    parts: dict[str, Callable[[], list[dict]]] = {
        f"outcomes, {suite}": partial(
            alone, partial(against_outcomes, suite, outcomes, epochs, turns)
        )
        for suite in OUTCOME_SUITES
    }
    parts["image side"] = lambda: [
        alone(partial(of_size, SUITE, epochs, MADE, side)) for side in sides
    ]
    parts["samples"] = lambda: [alone(partial(of_size, SUITE, epochs, n)) for n in sizes]
    content = machine() | {"torch": torch.__version__}
    for name, work in parts.items():
        content[name] = work()
        write_json(out, content)
        typer.echo(f"{name}\n{table(content[name])}\n")
    typer.echo(f"written to {out}")


if __name__ == "__main__":
    typer.run(main)
