"""Samples per second of our joint training and of MultiVae's own trainer, side by side in one run.

Both run in the Python of MultiVae's environment (see requirements.txt), with the same PyTorch on
one thread, the same networks, batches and epochs, in turn, so that what else the machine does hits
both. Ratios are of processor time; the clock's are beside them.
"""

from __future__ import annotations

import io
import logging
import os
import tempfile
from contextlib import redirect_stderr
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Annotated

import torch
import typer

from benchmarks.joint import KnownStart, Spent, Timer, outcomes_of, train_jointly
from benchmarks.ledger import RESULTS, machine, write_json
from benchmarks.overhead import beyond, shares_of_time
from causalpima_core.data.examples import make_example

OURS, THEIRS, SUBSAMPLED = "causalpima", "multivae", "multivae with subsampling"
SUITES = ("circles", "lattice", "spectra")
SAMPLES = 2560
"""Nine tenths of these, which are trained on, are whole batches for both trainers."""


def new_trainer(suite: str, samples: int, epochs: int) -> KnownStart:
    """Ours, ready to train jointly from the true groups."""
    dataset, truth = make_example(suite, samples)
    return KnownStart(dataset, outcomes_of(truth), truth.states, epochs)


def spent_by(method: str, suite: str, samples: int, epochs: int) -> Spent:
    """Time of one training; making data, networks and trainers is not in it."""
    ours = new_trainer(suite, samples, epochs)
    if method == OURS:
        return train_jointly(ours)
    pace = import_module("benchmarks.baselines.multivae_pace")
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(io.StringIO()):
        theirs = pace.like(ours, Path(folder), subsampling=method == SUBSAMPLED)
        with Timer() as timer:
            theirs.train()
    return timer.spent


def in_turn(suite: str, samples: int, epochs: int, repeats: int) -> dict[str, list[Spent]]:
    """Times of every method, ``repeats`` each; a first turn is thrown away."""
    several = len(make_example(suite, 50)[0].modalities) > 1
    methods = [OURS, THEIRS, *([SUBSAMPLED] if several else [])]
    spent: dict[str, list[Spent]] = {method: [] for method in methods}
    for turn in range(repeats + 1):
        for method in methods if turn % 2 else reversed(methods):
            one = spent_by(method, suite, samples, epochs)
            if turn:
                spent[method].append(one)
    return spent


def compare(spent: dict[str, list[Spent]], work: int) -> dict[str, dict[str, float]]:
    """Medians over the turns: samples per second, and how many times as many ours are.

    Args:
        spent: times of each method, turn by turn.
        work: samples passed through in one of them.
    """
    return {
        method: {
            "samples_per_cpu_second": work / median(one.cpu for one in times),
            "samples_per_clock_second": work / median(one.clock for one in times),
            "ours_faster_by_cpu": median(
                one.cpu / ours.cpu for one, ours in zip(times, spent[OURS], strict=True)
            ),
            "ours_faster_by_clock": median(
                one.clock / ours.clock for one, ours in zip(times, spent[OURS], strict=True)
            ),
        }
        for method, times in spent.items()
    }


def measure(suite: str, samples: int, epochs: int, repeats: int) -> dict:
    """One suite: who is how fast, and where our time goes."""
    trainer = new_trainer(suite, samples, epochs)
    work = len(trainer.train_rows) * epochs
    shares = shares_of_time(trainer)
    return {
        "trained_on": len(trainer.train_rows),
        "batch_size": trainer.batch_size,
        "epochs": epochs,
        "turns": repeats,
        "methods": compare(in_turn(suite, samples, epochs, repeats), work),
        "share_beyond_networks": beyond(shares, graph=True),
        "share_beyond_networks_and_graph": beyond(shares, graph=False),
        "shares": shares,
    }


def told(suite: str, found: dict) -> str:
    """A suite's figures in words."""
    lines = [f"{suite}, {found['trained_on']} samples, batches of {found['batch_size']}"]
    lines += [
        f"  {method:<26} {figures['samples_per_cpu_second']:8.0f} samples per processor second; "
        f"ours {figures['ours_faster_by_cpu']:.2f} times as fast "
        f"({figures['ours_faster_by_clock']:.2f} by the clock)"
        for method, figures in found["methods"].items()
    ]
    lines += [
        "  beyond forward, backward and optimiser step of the networks: "
        f"{found['share_beyond_networks']:.1%}; of networks and graph: "
        f"{found['share_beyond_networks_and_graph']:.1%}",
        *(f"    {share:6.1%}  {part}" for part, share in found["shares"].items()),
    ]
    return "\n".join(lines)


def main(
    suite: Annotated[list[str] | None, typer.Option(help="Example; repeatable.")] = None,
    samples: Annotated[int, typer.Option(min=100)] = SAMPLES,
    epochs: Annotated[int, typer.Option(min=1, help="In one turn.")] = 8,
    repeats: Annotated[int, typer.Option(min=1, help="Turns of each method.")] = 5,
    out: Annotated[Path, typer.Option(help="JSON to write.")] = RESULTS / "throughput.json",
) -> None:
    """Measure, print, and write JSON."""
    if find_spec("multivae") is None:
        typer.echo("error: expected MultiVae, got no such package: see requirements.txt", err=True)
        raise typer.Exit(2)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    logging.disable(logging.INFO)  # MultiVae tells of every epoch
    suites = {}
    for name in suite or SUITES:
        suites[name] = measure(name, samples, epochs, repeats)
        typer.echo(told(name, suites[name]))
        write_json(out, machine() | {"torch": torch.__version__, "suites": suites})
    typer.echo(f"written to {out}")


if __name__ == "__main__":
    typer.run(main)
