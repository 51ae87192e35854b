"""Carry out one task in this process, and score it."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib import import_module

from benchmarks.attempts import Attempt
from benchmarks.scoreboard import Run
from benchmarks.tasks import Method, Task
from causalpima_core.data.factors import Truth
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.errors import CausalPimaError
from causalpima_core.scores import Recovery, score_nodes

METHODS: dict[Method, str] = {
    "causalpima": "benchmarks.ours",
    "pca": "benchmarks.baselines.pca",
    "pima": "benchmarks.baselines.pima",
    "multivae": "benchmarks.baselines.multivae",
}
"""Module of each method; its ``attempt`` is handed the data, the true states and the task."""


def measure(task: Task) -> Run:
    """Make the data, have the method at them, and compare with the truth.

    What the project itself refuses or gives up becomes the run's error; anything else is raised.
    """
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    dataset, truth = task.make()
    method: Callable[[MultimodalDataset, tuple[int, ...], Task], list[Attempt]]
    method = import_module(METHODS[task.method]).attempt
    began = time.perf_counter()
    try:
        attempts = method(dataset, truth.states, task)
    except CausalPimaError as error:
        spent = time.perf_counter() - began
        return Run(task=task, error=str(error), weak=truth.weak, seconds=round(spent, 1))
    seconds = time.perf_counter() - began
    if task.missing_from:
        rows = dataset[task.missing_from].observed
        attempts = [replace(one, states=one.states[rows]) for one in attempts]
        truth = replace(truth, outcomes=truth.outcomes[rows])
    attempt, recovery = best_of(attempts, truth)
    return Run(
        task=task,
        how=attempt.how,
        recovered=recovery.recovered,
        has_features=recovery.has_features,
        **asdict(recovery),
        separation=dict(zip(attempt.nodes, attempt.separation, strict=True)),
        warnings=attempt.warnings,
        notes=attempt.notes,
        seconds=round(seconds, 1),
        peak_mib=peak_mib(),
    )


def best_of(attempts: list[Attempt], truth: Truth) -> tuple[Attempt, Recovery]:
    """The attempt whose nodes tell most of the factors: a method is given its best variant."""
    scored = [(a, score_nodes(a.nodes, a.states, a.adjacency, truth)) for a in attempts]
    return max(scored, key=lambda pair: sum(pair[1].nmi.values()))


def peak_mib() -> int:
    """Most memory this process or one that it started and waited for has held."""
    most = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    # Linux counts in KiB, macOS in bytes.
    return round(most / (1024**2 if sys.platform == "darwin" else 1024))
